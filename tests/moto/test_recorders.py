"""What this version stores can be recorded at any time, and the newest recording has an item of every kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from client_lifecycle.domain.records import RecordKind
from client_lifecycle.storage import keys
from local.template import ROOT
from tests.support.recorded import DAYS, recorded


@pytest.mark.parametrize(("module", "file"), [("record", "items.json"), ("in_flight", "in_flight.json")])
def test_a_recording_is_made_by_its_command(tmp_path: Path, module: str, file: str) -> None:
    command = [sys.executable, "-m", f"tests.recorded.{module}", str(tmp_path / "today")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert json.loads((tmp_path / "today" / file).read_text(encoding="utf-8"))


def test_the_newest_recording_has_an_item_of_every_kind() -> None:
    stored = {kind_of(item["pk"], item["sk"]) for item in recorded(DAYS[-1])}
    assert {kind for kind in kinds() if kind not in stored} == set()


def kinds() -> set[tuple[str, str]]:
    """Return the kinds that the table of keys lists, as their prefixes, with a client's record of each kind."""
    rows = [row.split() for row in (keys.__doc__ or "").splitlines() if "#" in row]
    listed = {next((row[n], row[n + 1]) for n in range(len(row)) if row[n].isupper() or "#" in row[n]) for row in rows}
    records = {("CLIENT", kind.upper()) for kind in RecordKind}
    return records | {kind_of(partition, sort_key.rstrip(";,")) for partition, sort_key in listed} - {("CLIENT", "")}


def kind_of(partition: str, sort_key: str) -> tuple[str, str]:
    """Return the prefixes of a key; what is an id of somebody's own is no prefix."""
    prefix = sort_key.partition("#")[0]
    return partition.partition("#")[0], prefix if prefix.isupper() else ""
