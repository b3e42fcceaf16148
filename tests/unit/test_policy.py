"""Rules P1 to P12: who may do what, active or archived, with every switch on and off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.policy import SENTENCES, TABLE, Action, Actor, Permission, Refusal, decide, permissions_of
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings, Switch, resolve
from tests.support.builders import client, stamp
from tests.support.strategies import clients, portal_settings

ACTIVE = client()
ARCHIVED = client(stamp=stamp())
EVERYTHING_ON = resolve()
NO_SELF_RETURN = ProviderSettings().no_self_return

A, C, S, Y = Action, Actor.CLIENT, Actor.STAFF, Actor.SYSTEM
R = Refusal

WHILE_ARCHIVED: list[tuple[str, Action, Actor, Refusal | None]] = [
    ("P1", A.SIGN_IN, C, None),
    ("P1", A.VIEW_PROFILE, C, None),
    ("P2", A.POST_IN_DIRECT_CHAT, C, None),
    ("P2", A.POST_IN_DIRECT_CHAT, S, None),
    ("P3", A.START_CHAT, S, R.CLIENT_ARCHIVED),
    ("P3", A.START_CHAT, C, R.CLIENT_ARCHIVED),
    ("P4", A.VIEW_COMMUNITY_CHAT, C, None),
    ("P4", A.POST_IN_COMMUNITY_CHAT, C, None),
    ("P5", A.JOIN_COMMUNITY_CHAT, S, R.CLIENT_ARCHIVED),
    ("P5", A.JOIN_COMMUNITY_CHAT, Y, R.CLIENT_ARCHIVED),
    ("P5", A.RECEIVE_BLAST, S, R.CLIENT_ARCHIVED),
    ("P5", A.RECEIVE_BLAST, Y, R.CLIENT_ARCHIVED),
    ("P6", A.BOOK_APPOINTMENT, C, None),
    ("P6", A.BOOK_APPOINTMENT, S, None),
    ("P7", A.SHARE_DOCUMENT, S, R.CLIENT_ARCHIVED),
    ("P7", A.SHARE_DOCUMENT, Y, R.CLIENT_ARCHIVED),
    ("P7", A.REQUEST_DOCUMENT, S, R.CLIENT_ARCHIVED),
    ("P7", A.REQUEST_DOCUMENT, Y, R.CLIENT_ARCHIVED),
    ("P8", A.REQUEST_FORM, S, R.CLIENT_ARCHIVED),
    ("P8", A.REQUEST_FORM, Y, R.CLIENT_ARCHIVED),
    ("P9", A.VIEW_SHARED, C, None),
    ("P10", A.SEND_GOAL_REMINDER, Y, R.CLIENT_ARCHIVED),
    ("P10", A.ADD_FEED_ENTRY, Y, R.CLIENT_ARCHIVED),
    ("P11", A.SEND_EMAIL, Y, None),
    ("P11", A.SEND_EMAIL, S, None),
    ("P12", A.BUY_PACKAGE, C, None),
]

SWITCHED_OFF: list[tuple[str, Action, Actor, Switch, Refusal]] = [
    ("P2", A.POST_IN_DIRECT_CHAT, C, Switch.CHAT, R.CHAT_DISABLED),
    ("P2", A.POST_IN_DIRECT_CHAT, S, Switch.CHAT, R.CHAT_DISABLED),
    ("P4", A.POST_IN_COMMUNITY_CHAT, C, Switch.COMMUNITY_CHATS, R.COMMUNITY_CHATS_DISABLED),
    ("P6", A.BOOK_APPOINTMENT, C, Switch.SCHEDULE_APPOINTMENTS, R.SCHEDULING_DISABLED),
    ("P11", A.SEND_EMAIL, Y, Switch.EMAIL_NOTIFICATIONS, R.EMAIL_DISABLED),
    ("P11", A.SEND_EMAIL, S, Switch.EMAIL_NOTIFICATIONS, R.EMAIL_DISABLED),
]


def ask(action: Action, actor: Actor, who: object = ARCHIVED, settings: PortalSettings = EVERYTHING_ON) -> Permission:
    return decide(action, actor, who, settings, NO_SELF_RETURN)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rule", "action", "actor", "refusal"), WHILE_ARCHIVED)
def test_while_archived(rule: str, action: Action, actor: Actor, refusal: Refusal | None) -> None:
    answer = ask(action, actor)
    assert (answer.rule, answer.allowed, answer.refusal) == (rule, refusal is None, refusal)


@pytest.mark.parametrize(("rule", "action", "actor", "_"), WHILE_ARCHIVED)
def test_while_active_everything_is_allowed(rule: str, action: Action, actor: Actor, _: object) -> None:
    assert ask(action, actor, ACTIVE).allowed


def test_every_action_is_asked_for_every_actor_it_is_for() -> None:
    assert [(action, actor) for _, action, actor, _ in WHILE_ARCHIVED] == [
        (permission.action, permission.actor) for permission in permissions_of(ARCHIVED, EVERYTHING_ON, NO_SELF_RETURN)
    ]


@pytest.mark.parametrize("who", [ACTIVE, ARCHIVED], ids=["active", "archived"])
@pytest.mark.parametrize(("rule", "action", "actor", "switch", "refusal"), SWITCHED_OFF)
def test_a_switch_turns_it_off(
    rule: str, action: Action, actor: Actor, switch: Switch, refusal: Refusal, who: object
) -> None:
    off = replace(EVERYTHING_ON, **{switch.value: False})
    answer = ask(action, actor, who, off)
    assert (answer.rule, answer.allowed, answer.refusal) == (rule, False, refusal)


@pytest.mark.parametrize("switch", Switch)
def test_a_switch_turns_off_nothing_else(switch: Switch) -> None:
    off = replace(EVERYTHING_ON, **{switch.value: False})
    refused = {(one.action, one.actor) for one in permissions_of(ACTIVE, off, NO_SELF_RETURN) if not one.allowed}
    assert refused == {(action, actor) for _, action, actor, mine, _ in SWITCHED_OFF if mine is switch}


def test_p4_community_chats_off_is_read_only() -> None:
    off = replace(EVERYTHING_ON, community_chats=False)
    assert ask(A.VIEW_COMMUNITY_CHAT, C, settings=off).allowed
    assert not ask(A.POST_IN_COMMUNITY_CHAT, C, settings=off).allowed


def test_p6_staff_books_whatever_the_client_s_own_switch_says() -> None:
    off = replace(EVERYTHING_ON, schedule_appointments=False)
    assert ask(A.BOOK_APPOINTMENT, S, settings=off).allowed


@pytest.mark.parametrize("actor", [C, S])
def test_p6_booking_tells_that_it_activates_an_archived_client_only(actor: Actor) -> None:
    assert ask(A.BOOK_APPOINTMENT, actor).activates
    assert not ask(A.BOOK_APPOINTMENT, actor, ACTIVE).activates


def test_p12_buying_a_package_does_not_activate() -> None:
    assert not ask(A.BUY_PACKAGE, C).activates


@pytest.mark.parametrize("reason", ArchiveReason)
def test_some_reasons_forbid_to_come_back_by_booking(reason: ArchiveReason) -> None:
    who = client(stamp=stamp(reason=reason))
    refused = reason in {ArchiveReason.DISCHARGED, ArchiveReason.DECEASED}
    answer = ask(A.BOOK_APPOINTMENT, C, who)
    assert (answer.refusal, answer.activates) == ((R.NO_SELF_RETURN, False) if refused else (None, True))
    assert ask(A.BOOK_APPOINTMENT, S, who).allowed


def test_the_provider_chooses_those_reasons() -> None:
    who = client(stamp=stamp(reason=ArchiveReason.INACTIVE))
    answer = decide(A.BOOK_APPOINTMENT, C, who, EVERYTHING_ON, {ArchiveReason.INACTIVE})
    assert answer.refusal is R.NO_SELF_RETURN


@pytest.mark.parametrize("action", Action)
def test_nobody_may_do_what_is_not_for_them(action: Action) -> None:
    for actor in set(Actor) - set(TABLE[action].actors):
        assert ask(action, actor, ACTIVE).refusal is R.NOT_FOR_THIS_ACTOR


def test_every_refusal_has_a_sentence_for_people() -> None:
    assert set(SENTENCES) == set(Refusal)


@given(clients, portal_settings, st.sets(st.sampled_from(ArchiveReason)))
def test_every_answer_is_allowed_or_has_a_reason_and_says_it(
    who: object, settings: PortalSettings, reasons: set[ArchiveReason]
) -> None:
    for answer in permissions_of(who, settings, reasons):  # type: ignore[arg-type]
        assert answer.allowed is (answer.refusal is None)
        assert answer.sentence
        assert answer.allowed or not answer.activates


LEVELS = [
    ((True, False, False), True),
    ((False, True, True), False),
    ((None, False, True), False),
    ((None, True, False), True),
    ((None, None, False), False),
    ((None, None, None), True),
]


@pytest.mark.parametrize("switch", Switch)
@pytest.mark.parametrize(("words", "on"), LEVELS)
def test_p6_settings_resolve_client_over_group_over_provider(
    words: tuple[bool | None, ...], on: bool, switch: Switch
) -> None:
    levels = [PortalSettings(**{switch.value: word}) for word in words]
    assert resolve(*levels).is_on(switch) is on


@given(st.lists(portal_settings, max_size=4))
def test_resolved_settings_say_something_about_every_switch(levels: list[PortalSettings]) -> None:
    resolved = resolve(*levels)
    assert all(getattr(resolved, switch.value) in (True, False) for switch in Switch)
    assert resolve(resolved) == resolved
