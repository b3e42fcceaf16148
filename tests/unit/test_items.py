"""Domain values to DynamoDB items and back, and the conditions that writes stand under."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec.structs import fields

from client_lifecycle.domain.client import ArchiveOptions, Client, Group, archive
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.receipts import HistoryEntry, Receipt
from client_lifecycle.domain.records import Record, RecordKind
from client_lifecycle.domain.runs import Run
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage import clients as stored_clients
from client_lifecycle.storage import keys
from client_lifecycle.storage.archives import ReceiptPart
from client_lifecycle.storage.attributes import Plain, from_item, to_item
from client_lifecycle.storage.clients import (
    Ending,
    change_write,
    client_item,
    client_write,
    group_item,
    record_from,
    record_item,
)
from client_lifecycle.storage.items import conditional_update, put, put_new
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import defaults, from_plain, to_plain
from tests.support import strategies
from tests.support.builders import ARCHIVE_ID, NOW, PROVIDER_ID, appointment, client, membership, plan, stamp

TABLE = Table(client=None, name="the-table")  # type: ignore[arg-type]
KEY = {"pk": "CLIENT#prov-oak#client-1", "sk": "CLIENT"}


# Round trips

EVERY_SHAPE: list[tuple[type[Any], SearchStrategy[Any]]] = [
    (Client, strategies.clients),
    (Group, strategies.groups),
    (Receipt, strategies.receipts),
    (ReceiptPart, st.builds(ReceiptPart, at=strategies.moments, changes=strategies.changes, left_alone=st.just(()))),
    (HistoryEntry, strategies.history_entries),
    (Member, strategies.members),
    (Run, strategies.runs),
]


@pytest.mark.parametrize(("shape", "values"), EVERY_SHAPE, ids=[shape.__name__ for shape, _ in EVERY_SHAPE])
@given(data=st.data())
def test_a_value_comes_back_from_the_table_as_it_went_in(
    shape: type[Any], values: SearchStrategy[Any], data: st.DataObject
) -> None:
    value = data.draw(values)
    assert from_plain(shape, from_item(to_item(to_plain(value)))) == value


def bare(value: Any) -> Any:
    """Make a value again with nothing given but what has no default."""
    return type(value)(**{one.name: getattr(value, one.name) for one in fields(value) if one.required})


EVERY_STORED: dict[str, SearchStrategy[Any]] = {
    **{shape.__name__: values for shape, values in EVERY_SHAPE},
    **{kind.value: values for kind, values in strategies.BY_KIND.items()},
    "ProviderSettings": st.just(ProviderSettings()),
}


@pytest.mark.parametrize("values", EVERY_STORED.values(), ids=EVERY_STORED)
@given(data=st.data())
def test_a_default_is_given_as_it_would_be_stored(values: SearchStrategy[Any], data: st.DataObject) -> None:
    value = data.draw(values)
    shape: Any = type(value)
    stored = to_plain(bare(value))
    optional = {one.encode_name for one in fields(value) if not one.required}
    expected = {name: stored[name] for name in sorted(optional & stored.keys())}
    assert repr(dict(sorted(defaults(shape).items()))) == repr(expected)


@pytest.mark.parametrize("kind", RecordKind)
@given(data=st.data())
def test_a_record_of_any_kind_comes_back_as_that_kind(kind: RecordKind, data: st.DataObject) -> None:
    record = data.draw(strategies.BY_KIND[kind])
    stored = from_item(to_item(record_item(Keys(PROVIDER_ID), "client-1", record)))
    found = record_from(stored)
    assert found == record
    assert type(found) is type(record)


@given(strategies.clients)
def test_a_client_comes_back_from_between_its_keys_and_index_keys(value: Client) -> None:
    assert from_plain(Client, from_item(to_item(client_item(value)))) == value


@given(strategies.clients)
def test_a_client_is_due_exactly_when_its_plan_has_to_be_checked(value: Client) -> None:
    item = client_item(value)
    due = keys.due_keys(keys.Work.PLAN, value.client_id, value.plan.check_at) if value.plan else {}
    assert {name: item[name] for name in ("due_key", "due_since") if name in item} == due


@given(strategies.groups)
def test_a_group_comes_back_from_beside_its_key(value: Group) -> None:
    assert from_plain(Group, from_item(to_item(group_item(value)))) == value


@given(strategies.clients)
def test_what_has_no_value_is_not_stored(value: Client) -> None:
    item = to_item(client_item(value))
    assert not any("NULL" in attribute for attribute in item.values())
    assert ("archive_id" in item) == ("stamp" in item) == (value.stamp is not None)


@pytest.mark.parametrize(
    "fault",
    [{"status": "postponed"}, {"starts_at": "soon"}, {"kind": "invoice"}, {"series_id": ["Wren", "Fairbrook"]}],
    ids=lambda fault: next(iter(fault)),
)
def test_an_item_that_is_no_record_is_refused_by_its_key_and_never_quoted(fault: Plain) -> None:
    with pytest.raises(UnreadableRecord, match="appointment appt-1") as refused:
        record_from(record_item(Keys(PROVIDER_ID), "client-1", appointment()) | fault)
    assert not any(value in str(refused.value) for value in ("postponed", "soon", "invoice", "Wren"))


@pytest.mark.parametrize("field", ["status", "starts_at", "duration_minutes"])
def test_an_item_that_is_no_record_is_refused_by_the_field_at_fault(field: str) -> None:
    with pytest.raises(UnreadableRecord, match=field):
        record_from(record_item(Keys(PROVIDER_ID), "client-1", appointment()) | {field: None})


# Conditional writes


def test_only_differences_are_written_and_only_expectations_required() -> None:
    before = {"status": "booked", "live_key": "2026#1", "starts_at": "2026", "reason": None}
    after = {"status": "cancelled", "starts_at": "2026", "cancelled_by": "archive"}
    assert conditional_update("the-table", KEY, before, after, {"status", "cancelled_by"}) == {
        "Update": {
            "TableName": "the-table",
            "Key": {"pk": {"S": KEY["pk"]}, "sk": {"S": KEY["sk"]}},
            "UpdateExpression": "SET #cancelled_by = :after_cancelled_by, #status = :after_status REMOVE #live_key",
            "ConditionExpression": (
                "attribute_exists(pk) AND #status = :before_status"
                " AND (attribute_not_exists(#cancelled_by) OR #cancelled_by = :null)"
            ),
            "ExpressionAttributeNames": {
                "#cancelled_by": "cancelled_by",
                "#live_key": "live_key",
                "#status": "status",
            },
            "ExpressionAttributeValues": {
                ":after_cancelled_by": {"S": "archive"},
                ":after_status": {"S": "cancelled"},
                ":before_status": {"S": "booked"},
                ":null": {"NULL": True},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


@pytest.mark.parametrize(
    ("before", "after", "update"),
    [
        ({"a": 1}, {"a": 2}, "SET #a = :after_a"),
        ({}, {"a": 2}, "SET #a = :after_a"),
        ({"a": 1}, {}, "REMOVE #a"),
        ({"a": 1}, {"a": None}, "REMOVE #a"),
        ({"a": 1, "b": 1}, {"b": 2}, "SET #b = :after_b REMOVE #a"),
        ({"a": None, "b": 1}, {"b": 2}, "SET #b = :after_b"),
    ],
)
def test_update_expressions(before: Plain, after: Plain, update: str) -> None:
    assert conditional_update("the-table", KEY, before, after, set())["Update"]["UpdateExpression"] == update


def test_an_update_without_values_names_none() -> None:
    update = conditional_update("the-table", KEY, {"a": 1}, {}, set())["Update"]
    assert "ExpressionAttributeValues" not in update


def holds(update: Any, item: Plain | None) -> bool:
    """Judge a condition of ours against an item as DynamoDB does; what is not there fails every comparison."""
    names, values = update["ExpressionAttributeNames"], from_item(update.get("ExpressionAttributeValues", {}))

    def is_met(clause: str) -> bool:
        if clause == "attribute_exists(pk)":
            return item is not None
        if clause.startswith("("):
            return any(is_met(part) for part in clause[1:-1].split(" OR "))
        if clause.startswith("attribute_not_exists("):
            return item is None or names[clause[len("attribute_not_exists(") : -1]] not in item
        name, value = clause.split(" = ")
        return item is not None and names[name] in item and item[names[name]] == values[value]

    return all(is_met(clause) for clause in update["ConditionExpression"].split(" AND "))


def carried_out(update: Any, item: Plain) -> Plain:
    """Carry out an update of ours as DynamoDB does."""
    names, values = update["ExpressionAttributeNames"], from_item(update.get("ExpressionAttributeValues", {}))
    sets, _, removes = update["UpdateExpression"].partition("REMOVE ")
    result = dict(item)
    for clause in filter(None, sets.removeprefix("SET ").strip().split(", ")):
        name, value = clause.split(" = ")
        result[names[name]] = values[value]
    for name in filter(None, removes.split(", ")):
        del result[names[name]]
    return result


plains = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3) | st.none(), max_size=4)


def stored(plain: Plain) -> Plain:
    return {name: value for name, value in plain.items() if value is not None}


@given(plains, plains)
def test_an_update_makes_before_into_after_and_keeps_foreign_attributes(before: Plain, after: Plain) -> None:
    if stored(before) == stored(after):
        return
    update = conditional_update("the-table", KEY, before, after, "abcd")["Update"]
    foreign = {"kept_by": "another system"}
    assert holds(update, stored(before) | foreign)
    assert carried_out(update, stored(before) | foreign) == stored(after) | foreign


@given(plains, plains, plains)
def test_a_condition_fails_closed_on_anything_but_what_was_read(before: Plain, after: Plain, found: Plain) -> None:
    update = conditional_update("the-table", KEY, before, after, "abcd")["Update"]
    assert not holds(update, None)
    assert holds(update, stored(found)) == (stored(found) == stored(before))


@given(strategies.records, strategies.records)
def test_a_change_is_refused_once_another_writer_changed_what_it_writes(record: Record, other: Record) -> None:
    for change in all_effects([record], NOW).changes:
        update = change_write(Tenant(TABLE, PROVIDER_ID), "client-1", change, ending=Ending(ARCHIVE_ID, NOW))["Update"]
        as_read = record_item(Keys(PROVIDER_ID), "client-1", record)
        assert holds(update, as_read)
        marks = {"ended_by": ARCHIVE_ID, "due_since": Keys(PROVIDER_ID).ended_at(NOW)}
        ended = {**record_item(Keys(PROVIDER_ID), "client-1", change.after), **marks}
        assert carried_out(update, as_read) == ended
        assert not holds(update, record_item(Keys(PROVIDER_ID), "client-1", change.after))
        assert not holds(update, None)


def test_a_change_writes_the_rule_s_fields_and_leaves_the_live_index() -> None:
    [change] = all_effects([membership()], NOW).changes
    update = change_write(Tenant(TABLE, PROVIDER_ID), "client-1", change, ending=Ending(ARCHIVE_ID, NOW))["Update"]
    marks = "#due_since = :after_due_since, #ended_by = :after_ended_by"
    assert update["UpdateExpression"] == f"SET {marks}, #left_at = :after_left_at REMOVE #live_key"
    never_left = "(attribute_not_exists(#left_at) OR #left_at = :null)"
    assert update["ConditionExpression"] == f"attribute_exists(pk) AND {never_left}"


def test_a_client_is_written_over_the_very_reading_that_was_decided_on() -> None:
    before = client()
    update = client_write(Tenant(TABLE, PROVIDER_ID), before, archive(before, stamp(), ArchiveOptions()))["Update"]
    read = client_item(before)
    assert holds(update, read)
    assert not holds(update, read | {"revision": 2})
    assert not holds(update, read | {"archive_id": "01KOTHER"})
    assert not holds(update, None)


def test_an_archive_of_a_client_writes_neither_its_name_nor_its_money() -> None:
    before = client(credit_cents=500, owed_cents=700)
    update = client_write(Tenant(TABLE, PROVIDER_ID), before, archive(before, stamp(), ArchiveOptions()))["Update"]
    written = set(update["ExpressionAttributeNames"].values())
    assert written == {"archive_id", "made_good_at", "revision", "stamp", "status", "status_key"}


def test_an_archive_removes_a_planned_client_from_the_due_index() -> None:
    before = client(plan=plan())
    update = client_write(Tenant(TABLE, PROVIDER_ID), before, archive(before, stamp(), ArchiveOptions()))["Update"]
    assert carried_out(update, client_item(before)).keys().isdisjoint({"plan", "due_key", "due_since"})


def test_the_stamp_s_check_asks_for_this_very_archive() -> None:
    check = stored_clients.stamp_check(Tenant(TABLE, PROVIDER_ID), "client-1", "01KMINE")["ConditionCheck"]
    assert check["ConditionExpression"] == "archive_id = :archive_id"
    assert check["ExpressionAttributeValues"] == {":archive_id": {"S": "01KMINE"}}
    assert check["Key"] == {"pk": {"S": "CLIENT#prov-oak#client-1"}, "sk": {"S": "CLIENT"}}


def test_a_new_item_is_refused_where_one_lies_already() -> None:
    put = put_new("the-table", KEY, {"state": "settled", "reason": None})["Put"]
    assert put["ConditionExpression"] == "attribute_not_exists(pk)"
    assert put["Item"] == to_item(KEY | {"state": "settled"})


def test_only_what_may_be_written_again_is_written_without_a_condition() -> None:
    assert put("the-table", {**KEY, "a": 1})["Put"].keys() == {"TableName", "Item"}
