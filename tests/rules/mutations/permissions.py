"""Mutations of who may do what while archived, rules P1 to P12: the cells of the table, and what reads it."""

from __future__ import annotations

from tests.rules.mutation import Mutation
from tests.rules.mutations.archiving import CLIENT
from tests.rules.mutations.policy_cells import POLICY, cells

BOOK = "client_lifecycle.use_cases.book"
CLIENTS = "client_lifecycle.use_cases.clients"
SETTINGS = "client_lifecycle.domain.settings"

ACTIVATES = "action is Action.BOOK_APPOINTMENT and client.stamp is not None"
SWITCHES = "resolve(client.settings, group or PortalSettings(), provider.portal)"

PERMISSIONS = [
    *cells(),
    Mutation(
        "P2",
        "a chat switched off is refused as something else",
        POLICY,
        "Switch.CHAT: Refusal.CHAT_DISABLED",
        "Switch.CHAT: Refusal.EMAIL_DISABLED",
    ),
    Mutation(
        "P4",
        "community chats switched off are refused as something else",
        POLICY,
        "Refusal.COMMUNITY_CHATS_DISABLED,\n    Switch",
        "Refusal.CHAT_DISABLED,\n    Switch",
    ),
    Mutation(
        "P6",
        "scheduling switched off is refused as something else",
        POLICY,
        "Refusal.SCHEDULING_DISABLED,\n    Switch",
        "Refusal.CHAT_DISABLED,\n    Switch",
    ),
    Mutation(
        "P11",
        "e-mail switched off is refused as something else",
        POLICY,
        "Switch.EMAIL_NOTIFICATIONS: Refusal.EMAIL_DISABLED",
        "Switch.EMAIL_NOTIFICATIONS: Refusal.CHAT_DISABLED",
    ),
    Mutation("P6", "booking does not activate", POLICY, ACTIVATES, "False"),
    Mutation("P6", "booking activates an active client", POLICY, ACTIVATES, "action is Action.BOOK_APPOINTMENT"),
    Mutation(
        "P6",
        "a switch that nobody has set is off",
        SETTINGS,
        "if word is not None), True)",
        "if word is not None), False)",
    ),
    Mutation(
        "P6",
        "a switch is on once any level says so",
        SETTINGS,
        "return next((word for word in words if word is not None), True)",
        "return any(words)",
    ),
    Mutation("P6", "the group is not asked", POLICY, SWITCHES, "resolve(client.settings, provider.portal)"),
    Mutation(
        "P6", "the provider is not asked", POLICY, SWITCHES, "resolve(client.settings, group or PortalSettings())"
    ),
    Mutation("P6", "the client is not asked", POLICY, SWITCHES, "resolve(group or PortalSettings(), provider.portal)"),
    Mutation(
        "P6",
        "the group comes before the client",
        POLICY,
        SWITCHES,
        "resolve(group or PortalSettings(), client.settings, provider.portal)",
    ),
    Mutation(
        "P6",
        "the provider comes before the group",
        POLICY,
        SWITCHES,
        "resolve(client.settings, provider.portal, group or PortalSettings())",
    ),
    Mutation(
        "P6",
        "what the policy refuses is booked",
        BOOK,
        "return refusal_for(permission.refusal) if permission.refusal else None",
        "return None",
    ),
    Mutation("P6", "staff book as the client does", BOOK, "actor = ACTORS[booking.booked_by]", "actor = Actor.CLIENT"),
    Mutation(
        "P6",
        "the reason for archiving is not asked",
        POLICY,
        "Refusal.NO_SELF_RETURN if client.stamp.reason in no_self_return else None",
        "None",
    ),
    Mutation("P11", "e-mail is not muted with the archive", CLIENT, "if options.mute_email else", "if False else"),
    Mutation("P11", "every archive mutes e-mail", CLIENT, "if options.mute_email else", "if True else"),
    Mutation(
        "P11",
        "muting e-mail switches chats off too",
        CLIENT,
        "replace(client.settings, email_notifications=False)",
        "replace(client.settings, email_notifications=False, chat=False)",
    ),
    Mutation(
        "P12",
        "buying a package activates",
        POLICY,
        ACTIVATES,
        "action in (Action.BOOK_APPOINTMENT, Action.BUY_PACKAGE) and client.stamp is not None",
    ),
]
