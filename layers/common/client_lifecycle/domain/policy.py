"""Who may do what while a client is archived: rules P1 to P12 as one pure function over one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings, Switch, resolve


class Action(StrEnum):
    """Everything another service of the platform may ask about."""

    SIGN_IN = "sign_in"
    VIEW_PROFILE = "view_profile"
    POST_IN_DIRECT_CHAT = "post_in_direct_chat"
    START_CHAT = "start_chat"
    VIEW_COMMUNITY_CHAT = "view_community_chat"
    POST_IN_COMMUNITY_CHAT = "post_in_community_chat"
    JOIN_COMMUNITY_CHAT = "join_community_chat"
    RECEIVE_BLAST = "receive_blast"
    BOOK_APPOINTMENT = "book_appointment"
    SHARE_DOCUMENT = "share_document"
    REQUEST_DOCUMENT = "request_document"
    REQUEST_FORM = "request_form"
    VIEW_SHARED = "view_shared"
    SEND_GOAL_REMINDER = "send_goal_reminder"
    ADD_FEED_ENTRY = "add_feed_entry"
    SEND_EMAIL = "send_email"
    BUY_PACKAGE = "buy_package"


class Actor(StrEnum):
    """Who wants to do it."""

    CLIENT = "client"
    STAFF = "staff"
    SYSTEM = "system"


class Refusal(StrEnum):
    """Why something is refused, for machines."""

    NOT_FOR_THIS_ACTOR = "not_for_this_actor"
    CLIENT_ARCHIVED = "client_archived"
    CHAT_DISABLED = "chat_disabled"
    COMMUNITY_CHATS_DISABLED = "community_chats_disabled"
    SCHEDULING_DISABLED = "scheduling_disabled"
    EMAIL_DISABLED = "email_disabled"
    NO_SELF_RETURN = "no_self_return"


class Rule(Struct, frozen=True, kw_only=True):
    """One line of the table.

    ``actors`` are those the action is for, the usual one first. ``switch`` is the setting that turns it off for the
    actors in ``switched``, archived or not.
    """

    number: str
    actors: tuple[Actor, ...]
    while_archived: bool
    switch: Switch | None = None
    switched: tuple[Actor, ...] = ()


class Permission(Struct, frozen=True, kw_only=True):
    """The answer to one question. ``activates`` tells that doing it brings the client back (P6)."""

    action: Action
    actor: Actor
    allowed: bool
    rule: str
    sentence: str
    refusal: Refusal | None = None
    activates: bool = False


_CLIENT, _STAFF, _SYSTEM = (Actor.CLIENT,), (Actor.STAFF,), (Actor.SYSTEM,)

TABLE: Mapping[Action, Rule] = {
    Action.SIGN_IN: Rule(number="P1", actors=_CLIENT, while_archived=True),
    Action.VIEW_PROFILE: Rule(number="P1", actors=_CLIENT, while_archived=True),
    Action.POST_IN_DIRECT_CHAT: Rule(
        number="P2",
        actors=_CLIENT + _STAFF,
        while_archived=True,
        switch=Switch.CHAT,
        switched=_CLIENT + _STAFF,
    ),
    Action.START_CHAT: Rule(number="P3", actors=_STAFF + _CLIENT, while_archived=False),
    Action.VIEW_COMMUNITY_CHAT: Rule(number="P4", actors=_CLIENT, while_archived=True),
    Action.POST_IN_COMMUNITY_CHAT: Rule(
        number="P4", actors=_CLIENT, while_archived=True, switch=Switch.COMMUNITY_CHATS, switched=_CLIENT
    ),
    Action.JOIN_COMMUNITY_CHAT: Rule(number="P5", actors=_STAFF + _SYSTEM, while_archived=False),
    Action.RECEIVE_BLAST: Rule(number="P5", actors=_STAFF + _SYSTEM, while_archived=False),
    Action.BOOK_APPOINTMENT: Rule(
        number="P6",
        actors=_CLIENT + _STAFF,
        while_archived=True,
        switch=Switch.SCHEDULE_APPOINTMENTS,
        switched=_CLIENT,
    ),
    Action.SHARE_DOCUMENT: Rule(number="P7", actors=_STAFF + _SYSTEM, while_archived=False),
    Action.REQUEST_DOCUMENT: Rule(number="P7", actors=_STAFF + _SYSTEM, while_archived=False),
    Action.REQUEST_FORM: Rule(number="P8", actors=_STAFF + _SYSTEM, while_archived=False),
    Action.VIEW_SHARED: Rule(number="P9", actors=_CLIENT, while_archived=True),
    Action.SEND_GOAL_REMINDER: Rule(number="P10", actors=_SYSTEM, while_archived=False),
    Action.ADD_FEED_ENTRY: Rule(number="P10", actors=_SYSTEM, while_archived=False),
    Action.SEND_EMAIL: Rule(
        number="P11",
        actors=_SYSTEM + _STAFF,
        while_archived=True,
        switch=Switch.EMAIL_NOTIFICATIONS,
        switched=_SYSTEM + _STAFF,
    ),
    Action.BUY_PACKAGE: Rule(number="P12", actors=_CLIENT, while_archived=True),
}
"""Rules P1 to P12."""

REFUSAL_OF: Mapping[Switch, Refusal] = {
    Switch.CHAT: Refusal.CHAT_DISABLED,
    Switch.COMMUNITY_CHATS: Refusal.COMMUNITY_CHATS_DISABLED,
    Switch.SCHEDULE_APPOINTMENTS: Refusal.SCHEDULING_DISABLED,
    Switch.EMAIL_NOTIFICATIONS: Refusal.EMAIL_DISABLED,
}

SENTENCES: Mapping[Refusal, str] = {
    Refusal.NOT_FOR_THIS_ACTOR: "This is not for them to do.",
    Refusal.CLIENT_ARCHIVED: "The client is archived. Activate the client first.",
    Refusal.CHAT_DISABLED: "Chat is switched off for this client.",
    Refusal.COMMUNITY_CHATS_DISABLED: "Community chats are read-only for this client.",
    Refusal.SCHEDULING_DISABLED: "Scheduling appointments is switched off for this client.",
    Refusal.EMAIL_DISABLED: "E-mail notifications are switched off for this client.",
    Refusal.NO_SELF_RETURN: "The client was archived for a reason that does not allow coming back by booking.",
}

ALLOWED = "Allowed."
ALLOWED_AND_ACTIVATES = "Allowed. It brings the client back to active."


def switches_of(client: Client, group: PortalSettings | None, provider: ProviderSettings) -> PortalSettings:
    """Resolve a client's switches over its group's, if it is in one, and its provider's (P6)."""
    return resolve(client.settings, group or PortalSettings(), provider.portal)


