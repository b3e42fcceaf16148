"""The whole practice on this machine: the local AWS, the deployed template, the sample data, a signed-in user.

The demo, ``up`` and the tests all stand on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from client_lifecycle.storage.table import Table
from local.api import Api
from local.deploy import Deployed, deploy
from local.faults import explained
from local.ministack import LocalAws, local_aws
from local.package import SOURCES, Code
from local.providers import add_provider
from local.sample_practice import PROVIDER_ID, SamplePractice, generate, items, load
from local.staff import sign_in
from local.telling import tell

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""

Loading = Callable[[Table, str, int, Progress], SamplePractice]
"""Makes up a provider's practice of so many clients and loads it into a table."""


class Watcher(Protocol):
    """Someone who wants to know what is going on."""

    def say(self, text: str) -> None:
        """Hear a sentence."""

    def step(self, title: str) -> AbstractContextManager[Progress]:
        """See a step begin and end, and how far it is in between."""


class Nobody:
    """A watcher who does not listen."""

    def say(self, text: str) -> None:
        """Drop the sentence."""

    def step(self, title: str) -> AbstractContextManager[Progress]:  # noqa: ARG002
        """Drop the step."""
        return nullcontext(lambda _done, _total: None)


@dataclass(frozen=True, slots=True)
class PracticeStack:
    """What a running practice consists of.

    ``api`` carries the ID token of a user who may archive; ``booking_secret`` is what its scheduling system signs with.
    """

    aws: LocalAws
    deployed: Deployed
    table: Table
    practice: SamplePractice
    api: Api
    booking_secret: str


@contextmanager
def deployed_system(
    *, port: int | None = None, keep: Path | None = None, code: Code = SOURCES, watcher: Watcher
) -> Iterator[tuple[LocalAws, Deployed]]:
    """Start the local AWS with the deployed template; stop it when the block ends in whatever way.

    Args:
        port: the port to listen on if it is free; by default any free one.
        keep: the folder where its state is kept from one start to the next; by default it starts with no data.
        code: what is deployed.
        watcher: told what is going on.

    Raises:
        LocalAwsFailed: the local AWS did not start, or the template could not be deployed.
    """
    with ExitStack() as running:
        with watcher.step("Starting MiniStack"):
            aws = running.enter_context(local_aws(port=port, keep=keep, say=watcher.say))
        running.enter_context(explained(aws))
        with watcher.step("Deploying template.yaml") as progress:
            deployed = deploy(aws, progress, code=code)
        yield aws, deployed


def load_practice(table: Table, provider_id: str, clients: int, progress: Progress) -> SamplePractice:
    """Make up a practice as of now and load it as its own systems would."""
    at = datetime.now(UTC)
    practice = generate(provider_id=provider_id, clients=clients, at=at)
    tell(table, practice, at, progress)
    return practice


def write_practice(table: Table, provider_id: str, clients: int, progress: Progress) -> SamplePractice:
    """Make up a practice as of now and write it into the table directly, which is fast: for large ones."""
    practice = generate(provider_id=provider_id, clients=clients, at=datetime.now(UTC))
    total = sum(1 for _ in items(practice))
    load(table, practice, lambda written: progress(written, total))
    return practice


@contextmanager
def practice_stack(
    *, clients: int = 240, port: int | None = None, load_with: Loading = load_practice, watcher: Watcher | None = None
) -> Iterator[PracticeStack]:
    """Start everything with the sample practice, and stop it when the block ends in whatever way.

    Args:
        clients: the size of the sample practice.
        port: the port to listen on if it is free; by default any free one.
        load_with: makes the practice up and loads it.
        watcher: told what is going on.

    Raises:
        LocalAwsFailed: the local AWS did not start, or the template could not be deployed.
    """
    seen = watcher or Nobody()
    with deployed_system(port=port, watcher=seen) as (aws, deployed):
        table = Table(aws.dynamodb, deployed.table_name)
        with seen.step("Loading the sample practice") as progress:
            practice = load_with(table, PROVIDER_ID, clients, progress)
        with seen.step("Signing in a member of staff"):
            token = sign_in(aws.cognito, deployed, practice.provider_id)
        with Api(deployed.api_url, token) as api:
            yield PracticeStack(aws, deployed, table, practice, api, add_provider(aws, practice.provider_id))


def open_practice(aws: LocalAws, deployed: Deployed, provider_id: str, clients: int, progress: Progress) -> None:
    """Give a new provider a sample practice."""
    add_provider(aws, provider_id)
    load_practice(Table(aws.dynamodb, deployed.table_name), provider_id, clients, progress)
