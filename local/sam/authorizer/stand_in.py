"""Stands in for Cognito's authorizer under ``sam local start-api``, which has none: it reads a token's claims.

It believes every token. It ships nowhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def lambda_handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Allow the call that an ID token comes with, and pass its claims on as Cognito's authorizer does: all as text.

    A text that is no token is denied.

    Args:
        event: what API Gateway asks an authorizer of the type TOKEN.
    """
    try:
        claims = _claims(event["authorizationToken"].removeprefix("Bearer "))
    except ValueError:
        claims = {}
    effect = "Allow" if claims else "Deny"
    told = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": claims.get("sub", "nobody"),
        "policyDocument": {"Version": "2012-10-17", "Statement": [told]},
        "context": {"claims": claims},
    }


def _claims(token: str) -> dict[str, str]:
    _header, payload, _signature = token.split(".")
    padded = payload + "=" * (-len(payload) % 4)
    return {name: _text(value) for name, value in json.loads(base64.urlsafe_b64decode(padded)).items()}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
