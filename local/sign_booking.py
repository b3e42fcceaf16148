"""Signs bookings as a scheduling system does; a signature is good for five minutes.

``python -m local.sign_booking < booking.json`` prints the headers that sign a body, for ``curl -H @file``. With
``--event`` it prints the documented event of the hook with a fresh signature, its client made up. The secret comes from
the environment, as ``BOOKING_SECRET``.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime

from local.sample_practice import PROVIDER_ID
from local.samples.catalogue import BOOKING_HOOK
from local.samples.files import text
from local.samples.given import DOCUMENTED
from local.signatures import signed_headers

SECRET = "BOOKING_SECRET"  # noqa: S105 - the name of a variable


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
        sys.stdout.write(text(BOOKING_HOOK, replace(DOCUMENTED, at=at, secret=secret)))
        return
    headers = signed_headers(secret, arguments.provider, sys.stdin.buffer.read(), at)
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in headers.items())


if __name__ == "__main__":
    main()
