"""The secrets that providers' bookings are signed with, where the hook reads them."""

from __future__ import annotations

import boto3

PREFIX = "/test/bookings"


def give_secret(provider_id: str, secret: str) -> None:
    """Make this a provider's current secret; the one that was current is the one before it."""
    boto3.client("ssm").put_parameter(Name=f"{PREFIX}/{provider_id}", Value=secret, Type="SecureString", Overwrite=True)


def take_secrets(provider_id: str) -> None:
    """Take a provider's secrets away."""
    boto3.client("ssm").delete_parameter(Name=f"{PREFIX}/{provider_id}")
