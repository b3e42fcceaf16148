"""Signs bookings as a scheduling system does; a signature is good for five minutes.

``python -m local.sign_booking < booking.json`` prints the headers that sign a body, for ``curl -H @file``. With
``--event`` it prints the sample event of the hook signed anew, for ``sam local invoke BookingHookFunction -e -``. The
secret comes from the environment, as ``BOOKING_SECRET``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime

from client_lifecycle.edge.signature import sign
from local.sample_practice import PROVIDER_ID
from local.template import ROOT

EVENT = ROOT / "events" / "booking_hook.json"
SECRET = "BOOKING_SECRET"  # noqa: S105 - the name of a variable


def signed_headers(secret: str, provider_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers that sign a body at this moment."""
    return {"Content-Type": "application/json", "X-Provider": provider_id, "X-Signature": sign(secret, body, at)}


def signed_event(secret: str, at: datetime) -> str:
    """Return the sample event with a signature of this moment."""
    event = json.loads(EVENT.read_text(encoding="utf-8"))
    headers = signed_headers(secret, event["headers"]["X-Provider"], event["body"].encode(), at)
    event |= {"headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}
    return json.dumps(event, indent=2) + "\n"


def main() -> None:
    """Print the headers that sign the body read from standard input, or a signed event."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--provider", default=PROVIDER_ID, help="whose secret it is (default: %(default)s)")
    parser.add_argument("--event", action="store_true", help="print the sample event, signed; read nothing")
    arguments = parser.parse_args()
    secret, at = os.environ.get(SECRET), datetime.now(UTC)
    if not secret:
        parser.error(f"set {SECRET} to the provider's secret")
    if arguments.event:
        sys.stdout.write(signed_event(secret, at))
        return
    headers = signed_headers(secret, arguments.provider, sys.stdin.buffer.read(), at)
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in headers.items())


if __name__ == "__main__":
    main()
