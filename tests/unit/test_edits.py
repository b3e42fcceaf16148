"""What a history tells of an edit: which fields, and their values only where they are no personal data."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Group
from client_lifecycle.domain.edits import EDITED, Edit, edits_between
from client_lifecycle.domain.settings import Level, PortalSettings, ProviderSettings, SafetySettings, TidyUp
from tests.support.builders import GROUP_ID, client, group

SET_OTHERWISE = {
    Client: {
        "provider_id",
        "client_id",
        "added_at",
        "stamp",
        "last_return",
        "plan",
        "made_good_at",
        "revision",
        "last_active_at",
    },
    Group: {"provider_id", "group_id"},
    ProviderSettings: set(),
}
"""Ids, and what is set by archiving, activating, planning, and by sources."""


@pytest.mark.parametrize("shape", EDITED, ids=lambda shape: shape.__name__)
def test_every_field_is_told_of_or_said_to_be_set_otherwise(shape: type[Struct]) -> None:
    assert {*EDITED[shape], *SET_OTHERWISE[shape]} == {*shape.__struct_fields__}
    assert not {*EDITED[shape]} & SET_OTHERWISE[shape]


def test_switches_and_groups_are_told_with_their_values() -> None:
    before = client(group_id=None, settings=PortalSettings(chat=True))
    after = replace(before, group_id=GROUP_ID, settings=PortalSettings(chat=False))
    assert edits_between(before, after) == (
        Edit(field="group_id", before=None, after=GROUP_ID),
        Edit(field="settings.chat", before=True, after=False),
    )


def test_personal_data_and_money_are_named_without_their_values() -> None:
    before = client()
    after = replace(before, name="Wren Underhay", email="wren@example.net", owed_cents=before.owed_cents + 1)
    assert edits_between(before, after) == (Edit(field="name"), Edit(field="email"), Edit(field="owed_cents"))
    known_elsewhere = replace(before, external_ids={"billing": "wren@example.net"})
    assert edits_between(before, known_elsewhere) == (Edit(field="external_ids.billing"),)


def test_of_a_new_group_all_that_was_given_is_told() -> None:
    made = group(settings=PortalSettings(chat=False))
    assert edits_between(None, made) == (Edit(field="name"), Edit(field="settings.chat", after=False))


def test_of_a_deleted_group_all_that_it_had_is_told() -> None:
    gone = group(settings=PortalSettings(chat=False))
    assert edits_between(gone, None) == (Edit(field="name"), Edit(field="settings.chat", before=False))


def test_settings_are_told_rule_by_rule() -> None:
    before = ProviderSettings(safety=SafetySettings(owes_money=Level.BLOCK))
    after = ProviderSettings(
        no_self_return=frozenset({ArchiveReason.INACTIVE, ArchiveReason.DECEASED}),
        tidy_up=TidyUp(inactive_days=90),
        time_zone=ZoneInfo("America/Los_Angeles"),
    )
    assert edits_between(before, after) == (
        Edit(field="safety.owes_money", before="block", after="allow"),
        Edit(field="no_self_return", before=("deceased", "discharged"), after=("deceased", "inactive")),
        Edit(field="time_zone", before="UTC", after="America/Los_Angeles"),
        Edit(field="tidy_up.inactive_days", after=90),
        Edit(field="tidy_up.starts_by_itself", after=False),
        Edit(field="tidy_up.veto_days", after=7),
    )
