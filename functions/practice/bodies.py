"""What callers send about groups and settings: what is unknown or out of range is refused by its field's name."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from pydantic import AfterValidator, Field, StringConstraints

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Group
from client_lifecycle.domain.settings import (
    Level,
    PortalSettings,
    ProviderSettings,
    ReaderSettings,
    SafetySettings,
    TidyUp,
)
from client_lifecycle.edge.bodies import MAX_NAMED, Body, Name, PortalBody, Whole, not_given
from client_lifecycle.edge.field_errors import Misfit
from client_lifecycle.use_cases.ids import new_id

SafetyLevel = Annotated[Level, Field(strict=False)]
Reason = Annotated[ArchiveReason, Field(strict=False)]


def _known_zone(name: str) -> str:
    if name not in files("tzdata").joinpath("zones").read_text(encoding="utf-8").splitlines():
        raise Misfit("not_a_time_zone", "a time zone is named like America/Los_Angeles")
    return name


TimeZone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_known_zone),
    Field(json_schema_extra={"format": "time-zone"}),
]
"""The name of a time zone in the IANA's database."""


class NewGroupBody(Body):
    """A client group to make."""

    name: Name
    settings: PortalBody = Field(default_factory=PortalBody)

    def group(self, provider_id: str, at: datetime) -> Group:
        """Return the group, with an id of its own."""
        group_id = new_id(at)
        settings = self.settings.over(PortalSettings())
        return Group(provider_id=provider_id, group_id=group_id, name=self.name, settings=settings)


class GroupBody(Body):
    """What to change of a client group; fields left out stay as they are."""

    name: Name = Field(default_factory=not_given)
    settings: PortalBody = Field(default_factory=PortalBody)

    def over(self, group: Group) -> Group:
        """Return a group with these changes."""
        said = self.model_dump(exclude_unset=True, exclude={"settings"})
        return replace(group, **said, settings=self.settings.over(group.settings))


class SafetyBody(Body):
    """How careful to be before a client is archived; rules left out stay as they are."""

    owes_money: SafetyLevel = Field(default_factory=not_given)
    has_credits: SafetyLevel = Field(default_factory=not_given)
    appointment_soon: SafetyLevel = Field(default_factory=not_given)
    payment_charging: SafetyLevel = Field(default_factory=not_given)
    appointment_within_days: Whole = Field(default_factory=not_given, ge=0, le=365)

    def over(self, safety: SafetySettings) -> SafetySettings:
        """Return safety settings with what is said here."""
        return replace(safety, **self.model_dump(exclude_unset=True))


class TidyUpBody(Body):
    """When clients count as quiet, and whether a proposal to archive them starts by itself after a time for a veto."""

    inactive_days: Whole = Field(ge=30, le=3_650)
    starts_by_itself: bool = False
    veto_days: Whole = Field(default=7, ge=1, le=30)

    def tidy_up(self) -> TidyUp:
        """Return the wish."""
        return TidyUp(**self.model_dump())


class ReadersBody(Body):
    """What staff who may only read are shown; what is left out stays as it is."""

    see_money: bool = Field(default_factory=not_given)
    see_notes: bool = Field(default_factory=not_given)

    def over(self, readers: ReaderSettings) -> ReaderSettings:
        """Return settings for readers with what is said here."""
        return replace(readers, **self.model_dump(exclude_unset=True))


class SettingsBody(Body):
    """What to change for all clients; what is left out stays as it is.

    ``no_self_return`` and ``tidy_up`` are replaced as a whole; ``tidy_up: null`` ends the proposals. ``name`` is the
    practice's, ``null`` for none.
    """

    portal: PortalBody = Field(default_factory=PortalBody)
    safety: SafetyBody = Field(default_factory=SafetyBody)
    no_self_return: list[Reason] = Field(default_factory=not_given, max_length=MAX_NAMED)
    undo_window_days: Whole = Field(default_factory=not_given, ge=1, le=365)
    tidy_up: TidyUpBody | None = None
    time_zone: TimeZone = Field(
        default_factory=not_given, description="By its name in the IANA's database, like America/Los_Angeles."
    )
    readers: ReadersBody = Field(default_factory=ReadersBody)
    name: Name | None = None
    currency: str = Field(default_factory=not_given, pattern=r"^[A-Z]{3}$")

    def over(self, settings: ProviderSettings) -> ProviderSettings:
        """Return settings with these changes."""
        said = self.model_dump(exclude_unset=True, include={"undo_window_days", "name", "currency"})
        if "no_self_return" in self.model_fields_set:
            said["no_self_return"] = frozenset(self.no_self_return)
        if "tidy_up" in self.model_fields_set:
            said["tidy_up"] = self.tidy_up and self.tidy_up.tidy_up()
        if "time_zone" in self.model_fields_set:
            said["time_zone"] = ZoneInfo(self.time_zone)
        portal, safety = self.portal.over(settings.portal), self.safety.over(settings.safety)
        return replace(settings, portal=portal, safety=safety, readers=self.readers.over(settings.readers), **said)
