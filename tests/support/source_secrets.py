"""The secrets that sources sign with, where the hooks read them; and calls that are signed so."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import boto3

from client_lifecycle.edge import wiring
from client_lifecycle.edge.signature import sign_webhook
from tests.support.builders import PROVIDER_ID
from tests.support.calls import Answer, request

PREFIX = "/test/records"
SECRET = f"whsec_{b64encode(b'all sources sign with this .....').decode()}"


def give_secret(source: str, secret: str = SECRET, *, provider_id: str = PROVIDER_ID) -> None:
    """Make this the current secret of a provider's source."""
    name = f"{PREFIX}/{provider_id}/{source}"
    boto3.client("ssm").put_parameter(Name=name, Value=secret, Type="SecureString", Overwrite=True)


def tell(method: str, address: str, source: str, body: dict[str, Any], *, secret: str = SECRET) -> Answer:
    """Make a signed call of a source, of this moment."""
    raw = json.dumps({"provider_id": PROVIDER_ID, **body})
    signed = sign_webhook([secret], "msg_1", raw.encode(), wiring.now())
    headers = {"X-Provider": PROVIDER_ID, "X-Source": source, **signed}
    return request(method, address, raw=raw, claims=None, headers=headers)
