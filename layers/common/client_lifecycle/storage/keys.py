"""The table's keys: one place that says where each thing is stored. Imports the domain only.

==================  ==============================  =====================================
what                pk                              sk
==================  ==============================  =====================================
client              CLIENT#provider#client          CLIENT
record              CLIENT#provider#client          kind#id, e.g. APPOINTMENT#01J...
receipt             CLIENT#provider#client          RECEIPT#archive
part of a receipt   CLIENT#provider#client          RECEIPT#archive#kind#id of its first change
history entry       CLIENT#provider#client          HISTORY#ulid
group               PROVIDER#provider               GROUP#group
bulk archive        RUN#provider#run                RUN
its member          RUN#provider#run                MEMBER#position
==================  ==============================  =====================================

Indexes: ``live`` (local, sparse: ``live_key`` sorts by how long a record lives), ``outcomes`` (local, sparse: a
run's members by outcome), ``clients_by_status`` and ``clients_by_group`` (the listings, by name).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.records import FOREVER, Record, RecordKind
from client_lifecycle.domain.runs import Outcome

LIVE_INDEX = "live"
OUTCOMES_INDEX = "outcomes"
BY_STATUS_INDEX = "clients_by_status"
BY_GROUP_INDEX = "clients_by_group"

CLIENT_SK = "CLIENT"
RUN_SK = "RUN"
MEMBER_PREFIX = "MEMBER#"
HISTORY_PREFIX = "HISTORY#"


Key: TypeAlias = dict[str, str]
"""The primary key of one item: ``pk`` and ``sk``."""


def sortable(moment: datetime) -> str:
    """Write a UTC moment at fixed width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def client_partition(provider_id: str, client_id: str) -> str:
    """Return the partition of a client and everything that hangs on it."""
    return f"CLIENT#{provider_id}#{client_id}"


def client_key(provider_id: str, client_id: str) -> Key:
    """Return the key of the client itself."""
    return {"pk": client_partition(provider_id, client_id), "sk": CLIENT_SK}


def record_key(provider_id: str, client_id: str, kind: RecordKind, record_id: str) -> Key:
    """Return the key of one record of a client."""
    return {"pk": client_partition(provider_id, client_id), "sk": f"{kind.upper()}#{record_id}"}


def receipt_key(provider_id: str, client_id: str, archive_id: str) -> Key:
    """Return the key of an archive's receipt; its parts have this sort key as a prefix."""
    return {"pk": client_partition(provider_id, client_id), "sk": f"RECEIPT#{archive_id}"}


def receipt_part_key(provider_id: str, client_id: str, archive_id: str, changes: Sequence[Change]) -> Key:
    """Return the key of a receipt's part.

    A part with changes is named after the first of them: a record changes once per archive, so the part cannot be
    written twice. A part without any holds only what was left alone, and there is one such part.
    """
    head = receipt_key(provider_id, client_id, archive_id)
    name = f"{changes[0].before.kind}#{changes[0].before.record_id}" if changes else "LEFT_ALONE"
    return {"pk": head["pk"], "sk": f"{head['sk']}#{name}"}


def history_key(provider_id: str, client_id: str, history_id: str) -> Key:
    """Return the key of one line of a client's history."""
    return {"pk": client_partition(provider_id, client_id), "sk": f"{HISTORY_PREFIX}{history_id}"}


def group_key(provider_id: str, group_id: str) -> Key:
    """Return the key of a client group."""
    return {"pk": f"PROVIDER#{provider_id}", "sk": f"GROUP#{group_id}"}


def run_partition(provider_id: str, run_id: str) -> str:
    """Return the partition of a bulk archive and its members."""
    return f"RUN#{provider_id}#{run_id}"


def run_key(provider_id: str, run_id: str) -> Key:
    """Return the key of a bulk archive."""
    return {"pk": run_partition(provider_id, run_id), "sk": RUN_SK}


def member_key(provider_id: str, run_id: str, position: int) -> Key:
    """Return the key of a client's place in a bulk archive, in the order of the preview."""
    return {"pk": run_partition(provider_id, run_id), "sk": f"{MEMBER_PREFIX}{position:05d}"}


def live_key(record: Record) -> str | None:
    """Return a record's place in the ``live`` index, or ``None`` when an archive need not look at it."""
    if record.lives_until is None:
        return None
    return f"{sortable(record.lives_until)}#{record.kind.upper()}#{record.record_id}"


def client_index_keys(client: Client) -> dict[str, str | None]:
    """Return the client's places in the indexes; the client itself lives forever."""
    name_key = f"{client.name.casefold()}#{client.client_id}"
    in_group = status_of_group(client.provider_id, client.group_id, client.status) if client.group_id else None
    return {
        "live_key": f"{sortable(FOREVER)}#{CLIENT_SK}",
        "status_key": status_of_provider(client.provider_id, client.status),
        "group_key": in_group,
        "name_key": name_key,
    }


def status_of_provider(provider_id: str, status: Status) -> str:
    """Return the partition of ``clients_by_status``: one tab of one provider."""
    return f"{provider_id}#{status}"


def status_of_group(provider_id: str, group_id: str, status: Status) -> str:
    """Return the partition of ``clients_by_group``: one tab of one group."""
    return f"{provider_id}#{group_id}#{status}"


def outcome_prefix(outcome: Outcome) -> str:
    """Return what the ``outcomes`` index keys of all members with this outcome begin with."""
    return f"{outcome}#"


def outcome_key(outcome: Outcome, position: int) -> str:
    """Return a member's place in the ``outcomes`` index: by outcome, then in the order of the preview."""
    return f"{outcome_prefix(outcome)}{position:05d}"
