"""A new record kind, outcome or role is decided everywhere, or a test here says where it is not.

What is matched by class or by member is held by the types (``assert_never``), and tables by
``test_mappings_are_total``; here is the rest.
"""

from __future__ import annotations

import re
from typing import get_args

import pytest

from client_lifecycle.domain.effects import all_effects, cancel_commitments, leave_chats, silence_notifications
from client_lifecycle.domain.events import change_name
from client_lifecycle.domain.outcomes import OUTCOMES, OUTCOMES_WITHOUT_CHANGE, TO_RETRY, TO_UNDO, Outcome
from client_lifecycle.domain.records import Record, RecordKind
from client_lifecycle.domain.restore import KINDS
from client_lifecycle.storage.keys import Keys, live_key, named
from local.template import ROOT
from tests.support.builders import NOW, PROVIDER_ID, one_of_each, untouched

UNTOUCHED = {RecordKind.DOCUMENT, RecordKind.FORM, RecordKind.BALANCE}
"""No archive ends what the client sees already (P9), or an amount (E11)."""

TOUCHED = [kind for kind in RecordKind if kind not in UNTOUCHED]

NEVER_RESTORED = {RecordKind.RECIPIENT} | UNTOUCHED
"""A blast that a client was withdrawn from does not come back (A1); what was not ended need not."""

WITHOUT_EVENT = {RecordKind.FEED_ENTRY}
"""The feed is this system's own; no other system follows it."""

SAMPLES = {record.kind: record for record in [*one_of_each(), *untouched()]}


def test_every_record_kind_has_a_class_and_a_sample() -> None:
    assert {shape.__name__ for shape in get_args(Record)} == {kind.title().replace("_", "") for kind in RecordKind}
    assert set(SAMPLES) == set(RecordKind)


@pytest.mark.parametrize("kind", RecordKind)
def test_every_record_kind_is_the_work_of_one_effect_or_said_not_to_be(kind: RecordKind) -> None:
    effects = [cancel_commitments, leave_chats, silence_notifications]
    touched = [effect for effect in effects if effect([SAMPLES[kind]], NOW).changes]
    assert len(touched) == (kind in TOUCHED)


@pytest.mark.parametrize("kind", RecordKind)
def test_every_record_kind_is_found_by_its_key_and_by_its_archive(kind: RecordKind) -> None:
    assert (live_key(SAMPLES[kind]) is not None) == (kind in TOUCHED)
    name = named(Keys(PROVIDER_ID).record("client-1", kind, "record-1"))
    assert (name.kind, name.id, name.client_id) == (kind, "record-1", "client-1")


@pytest.mark.parametrize("kind", TOUCHED)
def test_every_record_kind_is_published_or_said_not_to_be(kind: RecordKind) -> None:
    [change] = all_effects([SAMPLES[kind]], NOW).changes
    assert (change_name(change) is None) == (kind in WITHOUT_EVENT)


def test_every_record_kind_can_be_restored_or_is_said_not_to_be() -> None:
    assert {*KINDS.values()} | NEVER_RESTORED == {*RecordKind}
    assert not {*KINDS.values()} & NEVER_RESTORED


CHANGED = {
    Outcome.ARCHIVED,
    Outcome.SUPERSEDED,
    Outcome.FAILED,
    Outcome.ACTIVATED,
    Outcome.ACTIVATED_IN_PART,
}
"""The outcomes of clients that a run may have changed."""


def test_every_outcome_says_whether_the_run_may_have_changed_the_client() -> None:
    assert OUTCOMES_WITHOUT_CHANGE | CHANGED | {Outcome.PENDING} == {*Outcome}
    assert not OUTCOMES_WITHOUT_CHANGE & CHANGED


def test_every_outcome_is_one_of_a_kind_of_run() -> None:
    assert {outcome for outcomes in OUTCOMES.values() for outcome in outcomes} == {*Outcome}


def test_what_is_retried_or_undone_is_an_outcome_that_allows_it() -> None:
    assert {*TO_RETRY} == {Outcome.FAILED, Outcome.NOT_REACHED}
    assert {*TO_UNDO} <= CHANGED


def test_every_benchmark_that_can_be_run_is_used_by_a_test() -> None:
    benchmarks = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "def main(" in path.read_text()}
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    used = set(re.findall(r"from benchmarks\.(\w+) import", tests))
    used |= {name for names in re.findall(r"from benchmarks import (.+)", tests) for name in names.split(", ")}
    assert len(benchmarks) > 4
    assert benchmarks <= used
