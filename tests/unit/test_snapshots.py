"""The API's functions may start from a snapshot of what they import: it holds nothing unique and no connection."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.template import ROOT, read_template

RESOURCES: dict[str, dict[str, Any]] = read_template()["Resources"]
BEHIND_THE_API = sorted(
    function["Properties"]["Handler"].split(".")[0]
    for function in RESOURCES.values()
    if "SnapStart" in function.get("Properties", {})
)
WATCH = """
import gc, importlib, json, socket, sys

UNIQUE = {"getrandbits", "getrandom", "monotonic", "now", "random", "seed", "time", "time_ns", "today", "urandom",
          "utcnow", "uuid1", "uuid4"}
met = set()

def watch(frame, event, called):
    if event == "c_call" and called.__name__ in UNIQUE:
        met.add((called.__name__, frame.f_globals["__name__"]))
    elif event == "call" and frame.f_code.co_name in UNIQUE and frame.f_back:
        met.add((frame.f_code.co_name, frame.f_back.f_globals["__name__"]))

def refused(*_, **__):
    raise OSError("no call leaves the process at import")

socket.getaddrinfo = socket.socket.connect = refused
sys.setprofile(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
sys.setprofile(None)
kept = {type(kept).__qualname__ for kept in gc.get_objects() if isinstance(kept, socket.socket)}
if "botocore.client" in sys.modules:
    client = sys.modules["botocore.client"].BaseClient
    kept |= {type(kept).__qualname__ for kept in gc.get_objects() if isinstance(kept, client)}
print(json.dumps([sorted(met), sorted(kept)]))
"""
BY_PYTHON = {("seed", "random"), ("time", "datetime"), ("time", "logging"), ("time_ns", "logging")}
"""What modules of Python's own ask for when they are imported, of which nothing here makes use."""

CARELESS = """
import random, socket, time, uuid
from datetime import UTC, datetime
from botocore.session import Session

ID, STARTED, CHANCE, AT = uuid.uuid4(), datetime.now(UTC), random.random(), time.time()
CLIENT = Session().create_client("sqs", region_name="us-east-1", aws_access_key_id="1", aws_secret_access_key="2")
SOCKET = socket.socket()
"""


def met_at_import(*modules: str, path: Path = ROOT) -> tuple[set[tuple[str, str]], list[str]]:
    """What was asked for that is unique to a moment or a process, by whom, and what kinds of connection are kept."""
    command = [sys.executable, "-c", WATCH, *modules]
    answer = subprocess.run(command, cwd=path, check=True, capture_output=True, text=True)
    met, kept = json.loads(answer.stdout)
    return {(name, by) for name, by in met}, kept


def test_a_function_imports_nothing_unique_and_makes_no_connection() -> None:
    met, kept = met_at_import(*(f"{package}.handler" for package in BEHIND_THE_API))
    assert met <= BY_PYTHON
    assert kept == []


def test_what_is_unique_or_connected_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text(CARELESS, encoding="utf-8")
    met, kept = met_at_import("careless", path=tmp_path)
    assert {("uuid4", "careless"), ("now", "careless"), ("random", "careless"), ("time", "careless")} <= met
    assert {"SQS", "socket"} <= set(kept)


@pytest.mark.parametrize("folder", ["layers", "functions"])
def test_chance_is_that_of_the_operating_system(folder: str) -> None:
    """A snapshot holds the seed of Python's own generator."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert "random" not in {alias.name for alias in node.names}, path
            elif isinstance(node, ast.ImportFrom) and node.module == "random":
                assert [alias.name for alias in node.names] == ["SystemRandom"], path
