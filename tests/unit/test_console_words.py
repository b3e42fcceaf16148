"""The console has a word, in each of its languages, for whatever the API may answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

from client_lifecycle.domain import errors
from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Source
from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import RowOutcome
from client_lifecycle.domain.imports.run import ImportState
from client_lifecycle.domain.intake import IntakeRefusal
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.policy import Action
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.domain.receipts import HistoryEvent
from client_lifecycle.domain.records import (
    AppointmentStatus,
    DocumentStatus,
    FormStatus,
    PaymentStatus,
    RecipientStatus,
    RecordKind,
    ReminderStatus,
)
from client_lifecycle.domain.runs import RunState
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.domain.undo import UndoSkipReason

WORDS = Path(__file__).parents[2] / "console/site/words"
LANGUAGES = ("en", "de")
ANSWERED: dict[str, tuple[type[StrEnum], ...]] = {
    "reasons": (ArchiveReason,),
    "rules": (SafetyRule,),
    "actions": (Action,),
    "kinds": (RecordKind,),
    "outcomes": (Outcome,),
    "memberReasons": (UndoSkipReason,),
    "states": (RunState, ImportState),
    "history": (HistoryEvent,),
    "practiceHistory": (PracticeEvent,),
    "sources": (Source,),
    "rowOutcomes": (RowOutcome,),
    "rowReasons": (IntakeRefusal,),
    "fields": (ClientField,),
    "recordStates": (
        AppointmentStatus,
        PaymentStatus,
        RecipientStatus,
        ReminderStatus,
        DocumentStatus,
        FormStatus,
    ),
}


def words_of(language: str) -> dict[str, set[str]]:
    """Return the names of the words of a language, by section."""
    text = (WORDS / f"{language}.js").read_text(encoding="utf-8")
    sections = re.findall(r"^  (\w+): \{\n(.*?)^  \},$", text, re.MULTILINE | re.DOTALL)
    return {name: set(re.findall(r'^    "?([^":\n]+)"?: ', body, re.MULTILINE)) for name, body in sections}


def missing(has: set[str], kinds: Iterable[type[StrEnum]]) -> set[str]:
    return {member.value for kind in kinds for member in kind} - has


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("section", ANSWERED)
def test_every_answer_has_a_word(language: str, section: str) -> None:
    assert missing(words_of(language)[section], ANSWERED[section]) == set()


def test_the_languages_have_the_same_words() -> None:
    assert words_of("de") == words_of("en")


def test_a_reason_that_no_undo_gives_is_the_name_of_a_fault() -> None:
    faults = words_of("en")["memberReasons"] - set(UndoSkipReason)
    assert {name for name in faults if not hasattr(errors, name)} == set()


def test_the_faults_that_pass_are_those_to_be_tried_later() -> None:
    script = (WORDS.parent / "words.js").read_text(encoding="utf-8")
    listed = re.search(r"const BUSY = \[(.*?)\];", script)
    assert listed
    assert set(re.findall(r'"(\w+)"', listed[1])) == {fault.__name__ for fault in errors.TryLater.__subclasses__()}


def test_every_text_is_said_somewhere() -> None:
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in WORDS.parent.rglob("*.js") if path.parent != WORDS)
    texts = words_of("en")["texts"]
    said = set(re.findall(r'"([A-Za-z]+(?:[.?/_A-Za-z]+)*)"', scripts))
    made = tuple(f"{prefix}." for prefix in re.findall(r"`([a-zA-Z.]+)\.\$\{", scripts))
    assert {text for text in texts - said if not text.startswith(made)} == set()
