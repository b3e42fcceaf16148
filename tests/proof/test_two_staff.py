"""Two members of staff change safety rules and archive at once: an order of what they did explains all they were told.

Each decides about a rule and archives a client, in either order, one AWS call of one of them at a time. What they were
told, and the rules that are left, must be those of the same four things done one after the other, in an order in which
nothing comes before what had ended when it began.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.errors import AcknowledgementNeeded, ArchiveBlocked
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, SafetySettings
from client_lifecycle.storage import providers
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import client_item
from client_lifecycle.storage.items import conditional_update
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.table import Table, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import archive
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.practice import change_settings
from local.tables import create_table
from tests.proof.figures import tell
from tests.proof.invariants import Broken, hold
from tests.proof.scheduler import Running
from tests.proof.world import Controls
from tests.support.builders import NOW, cause, client
from tests.support.store import store_settings

INTERLEAVINGS = 1_000
RULES = (SafetyRule.OWES_MONEY, SafetyRule.HAS_CREDITS)
"""Both are so of each client here."""

LEVELS = tuple(Level)
ARCHIVED = "archived"

Levels = tuple[Level, ...]


class State(Struct, frozen=True):
    """What the rules do, and who is archived."""

    levels: Levels
    archived: frozenset[str] = frozenset()


class Decision(Struct, frozen=True):
    """What a rule does from now on."""

    rule: SafetyRule
    level: Level

    def do(self, tenant: Tenant) -> object:
        """Change the practice's settings; the answer is what its rules do then."""

        def edit(settings: ProviderSettings) -> ProviderSettings:
            return replace(settings, safety=replace(settings.safety, **{self.rule.value: self.level}))

        return levels_of(change_settings(tenant, edit, cause=cause(), at=NOW).safety)

    def told(self, state: State) -> tuple[State, object]:
        """Return what it makes of a state, and the answer."""
        levels = tuple(
            self.level if rule is self.rule else level for rule, level in zip(RULES, state.levels, strict=True)
        )
        return replace(state, levels=levels), levels


class Archive(Struct, frozen=True):
    """The archive of a client by somebody who has seen some warnings."""

    client_id: str
    acknowledged: frozenset[SafetyRule]

    def do(self, tenant: Tenant) -> object:
        """Archive the client; the answer is whether it is archived, or the rules in the way."""
        try:
            archive_client(
                tenant, self.client_id, cause=cause(), at=NOW, options=ArchiveOptions(), acknowledged=self.acknowledged
            )
        except (ArchiveBlocked, AcknowledgementNeeded) as refused:
            return type(refused).__name__, frozenset(refused.facts["rules"])
        return ARCHIVED

    def told(self, state: State) -> tuple[State, object]:
        """Return what it makes of a state, and the answer."""
        level = dict(zip(RULES, state.levels, strict=True))
        blocks = frozenset(rule.value for rule in RULES if level[rule] is Level.BLOCK)
        warns = frozenset(rule.value for rule in RULES if level[rule] is Level.WARN) - self.acknowledged
        if self.client_id in state.archived or not (blocks or warns):
            return replace(state, archived=state.archived | {self.client_id}), ARCHIVED
        return state, (ArchiveBlocked.__name__, blocks) if blocks else (AcknowledgementNeeded.__name__, warns)


class Done(Struct, frozen=True):
    """Something that was done, between two calls of the whole, and what its caller was told."""

    what: Decision | Archive
    began: int
    ended: int
    answer: object


class Together(Struct):
    """Two members of staff who use one practice at once."""

    tenant: Tenant
    dice: random.Random
    calls: int = 0
    done: list[Done] = field(default_factory=list)

    def work(self, *things: Decision | Archive) -> Callable[[], None]:
        """Return the work of one of them, who does one thing after the other."""

        def do_all() -> None:
            for what in things:
                began = self.calls
                answer = what.do(self.tenant)
                self.done.append(Done(what, began, self.calls, answer))

        return do_all

    def live_through(self, *works: Callable[[], None]) -> None:
        """Let calls through, of whom the dice say, until all have done all."""
        running = [Running("staff", work, 0) for work in works]
        while running:
            one = self.dice.choice(running)
            self.calls += 1
            one.let_go()
            if one.has_ended:
                running.remove(one)
                if one.error:
                    raise one.error


def levels_of(safety: SafetySettings) -> Levels:
    return tuple(getattr(safety, rule.value) for rule in RULES)


def explained(first: State, done: Sequence[Done], last: Levels) -> bool:
    """Whether one order explains what everybody was told and what is left."""
    return any(_explains(order, first, last) for order in permutations(done))


