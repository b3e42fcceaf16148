"""The providers of the local AWS: who has a practice there, and what its scheduling system signs bookings with."""

from __future__ import annotations

import secrets

from local.deploy import STACK
from local.ministack import LocalAws

PREFIX = f"/{STACK}/bookings/"


def add_provider(aws: LocalAws, provider_id: str) -> str:
    """Make up the secret that a provider's bookings are signed with, and return it."""
    secret = secrets.token_urlsafe()
    aws.ssm.put_parameter(Name=f"{PREFIX}{provider_id}", Value=secret, Type="SecureString")
    return secret


def booking_secrets(aws: LocalAws) -> dict[str, str]:
    """Return the secrets of all providers by provider id; a provider is one that has a secret."""
    pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=PREFIX, WithDecryption=True)
    found = [parameter for page in pages for parameter in page["Parameters"]]
    return {parameter["Name"].removeprefix(PREFIX): parameter["Value"] for parameter in found}
