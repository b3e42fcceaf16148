"""Writes the sample events for the practice that runs: their ids exist there, and are in the state they need."""

from __future__ import annotations

from pathlib import Path

from local.deploy import Deployed
from local.ministack import LocalAws
from local.providers import add_provider, booking_secrets
from local.samples.catalogue import SAMPLES
from local.samples.files import text, write
from local.samples.practice import practice_of, prepare
from local.stack import Progress

PROVIDER_ID = "prov-events"
"""Whose clients the events name: nobody else's lists and counts know them."""


def write_events(folder: Path, aws: LocalAws, deployed: Deployed, on_progress: Progress) -> None:
    """Make what the sample events need, each time new, and write them.

    Args:
        folder: where to; it holds nothing else.
        aws: the local AWS.
        deployed: what template.yaml has become there.
        on_progress: told how many of how many are done.
    """
    practice = practice_of(
        aws,
        deployed,
        provider_id=PROVIDER_ID,
        secret=booking_secrets(aws).get(PROVIDER_ID) or add_provider(aws, PROVIDER_ID),
    )
    given = prepare(practice, on_progress=on_progress)
    write(folder, {f"{sample.name}.json": text(sample, given[sample.name]) for sample in SAMPLES})
