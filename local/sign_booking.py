"""Signs bookings as a scheduling system does; a signature is good for five minutes.

``python -m local.sign_booking < booking.json`` prints the headers that sign a body, for ``curl -H @file``. The secret
comes from the environment, as ``BOOKING_SECRET``.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from local.sample_practice import PROVIDER_ID
from local.signatures import signed_headers

SECRET = "BOOKING_SECRET"  # noqa: S105 - the name of a variable


def main() -> None:
    """Print the headers that sign the body read from standard input."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--provider", default=PROVIDER_ID, help="whose secret it is (default: %(default)s)")
    arguments = parser.parse_args()
    secret = os.environ.get(SECRET)
    if not secret:
        parser.error(f"set {SECRET} to the provider's secret")
    headers = signed_headers(secret, arguments.provider, sys.stdin.buffer.read(), datetime.now(UTC))
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in headers.items())


if __name__ == "__main__":
    main()
