"""Rules E1, E10, E11, A1: the two transitions of a client."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from msgspec.structs import fields, replace

from client_lifecycle.domain.client import (
    BETWEEN_FLIPS,
    ArchiveOptions,
    Client,
    Reactivation,
    Stamp,
    Status,
    activate,
    archive,
    next_flip_at,
    with_last_active,
)
from client_lifecycle.domain.settings import PortalSettings
from tests.support.builders import ARCHIVE_ID, DAY, GROUP_ID, MOMENT, NOW, cause, client, plan, stamp
from tests.support.strategies import clients, moments, stamps

ACTIVE = client()
ARCHIVED = client(stamp=stamp())

WELL_KNOWN = client(
    group_id=GROUP_ID,
    credit_cents=500,
    owed_cents=700,
    last_active_at=NOW - DAY,
    settings=PortalSettings(chat=False, email_notifications=True),
)
"""A client of whom everything is said."""


def test_there_are_two_statuses_and_no_third() -> None:
    assert set(Status) == {"active", "archived"}


def test_a_client_is_archived_exactly_while_it_carries_a_stamp() -> None:
    assert ACTIVE.status is Status.ACTIVE
    assert ARCHIVED.status is Status.ARCHIVED


@pytest.mark.parametrize(
    ("before", "verb", "status"),
    [
        (ACTIVE, "archive", Status.ARCHIVED),
        (ARCHIVED, "archive", Status.ARCHIVED),
        (ARCHIVED, "activate", Status.ACTIVE),
        (ACTIVE, "activate", Status.ACTIVE),
    ],
    ids=["archive an active", "archive an archived", "activate an archived", "activate an active"],
)
def test_every_transition(before: Client, verb: str, status: Status) -> None:
    after = archive(before, stamp(), ArchiveOptions()) if verb == "archive" else activate(before, cause(), NOW)
    assert after.status is status


def test_e1_archiving_sets_the_stamp_and_nothing_else() -> None:
    expected = replace(WELL_KNOWN, stamp=stamp(), revision=WELL_KNOWN.revision + 1)
    assert archive(WELL_KNOWN, stamp(), ArchiveOptions()) == expected


def test_e1_an_archived_client_keeps_the_stamp_of_its_first_archive() -> None:
    later = stamp("01KLATER", archived_at=NOW + DAY)
    assert archive(ARCHIVED, later, ArchiveOptions()) is ARCHIVED


def test_a1_activating_removes_the_stamp_notes_the_return_and_nothing_else() -> None:
    back = Reactivation(archive_id=ARCHIVE_ID, returned_at=NOW, cause=cause())
    archived = replace(WELL_KNOWN, stamp=stamp())
    expected = replace(archived, stamp=None, last_return=back, revision=archived.revision + 1)
    assert activate(archived, cause(), NOW) == expected


def test_a1_an_active_client_stays_as_it_is() -> None:
    assert activate(ACTIVE, cause(), NOW) is ACTIVE


BACK = client(last_return=Reactivation(archive_id=ARCHIVE_ID, returned_at=NOW, cause=cause()))


@pytest.mark.parametrize("before", [ARCHIVED, BACK], ids=["archived at that time", "back at that time"])
@pytest.mark.parametrize("at", [NOW - DAY, NOW, NOW + MOMENT])
def test_an_archive_or_return_with_an_earlier_time_follows_the_last_one(before: Client, at: datetime) -> None:
    assert next_flip_at(before, at) == NOW + BETWEEN_FLIPS
    assert next_flip_at(before, NOW + DAY) == NOW + DAY
    assert next_flip_at(ACTIVE, at) == at


def test_e10_the_client_stays_in_its_group() -> None:
    assert archive(client(group_id=GROUP_ID), stamp(), ArchiveOptions()).group_id == GROUP_ID
    assert activate(client(group_id=GROUP_ID, stamp=stamp()), cause(), NOW).group_id == GROUP_ID


def test_e10_a_group_given_with_the_archive_moves_the_client_at_once() -> None:
    moved = archive(client(group_id=GROUP_ID), stamp(), ArchiveOptions(group_id="group-former"))
    assert moved.group_id == "group-former"


def test_any_archive_fulfils_the_plan_to_archive_later() -> None:
    assert archive(client(plan=plan()), stamp(), ArchiveOptions()).plan is None


def test_p11_muting_at_archive_time_switches_e_mail_off_and_nothing_else() -> None:
    muted = archive(ACTIVE, stamp(), ArchiveOptions(mute_email=True))
    assert muted.settings == replace(ACTIVE.settings, email_notifications=False)
    assert archive(ACTIVE, stamp(), ArchiveOptions()).settings == ACTIVE.settings


@given(clients, stamps)
def test_e11_there_and_back_only_revision_and_plan_differ(before: Client, mark: Stamp) -> None:
    after = activate(archive(replace(before, stamp=None), mark, ArchiveOptions()), cause(), NOW)
    differing = {field.name for field in fields(before) if getattr(after, field.name) != getattr(before, field.name)}
    assert differing <= {"revision", "stamp", "last_return", "plan"}
    assert (after.credit_cents, after.owed_cents, after.currency) == (
        before.credit_cents,
        before.owed_cents,
        before.currency,
    )


@given(clients, stamps)
def test_the_revision_rises_with_every_write_and_with_nothing_else(before: Client, mark: Stamp) -> None:
    for after in (archive(before, mark, ArchiveOptions()), activate(before, cause(), NOW)):
        assert after.revision == before.revision + (after != before)


@given(clients, moments)
def test_a_client_is_inactive_since_the_latest_sign_of_life(before: Client, at: datetime) -> None:
    signs = [before.added_at, before.last_active_at, before.last_return and before.last_return.returned_at]
    assert before.inactive_since == max(sign for sign in signs if sign)
    after = with_last_active(before, at)
    assert after.inactive_since == max(before.inactive_since, at)
    assert replace(after, last_active_at=before.last_active_at) == before


def test_what_is_seen_late_takes_nothing_back() -> None:
    assert with_last_active(client(last_active_at=NOW), NOW - DAY).last_active_at == NOW