def _explains(order: Sequence[Done], state: State, last: Levels) -> bool:
    for place, one in enumerate(order):
        if any(later.ended <= one.began for later in order[place + 1 :]):
            return False
        state, answer = one.what.told(state)
        if answer != one.answer and not _was_in_the_way(one, order, state):
            return False
    return state.levels == last


def _was_in_the_way(refused: Done, all_done: Sequence[Done], state: State) -> bool:
    """Whether a rule was in the way of an archive that was looked at while another archived the same client."""
    if not isinstance(refused.what, Archive):
        return False
    beside = [one for one in all_done if one is not refused and _overlap(one, refused) and _is_of(one, refused.what)]
    return bool(beside) and refused.what.told(replace(state, archived=frozenset()))[1] == refused.answer


def _overlap(one: Done, other: Done) -> bool:
    return one.began < other.ended and other.began < one.ended


def _is_of(one: Done, archive: Archive) -> bool:
    return isinstance(one.what, Archive) and one.what.client_id == archive.client_id


def interleaved(table: Table, seed: int, answers: Counter[str]) -> None:
    """Have two members of staff do their things, as a seed says.

    Raises:
        Broken: no order explains what they were told.
    """
    dice = random.Random(seed)
    tenant = Tenant(table, f"prov-{seed}")
    first = State(tuple(dice.choice(LEVELS) for _ in RULES))
    settled_in(tenant, first)
    together = Together(tenant, dice)
    together.live_through(*(together.work(*_two_things(dice)) for _ in range(2)))
    last = levels_of(read_settings(tenant).safety)
    answers.update(str(one.answer) for one in together.done if isinstance(one.what, Archive))
    hold(
        explained(first, together.done, last),
        "no order explains what staff were told",
        seed,
        first,
        *together.done,
        last,
    )


def _two_things(dice: random.Random) -> Sequence[Decision | Archive]:
    decision = Decision(dice.choice(RULES), dice.choice(LEVELS))
    seen = frozenset(rule for rule in RULES if dice.random() < 0.5)
    return dice.sample([decision, Archive(dice.choice(("one", "other")), seen)], 2)


def settled_in(tenant: Tenant, first: State) -> None:
    """Take in two clients who owe money and have credit, and decide what the rules do at first."""
    levels: dict[str, Any] = {rule.value: level for rule, level in zip(RULES, first.levels, strict=True)}
    store_settings(tenant.table, tenant.provider_id, ProviderSettings(safety=SafetySettings(**levels)))
    for client_id in ("one", "other"):
        who = client(client_id, provider_id=tenant.provider_id, owed_cents=700, credit_cents=900)
        tenant.table.put_many([client_item(who)])


@pytest.fixture
def table(controls: Controls) -> Iterator[Table]:
    table = create_table(controls.dynamodb, f"clients-{uuid4()}")
    yield table
    controls.dynamodb.delete_table(TableName=table.name)


def live_through_many(table: Table, answers: Counter[str]) -> None:
    for seed in range(INTERLEAVINGS):
        interleaved(table, seed, answers)


def test_s1_s2_an_order_explains_what_two_staff_are_told_at_once(table: Table) -> None:
    answers: Counter[str] = Counter()
    live_through_many(table, answers)
    tell(f"two staff at once, {INTERLEAVINGS:,} interleavings: {dict(answers)}; 0 that no order explains")
    assert len(answers) > 3


def rules_that_undo_each_other(patch: pytest.MonkeyPatch) -> None:
    """Settings are written over whatever they are by now."""

    def update(table: str, key: Mapping[str, str], before: Plain, after: Plain, expect: object) -> Write:
        return conditional_update(table, key, before, after, ())

    patch.setattr(providers, "conditional_update", update)


def rules_as_they_were_read_first(patch: pytest.MonkeyPatch) -> None:
    first: dict[str, ProviderSettings] = {}
    patch.setattr(archive, "read_settings", lambda tenant: first.setdefault(tenant.provider_id, read_settings(tenant)))


def rules_that_no_archive_asks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archive, "require_safe", lambda *_: None)


@pytest.mark.parametrize(
    "fault",
    [rules_that_undo_each_other, rules_as_they_were_read_first, rules_that_no_archive_asks],
    ids=lambda fault: fault.__name__,
)
def test_rules_that_do_not_hold_are_noticed(
    fault: Callable[[pytest.MonkeyPatch], None], table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with pytest.raises(Broken, match="no order explains"):
        live_through_many(table, Counter())
