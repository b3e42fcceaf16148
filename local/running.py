"""The practice that runs: what ``up`` leaves in a folder, ``.local/``, by which other terminals find it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from client_lifecycle.storage.table import Table
from local.deploy import Deployed, read_deployed
from local.functions import UnknownName
from local.ministack import ACCOUNT_KEY, REGION, LocalAws, answers
from local.providers import booking_secrets
from local.staff import Role, sign_in
from local.template import ROOT

FOLDER = ROOT / ".local"
PRACTICE = "practice.json"
ENVIRONMENT = "aws.env"
EVENTS = "events"


class NothingRuns(Exception):
    """A command needs a practice that runs, and there is none; the message is for people."""


@dataclass(frozen=True, slots=True)
class Running:
    """A practice that runs, as another terminal finds it.

    Args:
        folder: where its files are.
        aws: the local AWS.
        deployed: what template.yaml has become there.
    """

    folder: Path
    aws: LocalAws
    deployed: Deployed

    @property
    def table(self) -> Table:
        """The table of clients and their records."""
        return Table(self.aws.dynamodb, self.deployed.table_name)

    @property
    def booking_secrets(self) -> dict[str, str]:
        """What the scheduling system of each provider signs bookings with, by provider id."""
        return booking_secrets(self.aws)

    def booking_secret(self, provider_id: str) -> str:
        """Return what a provider's scheduling system signs bookings with.

        Raises:
            UnknownName: there is no such provider.
        """
        there = self.booking_secrets
        if provider_id not in there:
            raise UnknownName(f"There is no provider {provider_id}. There are: {', '.join(there)}.")
        return there[provider_id]

    def token(self, provider_id: str, role: Role = Role.MANAGER) -> str:
        """Return a token, for an hour, of a member of a provider's staff.

        Raises:
            UnknownName: there is no such provider.
        """
        self.booking_secret(provider_id)
        return sign_in(self.aws.cognito, self.deployed, provider_id, role=role)


def find(folder: Path) -> Running:
    """Find the practice that runs.

    Raises:
        NothingRuns: there is none, or it has ended without tidying up.
    """
    try:
        left = json.loads((folder / PRACTICE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NothingRuns("Nothing is running here. Start it in another terminal: make run") from None
    if not answers(left["endpoint"], left["mark"]):
        raise NothingRuns("What was running here has ended. Start it again in another terminal: make run")
    aws = LocalAws(left["endpoint"], left["mark"], Path(left["log"]))
    return Running(folder, aws, read_deployed(aws))


def is_running(folder: Path) -> bool:
    """Tell whether a practice runs that this folder tells of."""
    try:
        find(folder)
    except NothingRuns:
        return False
    return True


@contextmanager
def announced(folder: Path, aws: LocalAws, environment: str) -> Iterator[None]:
    """Leave the files by which other terminals find a practice, until the block ends.

    Args:
        folder: where to.
        aws: the local AWS that runs it.
        environment: lines of shell, see ``shell_environment``.
    """
    practice = json.dumps({"endpoint": aws.endpoint, "mark": aws.mark, "log": str(aws.log)}) + "\n"
    files = {folder / PRACTICE: practice, folder / ENVIRONMENT: environment}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for file, text in files.items():
            _write_whole(file, text)
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _write_whole(file: Path, text: str) -> None:
    """Write a file for its owner alone, which nobody sees half written."""
    half = file.with_suffix(".half")
    half.touch(mode=0o600)
    half.write_text(text, encoding="utf-8")
    half.replace(file)


def shell_environment(aws: LocalAws, deployed: Deployed, *, token: str, booking_secret: str) -> str:
    """Return lines of shell that point AWS tools at the local AWS, and the README's calls at the practice."""
    values = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "NO_PROXY": "127.0.0.1",
        "API": deployed.api_url,
        "TOKEN": token,
        "BOOKING_SECRET": booking_secret,
        "RECORDS_SECRET": booking_secret,
    }
    return "unset AWS_PROFILE AWS_SESSION_TOKEN\n" + "".join(
        f"export {name}={value}\n" for name, value in values.items()
    )
