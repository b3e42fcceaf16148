"""Signs the sample event of the booking hook anew, for a signature is good for five minutes.

``python -m local.sign_booking --secret S`` prints the event for ``sam local invoke``; ``--header`` prints the
signature of a body read from standard input, for curl.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from client_lifecycle.edge.signature import sign
from local.template import ROOT

EVENT = ROOT / "events" / "booking_hook.json"


def signed_event(secret: str, at: datetime) -> str:
    """Return the sample event with a signature of this moment."""
    event = json.loads(EVENT.read_text(encoding="utf-8"))
    signature = sign(secret, event["body"], at)
    event["headers"]["X-Signature"] = signature
    event["multiValueHeaders"]["X-Signature"] = [signature]
    return json.dumps(event, indent=2) + "\n"


def main() -> None:
    """Print the signed event, or the signature of a body."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--secret", required=True, help="the provider's secret")
    parser.add_argument("--header", action="store_true", help="read a body, print its signature")
    arguments = parser.parse_args()
    at = datetime.now(UTC)
    if arguments.header:
        print(sign(arguments.secret, sys.stdin.read(), at))
    else:
        sys.stdout.write(signed_event(arguments.secret, at))


if __name__ == "__main__":
    main()
