"""Sign a body as a source does: python sign.py prov-maple calendar msg-1 < body.json prints the headers.

The secret comes from the environment, as RECORDS_SECRET.
"""

import base64
import hashlib
import hmac
import os
import sys
import time


def headers(secret: str, provider_id: str, source: str, message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body now; they are good for five minutes."""
    seconds = int(time.time())
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Provider": provider_id,
        "X-Source": source,
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


if __name__ == "__main__":
    signed = headers(os.environ["RECORDS_SECRET"], *sys.argv[1:4], sys.stdin.buffer.read())
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in signed.items())
