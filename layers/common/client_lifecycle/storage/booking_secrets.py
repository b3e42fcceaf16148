"""Reads the secrets that scheduling systems sign with, one per provider. Imports botocore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

STAGES = ("AWSCURRENT", "AWSPREVIOUS")


@dataclass(frozen=True, slots=True)
class BookingSecrets:
    """The secrets in Secrets Manager, named ``<prefix>/<provider id>``."""

    client: SecretsManagerClient
    prefix: str

    def of(self, provider_id: str) -> list[str]:
        """Return the provider's current secret and, while one is being rotated out, the one before it."""
        found = (self._read(provider_id, stage) for stage in STAGES)
        return [secret for secret in found if secret]

    def _read(self, provider_id: str, stage: str) -> str | None:
        try:
            answer = self.client.get_secret_value(SecretId=f"{self.prefix}/{provider_id}", VersionStage=stage)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return answer["SecretString"]
