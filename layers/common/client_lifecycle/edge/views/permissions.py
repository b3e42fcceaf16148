"""Answers about what is allowed with a client."""

from __future__ import annotations

from typing import Literal

from client_lifecycle.domain.client import (
    Status,
)
from client_lifecycle.domain.policy import TABLE, Action, Actor, Permission, Refusal
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge.views.shared import UnreadableField, View
from client_lifecycle.edge.views.value_models import Shown
from client_lifecycle.storage.clients import client_not_found


class PermissionView(View):
    """Whether one actor may do one thing; ``activates`` tells that doing it brings the client back."""

    action: Action
    actor: Actor
    allowed: bool
    reason: Refusal | None
    rule: str
    sentence: str
    activates: bool

    @classmethod
    def of(cls, permission: Permission) -> PermissionView:
        """Show an answer."""
        return cls(
            action=permission.action,
            actor=permission.actor,
            allowed=permission.allowed,
            reason=permission.refusal,
            rule=permission.rule,
            sentence=permission.sentence,
            activates=permission.activates,
        )


class PermissionsView(View):
    """All that is allowed with a client; ``settings`` are its switches, resolved over its group and provider."""

    client_id: str
    status: Status
    settings: Shown[PortalSettings]
    permissions: list[PermissionView]
    unreadable: UnreadableField


class RefusedView(View):
    """A client that an action is refused for, and why; an id that is no client's, or of one that is damaged, is too."""

    client_id: str
    reason: Refusal | Literal["client_not_found", "client_unreadable"]
    rule: str
    sentence: str

    @classmethod
    def of(cls, client_id: str, action: Action, permission: Permission | None, *, is_damaged: bool) -> RefusedView:
        """Show a refusal, ``None`` for an id that is no client's, or the one of a client that cannot be read."""
        reason: Refusal | Literal["client_not_found", "client_unreadable"]
        if is_damaged:
            reason, sentence = "client_unreadable", "What is stored of this client cannot be read."
        elif permission is None or permission.refusal is None:
            reason, sentence = "client_not_found", client_not_found().message
        else:
            reason, sentence = permission.refusal, permission.sentence
        return cls(client_id=client_id, reason=reason, rule=TABLE[action].number, sentence=sentence)


class PermissionCheckView(View):
    """Who of many clients an action is allowed for, and who not; each in the order asked."""

    action: Action
    actor: Actor
    allowed: list[str]
    refused: list[RefusedView]
    unreadable: UnreadableField
