"""The providers of the local AWS: who has a practice there, and what its scheduling system signs bookings with."""

from __future__ import annotations

import secrets

from local.deploy import STACK
from local.ministack import LocalAws

PREFIX = f"{STACK}/bookings/"


def add_provider(aws: LocalAws, provider_id: str) -> str:
    """Make up the secret that a provider's bookings are signed with, and return it."""
    secret = secrets.token_urlsafe()
    aws.secretsmanager.create_secret(Name=f"{PREFIX}{provider_id}", SecretString=secret)
    return secret


def booking_secrets(aws: LocalAws) -> dict[str, str]:
    """Return the secrets of all providers by provider id; a provider is one that has a secret."""
    pages = aws.secretsmanager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [PREFIX]}])
    names = [secret["Name"] for page in pages for secret in page["SecretList"]]
    return {
        name.removeprefix(PREFIX): aws.secretsmanager.get_secret_value(SecretId=name)["SecretString"] for name in names
    }
