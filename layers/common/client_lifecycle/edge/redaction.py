"""What readers are not shown: money and notes, unless their practice has decided that they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from msgspec.structs import replace

from client_lifecycle.domain.errors import NotPermitted
from client_lifecycle.domain.selection import EVERYBODY, ClientFilter
from client_lifecycle.domain.settings import ReaderSettings, SafetyRule
from client_lifecycle.edge import wiring
from client_lifecycle.edge.identity import Role, caller
from client_lifecycle.storage.providers import read_settings

MONEY_CONDITIONS = ("owes", "owes_nothing", "has_credit")
MONEY = frozenset(
    {"credit_cents", "owed_cents", "amount_cents", "amount", "currency", "credits", "owed", "scheduled", "attention"}
) | {*MONEY_CONDITIONS}
"""How many need attention is among it: less those whom other rules count, it tells how many owe or have something."""

NOTES = frozenset({"note"})
READERS = "readers"
TELLING_OF_MONEY = frozenset({SafetyRule.OWES_MONEY.value, SafetyRule.HAS_CREDITS.value})
"""Safety rules that, named in a list of those that apply or are counted, tell what a client owes or has."""


def require_shown(app: APIGatewayRestResolver, conditions: ClientFilter) -> None:
    """Require that a caller who asks for clients by their money may see it.

    Raises:
        NotPermitted: a reader does, whose practice does not show money to readers; each condition is named.
        StorageBusy: the practice's settings could not be read.
    """
    said = replace(conditions, owes_nothing=conditions.owes_nothing and conditions.owes is None)
    asked = [name for name in MONEY_CONDITIONS if getattr(said, name) != getattr(EVERYBODY, name)]
    if not asked or caller(app).is_at_least(Role.ARCHIVER):
        return
    if not _readers(app).see_money:
        raise NotPermitted("Your role is not shown what clients owe or have.", *asked)


def shown_to_caller(app: APIGatewayRestResolver, answer: Any) -> Any:
    """Return an answer, made of texts, numbers, lists and objects, as the caller may see it.

    Raises:
        StorageBusy: the practice's settings could not be read.
    """
    if caller(app).is_at_least(Role.ARCHIVER) or not isinstance(answer, dict):
        return answer
    readers = _readers(app)
    hidden = (frozenset() if readers.see_money else MONEY) | (frozenset() if readers.see_notes else NOTES)
    return _without(answer, hidden) if hidden else answer


def _readers(app: APIGatewayRestResolver) -> ReaderSettings:
    """Return what the caller's practice has decided, by one reading for the whole request."""
    if READERS not in app.context:
        app.context[READERS] = read_settings(wiring.tenant(caller(app).provider_id)).readers
    found: ReaderSettings = app.context[READERS]
    return found


def _without(value: Any, hidden: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(part, hidden) for name, part in value.items() if name not in hidden}
    if isinstance(value, list):
        return [*_parts(value, hidden)]
    return value


def _parts(values: list[Any], hidden: frozenset[str]) -> Iterator[Any]:
    for value in values:
        rule = value.get("rule") if isinstance(value, dict) else value
        if not (hidden >= MONEY and isinstance(rule, str) and rule in TELLING_OF_MONEY):
            yield _without(value, hidden)
