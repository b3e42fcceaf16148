"""The providers of the local AWS: who has a practice there, and what its systems sign with."""

from __future__ import annotations

import base64
import secrets

from local.deploy import STACK
from local.ministack import LocalAws

PREFIX = f"/{STACK}/bookings/"
RECORDS_PREFIX = f"/{STACK}/records/"
SOURCES = ("calendar", "billing", "portal", "documents")
"""The systems that tell of records; on the local AWS they sign with what the scheduling system signs with."""


def add_provider(aws: LocalAws, provider_id: str) -> str:
    """Make up the secret that a provider's bookings and records are signed with, and return it."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    give_secret(aws, provider_id, secret)
    return secret


def give_secret(aws: LocalAws, provider_id: str, secret: str) -> None:
    """Make this what a provider's bookings and records are signed with."""
    names = [f"{PREFIX}{provider_id}", *(f"{RECORDS_PREFIX}{provider_id}/{source}" for source in SOURCES)]
    for name in names:
        aws.ssm.put_parameter(Name=name, Value=secret, Type="SecureString", Overwrite=True)


def booking_secrets(aws: LocalAws) -> dict[str, str]:
    """Return the secrets of all providers by provider id; a provider is one that has a secret."""
    pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path=PREFIX, WithDecryption=True)
    found = [parameter for page in pages for parameter in page["Parameters"]]
    return {parameter["Name"].removeprefix(PREFIX): parameter["Value"] for parameter in found}
