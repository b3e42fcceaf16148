"""Who did something is told by name: a rule over the API's description."""

from __future__ import annotations

import re

from client_lifecycle.edge.people import DID_SOMETHING
from tests.support.places import description, operations, schemas_in

SOUNDS_LIKE_SOMEBODY = re.compile(r"(^|_)(by|actor|actor_id|user_id|staff_id|author|person)$")

NO_STAFF = {
    "ClientFilter.archived_by": "a condition that was given; a run has none, for it is about active clients",
    "MeView.user_id": "who asks, beside the name in their own token",
    "OursView.cancelled_by": "that it was an archive",
    "PlanView.held_back_by": "rules",
    "PermissionCheckView.actor": "client or provider",
    "PermissionView.actor": "client or provider",
    "PracticeEntryView.undone_by": "a run",
    "PreviewView.undone_by": "a run",
    "RecordView.cancelled_by": "that it was an archive, or who else by the word of its source",
    "RunView.undone_by": "a run",
    "UndoneData.undone_by": "a run",
    "UpsertView.in_use_by": "a client",
}
"""Fields of answers that sound like somebody of the staff, and what they are."""

SCHEMAS = description()["components"]["schemas"]


def is_named(schema: str, field: str) -> bool:
    fields = SCHEMAS[schema]["properties"]
    if "CauseView" in {schema, *schemas_in(fields[field])}:
        return "name" in SCHEMAS["CauseView"]["properties"]
    return field in DID_SOMETHING and "names" in fields


def test_who_did_something_has_a_place_for_the_name() -> None:
    answered = {name for _, operation in operations() for name in schemas_in(operation["responses"])}
    sounding = {
        (schema, field)
        for schema in answered
        for field in SCHEMAS[schema].get("properties", {})
        if SOUNDS_LIKE_SOMEBODY.search(field)
    }
    assert {f"{schema}.{field}" for schema, field in sounding if not is_named(schema, field)} == set(NO_STAFF)
    assert {field for _, field in sounding} >= {*DID_SOMETHING, "actor_id", "asked_by", "planned_by", "returned_by"}
