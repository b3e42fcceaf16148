"""What becomes of a row, and of an import: outcomes, attempts, counts, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.errors import ImportNotChecked, ImportNotStarted, ImportStarted, LifecycleError
from client_lifecycle.domain.imports.outcomes import (
    AS_WISHED,
    ROW_OUTCOMES,
    ROWS_TO_RETRY,
    RowOutcome,
)
from client_lifecycle.domain.imports.rows import ClientRow, Standing, archived_at, judge_client
from client_lifecycle.domain.imports.run import (
    Import,
    ImportState,
    PartResult,
    Upload,
    begin_check,
    begin_import,
    begin_retry,
    close,
    counts_of_rows,
    seconds_left,
    stop_import,
    uploaded,
)
from tests.support.builders import DAY, GROUP_ID, NOW, STAFF_ID, an_import, client, stamp

GROUPS = {GROUP_ID: GROUP_ID, "Sleep Better": GROUP_ID}
NEW = client("new-1", name="Ada Moor", email="ada@example.org")
SAME = client("old-1", name="Ada Moor", email="ada@example.org")
OTHER = client("old-2", name="Someone Else", email="ada@example.org")


def row(**fields: Any) -> ClientRow:
    values: dict[str, Any] = {"row": 2, "name": "Ada Moor", "email": "ada@example.org", "external_id": "x-1"}
    return ClientRow(**values | fields)


def standing(**fields: Any) -> Standing:
    values: dict[str, Any] = {"known": None, "address_of": None, "holder": None, "group_ids": GROUPS}
    return Standing(**values | fields)


def holds(who: Client) -> dict[str, Any]:
    return {"address_of": who.client_id, "holder": who}


JUDGED: list[tuple[str, ClientRow, Standing, RowOutcome, str | None, str | None]] = [
    ("new", row(), standing(), RowOutcome.ADDED, None, "new-1"),
    ("group by id", row(group=GROUP_ID), standing(), RowOutcome.ADDED, None, "new-1"),
    ("group by name", row(group="Sleep Better"), standing(), RowOutcome.ADDED, None, "new-1"),
    ("no such group", row(group="Nobody"), standing(), RowOutcome.UNKNOWN_GROUP, "group", None),
    ("the same", row(), standing(known=SAME, **holds(SAME)), RowOutcome.UNCHANGED, None, "old-1"),
    ("name", row(name="Ada Moore"), standing(known=SAME, **holds(SAME)), RowOutcome.DIFFERS, "name", "old-1"),
    ("address", row(email="b@example.org"), standing(known=SAME), RowOutcome.DIFFERS, "email", "old-1"),
    ("group", row(group=GROUP_ID), standing(known=SAME, **holds(SAME)), RowOutcome.DIFFERS, "group_id", "old-1"),
    (
        "status",
        row(status=Status.ARCHIVED),
        standing(known=SAME, **holds(SAME)),
        RowOutcome.DIFFERS,
        "status",
        "old-1",
    ),
    ("address taken", row(), standing(**holds(OTHER)), RowOutcome.EMAIL_IN_USE, "email", "old-2"),
    (
        "its new address taken",
        row(email="b@example.org"),
        standing(known=SAME, **holds(OTHER)),
        RowOutcome.EMAIL_IN_USE,
        "email",
        "old-2",
    ),
    ("no id, the same", row(external_id=None), standing(**holds(SAME)), RowOutcome.UNCHANGED, None, "old-1"),
    ("no id, other", row(external_id=None), standing(**holds(OTHER)), RowOutcome.EMAIL_IN_USE, "email", "old-2"),
    ("no id, new", row(external_id=None), standing(), RowOutcome.ADDED, None, "new-1"),
    ("delivered twice", row(), standing(known=NEW, **holds(NEW)), RowOutcome.ADDED, None, "new-1"),
    ("twice, no id", row(external_id=None), standing(**holds(NEW)), RowOutcome.ADDED, None, "new-1"),
]


@pytest.mark.parametrize(
    ("told", "found", "outcome", "field", "client_id"), [one[1:] for one in JUDGED], ids=[one[0] for one in JUDGED]
)
def test_a_client_s_row_has_one_outcome(
    told: ClientRow, found: Standing, outcome: RowOutcome, field: str | None, client_id: str | None
) -> None:
    verdict = judge_client(told, found, NEW, overwrite=False)
    assert (verdict.result.outcome, verdict.result.field, verdict.result.client_id) == (outcome, field, client_id)
    assert verdict.result.external_id == told.external_id
    assert (verdict.client is not None) == (outcome is RowOutcome.ADDED and found.address_of is None)


def test_values_are_overwritten_only_if_asked_for_and_never_the_status() -> None:
    told = row(name="Ada Moore", group=GROUP_ID, status=Status.ACTIVE)
    archived = replace(SAME, stamp=stamp())
    found = standing(known=archived, **holds(archived))
    assert judge_client(told, found, NEW, overwrite=False).client is None
    changed = judge_client(told, found, NEW, overwrite=True)
    assert changed.result.outcome is RowOutcome.CHANGED
    assert changed.client == replace(archived, name="Ada Moore", group_id=GROUP_ID)
    only_status = judge_client(row(), found, NEW, overwrite=True)
    assert (only_status.result.outcome, only_status.result.field) == (RowOutcome.DIFFERS, "status")


def test_an_archived_row_s_day_is_one_of_the_practice_and_never_ahead() -> None:
    archived = row(status=Status.ARCHIVED, archived_on=date(2024, 5, 1))
    assert archived_at(archived, NOW, UTC).isoformat() == "2024-05-01T00:00:00+00:00"
    assert archived_at(row(archived_on=(NOW + 2 * DAY).date()), NOW, UTC) == NOW
    assert archived_at(row(), NOW, UTC) == NOW


@pytest.mark.parametrize("outcome", RowOutcome)
def test_every_row_outcome_is_one_of_a_kind_of_import(outcome: RowOutcome) -> None:
    assert any(outcome in outcomes for outcomes in ROW_OUTCOMES.values())
    assert not {outcome} & AS_WISHED & ROWS_TO_RETRY


def part(number: int = 0, attempt: int = 1, **counts: int) -> PartResult:
    return PartResult(part=number, attempt=attempt, counts={RowOutcome(name): one for name, one in counts.items()})


UPLOAD = Upload(columns={}, rows=5, parts=2)


def ended(run: Import, **counts: int) -> Import:
    return close(run, part(**counts).counts, {}, NOW)


def checking() -> Import:
    return uploaded(begin_check(an_import(), {}, NOW), UPLOAD)


def checked() -> Import:
    return ended(checking(), added=4, invalid=1)


def started() -> Import:
    return begin_import(checked(), confirmed_by=STAFF_ID, overwrite=False, at=NOW)


def test_a_check_predicts_and_gives_a_token_of_what_it_showed() -> None:
    run = checked()
    assert (run.state, run.counts) == (ImportState.CHECKED, {"added": 4, "invalid": 1})
    again = ended(uploaded(begin_check(run, {}, NOW), UPLOAD), added=4, invalid=1)
    assert run.token != again.token, "a token is of one check"


def test_a_check_that_missed_rows_has_no_token() -> None:
    run = ended(checking(), added=3, not_reached=2)
    assert (run.state, run.refused_for, run.token) == (ImportState.REFUSED, "CheckIncomplete", None)


def test_an_import_ends_with_a_verdict() -> None:
    done = ended(started(), added=4, invalid=1)
    assert (done.state, done.finished_at) == (ImportState.COMPLETED, NOW)
    assert ended(started(), added=3, not_reached=2).state is ImportState.COMPLETED_WITH_FAILURES


def test_a_retry_is_of_what_failed_or_was_not_reached_now_pending() -> None:
    lost = ended(started(), added=2, failed=1, not_reached=2)
    retried = begin_retry(lost, NOW)
    assert (retried.attempt, retried.attempt_rows, retried.state) == (3, 3, ImportState.RUNNING)
    assert counts_of_rows(retried, [part(0, 2, added=2, failed=1)]) == {"added": 2}
    assert begin_retry(retried, NOW) == retried, "it runs already"
    done = ended(retried, added=5)
    assert begin_retry(done, NOW) == done, "there is nothing to retry"


def test_an_import_is_stopped_or_cancelled_and_an_ended_one_stays_so() -> None:
    assert stop_import(checked(), NOW).state is ImportState.STOPPED
    stopping = stop_import(started(), NOW)
    assert stopping.state is ImportState.STOPPING
    stopped = ended(stopping, added=3, not_reached=2)
    assert stopped.state is ImportState.STOPPED
    assert stop_import(stopped, NOW) == stopped


OUT_OF_TURN: Mapping[str, tuple[type[LifecycleError], Any]] = {
    "confirmed unchecked": (
        ImportNotChecked,
        lambda: begin_import(an_import(), confirmed_by=STAFF_ID, overwrite=False, at=NOW),
    ),
    "confirmed twice": (
        ImportNotChecked,
        lambda: begin_import(started(), confirmed_by=STAFF_ID, overwrite=False, at=NOW),
    ),
    "checked while it runs": (ImportStarted, lambda: begin_check(started(), {}, NOW)),
    "retried before its start": (ImportNotStarted, lambda: begin_retry(checked(), NOW)),
}


@pytest.mark.parametrize("name", OUT_OF_TURN)
def test_what_comes_out_of_turn_is_refused(name: str) -> None:
    fault, ask = OUT_OF_TURN[name]
    with pytest.raises(fault):
        ask()


def test_the_time_left_is_estimated_from_the_present_attempt() -> None:
    run = started()
    assert seconds_left(run, 5, NOW) is None
    assert seconds_left(run, 1, NOW + timedelta(seconds=40)) == 10
    assert seconds_left(checked(), 1, NOW + DAY) is None
