"""The switches of the client portal and a provider's own rules."""

from __future__ import annotations

from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from client_lifecycle.domain.archive_reasons import ArchiveReason

DEFAULT_TIME_ZONE = ZoneInfo("UTC")
DEFAULT_CURRENCY = "USD"


class Switch(StrEnum):
    """What a provider can turn off for a client, for a group, or for everyone (P2, P4, P6, P11)."""

    CHAT = "chat"
    COMMUNITY_CHATS = "community_chats"
    SCHEDULE_APPOINTMENTS = "schedule_appointments"
    EMAIL_NOTIFICATIONS = "email_notifications"


class PortalSettings(Struct, frozen=True, kw_only=True):
    """The switches at one level; ``None`` leaves the decision to the level above."""

    chat: bool | None = None
    community_chats: bool | None = None
    schedule_appointments: bool | None = None
    email_notifications: bool | None = None

    def is_on(self, switch: Switch) -> bool:
        """Tell whether a switch is on; one that nobody has set is."""
        return getattr(self, switch.value) is not False


def resolve(*levels: PortalSettings) -> PortalSettings:
    """Combine levels of switches, the client's first, then the group's, then the provider's (P6).

    The first level that says anything about a switch decides it; what no level says is on.
    """
    return PortalSettings(**{switch.value: _first_word(switch, levels) for switch in Switch})


def _first_word(switch: Switch, levels: tuple[PortalSettings, ...]) -> bool:
    words = (getattr(level, switch.value) for level in levels)
    return next((word for word in words if word is not None), True)


class Level(StrEnum):
    """What a safety rule does when it applies to a client who is to be archived."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class SafetyRule(StrEnum):
    """The rules a provider can set to ``allow``, ``warn`` or ``block``."""

    OWES_MONEY = "owes_money"
    HAS_CREDITS = "has_credits"
    APPOINTMENT_SOON = "appointment_soon"
    PAYMENT_CHARGING = "payment_charging"


class SafetySettings(Struct, frozen=True, kw_only=True):
    """How careful a provider wants to be before a client is archived; by default nothing is held back.

    An appointment is soon if its day is no more than ``appointment_within_days`` days of the practice after today.
    """

    owes_money: Level = Level.ALLOW
    has_credits: Level = Level.ALLOW
    appointment_soon: Level = Level.ALLOW
    payment_charging: Level = Level.ALLOW
    appointment_within_days: int = 7


class TidyUp(Struct, frozen=True, kw_only=True):
    """A provider's wish that clients who went quiet are proposed for archiving from time to time.

    Quiet clients were not active for ``inactive_days``, have nothing booked and owe nothing. A proposal waits for
    staff. With ``starts_by_itself`` it starts after ``veto_days``, unless staff have stopped it or taken the wish back.
    """

    inactive_days: int
    starts_by_itself: bool = False
    veto_days: int = 7


class ReaderSettings(Struct, frozen=True, kw_only=True):
    """What a provider shows to staff who may only read: by default neither money nor notes."""

    see_money: bool = False
    see_notes: bool = False


class ProviderSettings(Struct, frozen=True, kw_only=True):
    """What a provider has decided for all clients, and its name.

    New clients' amounts are in ``currency``, if nothing else is said. A bulk archive can be undone for
    ``undo_window_days`` after it ended. All days are days of ``time_zone`` (T1).
    """

    portal: PortalSettings = field(default_factory=PortalSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)
    no_self_return: frozenset[ArchiveReason] = frozenset({ArchiveReason.DISCHARGED, ArchiveReason.DECEASED})
    undo_window_days: int = 30
    tidy_up: TidyUp | None = None
    time_zone: ZoneInfo = DEFAULT_TIME_ZONE
    readers: ReaderSettings = field(default_factory=ReaderSettings)
    name: str | None = None
    currency: str = DEFAULT_CURRENCY
