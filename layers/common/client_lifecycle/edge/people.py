"""The people behind ids: the caller's own name, and the names of staff beside their ids in answers.

A name comes from the claims that the user pool has signed. It stands in the table and in answers to staff of the same
practice; never in an event, a log line, a metric or a workflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.staff import names_of

if TYPE_CHECKING:
    from client_lifecycle.edge.views.imports import ImportView
    from client_lifecycle.edge.views.runs import RunView
    from client_lifecycle.edge.views.shared import CauseView

LONGEST_NAME = 200


def name_in(claims: Mapping[str, Any]) -> str | None:
    """Return what a person is called by their token: the name, or else the address that they sign in with."""
    given = claims.get("name") or claims.get("email")
    return " ".join(given.split())[:LONGEST_NAME] or None if isinstance(given, str) else None


def with_names_of_runs(tenant: Tenant, runs: Sequence[RunView | ImportView]) -> None:
    """Put the names of staff beside the ids of those who did something with runs or imports, by one call for all."""
    names = names_of(tenant, [one for run in runs for one in run.people])
    for run in runs:
        run.names = {one: names[one] for one in run.people if one in names}


def with_names(tenant: Tenant, causes: Iterable[CauseView | None]) -> None:
    """Put the names of staff beside their ids in an answer, by one call for all."""
    told = [cause for cause in causes if cause]
    names = names_of(tenant, [cause.actor_id for cause in told])
    for cause in told:
        cause.name = names.get(cause.actor_id)
