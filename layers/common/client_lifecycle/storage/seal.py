"""Seals short texts with a key in KMS, so that nobody else can read, change or make them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from msgspec import Struct

from client_lifecycle.storage.retries import persistently

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

CHECKSUM_BYTES = 9

NOT_OURS = frozenset({"IncorrectKeyException", "InvalidCiphertextException", "ValidationException"})
"""What KMS says of a text that this key has not sealed, or that was changed since."""


class BrokenSeal(Exception):
    """A text was not sealed here, or was changed since."""


class Seal(Struct, frozen=True):
    """A symmetric key that never leaves KMS; a sealed text is opaque, and safe in a URL.

    Every call raises ``StorageBusy`` when throttles or a connection's faults outlast the time there is.
    """

    client: KMSClient
    key_id: str

    def close(self, text: str) -> str:
        """Return a text of up to 4,096 bytes, sealed."""
        answer = persistently(lambda: self.client.encrypt(KeyId=self.key_id, Plaintext=text.encode()))
        return _written(answer["CiphertextBlob"])

    def open(self, sealed: str) -> str:
        """Return a text that was sealed here.

        Raises:
            BrokenSeal: it was not, or is not as it was.
        """
        blob = _read(sealed)
        try:
            answer = persistently(lambda: self.client.decrypt(KeyId=self.key_id, CiphertextBlob=blob))
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_OURS:
                raise BrokenSeal from error
            raise
        return str(answer["Plaintext"], "utf-8")


def _written(blob: bytes) -> str:
    return base64.urlsafe_b64encode(_checksum(blob) + blob).decode().rstrip("=")


def _read(sealed: str) -> bytes:
    """Return the bytes that were written so; what was cut, mistyped or made up is not worth a call of KMS.

    Whether they were sealed here is told by KMS alone.
    """
    try:
        written = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    except binascii.Error as error:
        raise BrokenSeal from error
    blob = written[CHECKSUM_BYTES:]
    if _written(blob) != sealed:
        raise BrokenSeal
    return blob


def _checksum(blob: bytes) -> bytes:
    return hashlib.sha256(blob).digest()[:CHECKSUM_BYTES]
