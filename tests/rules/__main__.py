"""Break each rule in turn, and show that a test that docs/rules.md cites for it fails.

With numbers of rules, those alone: ``python -m tests.rules P4 A2``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from tests.rules.check import Tried, check
from tests.rules.citations import cited
from tests.rules.mutations import MUTATIONS

AT_A_TIME = 2

LIBRARIES = (
    "aws_lambda_powertools.event_handler",
    "boto3",
    "cryptography",
    "hypothesis",
    "idna",
    "moto.dynamodb",
    "moto.kms",
    "moto.s3",
    "moto.stepfunctions",
    "pydantic",
    "ulid",
    "yaml",
)
"""What each trial would import by itself."""


def main(rules: Sequence[str]) -> int:
    """Try the mutations of these rules, or of all; return 0 if each is caught."""
    began_at = time.monotonic()
    mutations = [mutation for mutation in MUTATIONS if not rules or mutation.rule in rules]
    if unknown := set(rules) - {mutation.rule for mutation in mutations}:
        print(f"There is no mutation of {', '.join(sorted(unknown))}.")
        return 2
    for library in LIBRARIES:
        import_module(library)
    wrong = []
    for number, tried in enumerate(check(mutations, cited(), at_a_time=AT_A_TIME)):
        print(f"{number:4} of {len(mutations)}  {_told(tried)}", flush=True)
        wrong += [] if tried.is_as_it_should_be else [tried]
    print(f"\n{len(mutations)} mutations, {len(wrong)} of them not caught, in {time.monotonic() - began_at:.0f} s")
    for tried in wrong:
        print(_told(tried))
    return 1 if wrong else 0


def _told(tried: Tried) -> str:
    verdict, test = tried.finding.verdict.value, tried.finding.detail.rpartition("::")[2]
    if tried.mutation is None:
        rule, what, verdict = "", "nothing is broken", "passes" if tried.is_as_it_should_be else verdict
    else:
        rule, what = tried.mutation.rule, tried.mutation.what
    return f"{rule:4}{verdict:15}{tried.seconds:5.1f} s  {what:66}  {test}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.rules", description=__doc__)
    parser.add_argument("rules", nargs="*", help="numbers of rules")
    sys.exit(main(parser.parse_args().rules))