def decide(
    action: Action,
    actor: Actor,
    client: Client,
    settings: PortalSettings,
    no_self_return: Collection[ArchiveReason],
) -> Permission:
    """Decide whether ``actor`` may do ``action`` with or for ``client`` (P1-P12).

    Args:
        action: what is asked about.
        actor: who wants to do it.
        client: the client, active or archived.
        settings: the client's switches, resolved over group and provider.
        no_self_return: the provider's reasons for archiving after which a client may not come back by booking.
    """
    rule = TABLE[action]
    refusal = _refusal(rule, action, actor, client, settings, no_self_return)
    activates = refusal is None and action is Action.BOOK_APPOINTMENT and client.stamp is not None
    return Permission(
        action=action,
        actor=actor,
        allowed=refusal is None,
        rule=rule.number,
        sentence=SENTENCES[refusal] if refusal else ALLOWED_AND_ACTIVATES if activates else ALLOWED,
        refusal=refusal,
        activates=activates,
    )


def _refusal(
    rule: Rule,
    action: Action,
    actor: Actor,
    client: Client,
    settings: PortalSettings,
    no_self_return: Collection[ArchiveReason],
) -> Refusal | None:
    if actor not in rule.actors:
        return Refusal.NOT_FOR_THIS_ACTOR
    if client.stamp and not rule.while_archived:
        return Refusal.CLIENT_ARCHIVED
    if rule.switch and actor in rule.switched and not settings.is_on(rule.switch):
        return REFUSAL_OF[rule.switch]
    if client.stamp and action is Action.BOOK_APPOINTMENT and actor is Actor.CLIENT:
        return Refusal.NO_SELF_RETURN if client.stamp.reason in no_self_return else None
    return None


def permissions_of(
    client: Client, settings: PortalSettings, no_self_return: Collection[ArchiveReason]
) -> list[Permission]:
    """Decide everything at once: each action for each actor it is for."""
    return [
        decide(action, actor, client, settings, no_self_return)
        for action, rule in TABLE.items()
        for actor in rule.actors
    ]
