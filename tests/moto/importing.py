"""Carries an import out in this process, by the shipped workflow: what is uploaded, checked, confirmed and reported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from tests.moto.conftest import IMPORT_BUCKET
from tests.support.builders import PROVIDER_ID
from tests.support.calls import get, invoke, post
from tests.support.state_machine import IMPORTS, Log, Reached, Replay, State, carried_out, replay


@dataclass(frozen=True, slots=True)
class Importing:
    """One import of the practice."""

    import_id: str

    @property
    def address(self) -> str:
        """Where it is."""
        return f"/imports/{self.import_id}"

    def check(self, mapping: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Check what was uploaded, and return what staff see then."""
        answer = post(f"{self.address}/check", {"mapping": dict(mapping or {})})
        assert answer.status == 202, answer.body
        return self.carried_out()

    def confirm(self, *, overwrite: bool = False) -> dict[str, Any]:
        """Confirm what was checked, and return what staff see when it has ended."""
        self.start(overwrite=overwrite)
        return self.carried_out()

    def start(self, *, overwrite: bool = False) -> None:
        """Confirm what was checked."""
        token = self.seen()["token"]
        answer = post(f"{self.address}/confirm", {"token": token, "overwrite": overwrite})
        assert answer.status == 202, answer.body

    def seen(self) -> dict[str, Any]:
        """Return what staff see."""
        body: dict[str, Any] = get(self.address).body
        return body

    def carried_out(self) -> dict[str, Any]:
        """Carry out the present attempt to its end, and return what staff see then."""

        def replayed(log: Log) -> Reached:
            return replay(IMPORTS, self.given(), Replay(log, _read_items))

        carried_out(replayed, self.deliver)
        return self.seen()

    def given(self) -> State:
        """Return the input of the execution of the present attempt."""
        seen = self.seen()
        key = f"imports/{PROVIDER_ID}/{self.import_id}/manifest-{seen['attempt']}.json"
        return {
            "provider_id": PROVIDER_ID,
            "run_id": self.import_id,
            "attempt": seen["attempt"],
            "phase": seen["phase"],
            "manifest": {"bucket": IMPORT_BUCKET, "key": key},
        }

    def deliver(self, package: str, event: State) -> Any:
        """Carry out one step."""
        return invoke(f"{package}.handler.lambda_handler", event)

    def report(self) -> list[dict[str, str]]:
        """Return the rows of the report, whose address staff are given."""
        assert get(f"{self.address}/report").status == 200
        key = f"imports/{PROVIDER_ID}/{self.import_id}/report-{self.seen()['attempt']}.csv"
        body = boto3.client("s3").get_object(Bucket=IMPORT_BUCKET, Key=key)["Body"].read()
        return list(csv.DictReader(io.StringIO(body.decode(), newline="")))

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each row by its number."""
        return {line["row"]: line["outcome"] for line in self.report()}


def uploaded(text: str | bytes, *, kind: str = "clients", form: str = "csv", source: str = "crm") -> Importing:
    """Ask for an upload, and upload a file."""
    answer = post("/imports", {"kind": kind, "format": form, "source": source})
    assert answer.status == 201, answer.body
    run = Importing(answer.body["import_id"])
    body = text if isinstance(text, bytes) else text.encode()
    boto3.client("s3").put_object(Bucket=IMPORT_BUCKET, Key=answer.body["upload"]["fields"]["key"], Body=body)
    return run


def uploaded_lines(*rows: Mapping[str, Any], kind: str = "clients") -> Importing:
    """The same, of JSON Lines."""
    return uploaded("\n".join(map(json.dumps, rows)), kind=kind, form="json_lines")


def _read_items(bucket: str, key: str) -> list[Any]:
    items: list[Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return items
