"""How much of a cold start each function costs, beside the floor and beside a naive function.

``python -m benchmarks.cold_start`` installs what the layer pins, byte-compiles it as the build does, and starts each
function in fresh processes: import of the handler and the first DynamoDB client, as CPU time net of the interpreter.
The floor is Powertools' ``Logger`` and a botocore client; the naive function imports boto3, the resolver with
validation, idempotency, parser and metrics. All of them are started in turn in one run, so the ratios hold on a noisy
machine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.meter import Spent
from benchmarks.rows import Row
from local.template import ROOT, read_template

FLOOR = """
import botocore.session
from aws_lambda_powertools import Logger
Logger(service="floor")
botocore.session.Session().create_client("dynamodb", region_name="us-east-1")
"""
NAIVE = """
import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, idempotent
from aws_lambda_powertools.utilities.parser import event_parser
from pydantic import BaseModel
Logger(service="naive")
Metrics(namespace="naive")
APIGatewayRestResolver(enable_validation=True)
boto3.client("dynamodb", region_name="us-east-1")
"""
OURS = """
import {module}
from client_lifecycle.edge import wiring
wiring.table()
"""
MEASURED = """
import sys, time
before, started = len(sys.modules), time.process_time()
{code}
print(time.process_time() - started, len(sys.modules) - before)
"""
ENVIRONMENT = {
    "TABLE_NAME": "table",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def subjects() -> dict[str, str]:
    """Return the code to measure by name: floor and naive first, then every function of the template."""
    resources = read_template()["Resources"].items()
    handlers = {
        name: resource["Properties"]["Handler"].rsplit(".", 1)[0]
        for name, resource in resources
        if resource["Type"] == "AWS::Serverless::Function"
    }
    return {
        "floor": FLOOR,
        "naive": NAIVE,
        **{name: OURS.format(module=module) for name, module in sorted(handlers.items())},
    }


def install(python: str, folder: Path) -> list[Path]:
    """Install and byte-compile the layer and what the runtime brings, and return the folders to import from."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
    layer, runtime = folder / "layer", folder / "runtime"
    pinned = ROOT / "layers" / "common" / "requirements.txt"
    subprocess.run([*pip, layer, "--no-deps", "--require-hashes", "--requirement", pinned], check=True)  # noqa: S603
    subprocess.run([*pip, runtime, "boto3"], check=True)  # noqa: S603
    subprocess.run(["cp", "-R", ROOT / "layers" / "common" / "client_lifecycle", layer], check=True)  # noqa: S603, S607
    subprocess.run(["cp", "-R", ROOT / "functions", folder], check=True)  # noqa: S603, S607
    compiling = [python, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compiling, folder], check=True)  # noqa: S603
    return [folder / "functions", layer, runtime]


def start(python: str, code: str, path: list[Path]) -> tuple[float, int]:
    """Start code in a fresh process; return its CPU milliseconds and the number of modules it loads."""
    environment = {**ENVIRONMENT, "PYTHONPATH": ":".join(map(str, path))}
    answer = subprocess.run(  # noqa: S603
        [python, "-s", "-c", MEASURED.format(code=code)], check=True, capture_output=True, text=True, env=environment
    )
    seconds, modules = answer.stdout.split()
    return float(seconds) * 1000, int(modules)


def measure(python: str, runs: int, path: list[Path]) -> Mapping[str, tuple[float, int]]:
    """Return the median CPU milliseconds and the module count of every subject, all of them started in turn."""
    started: dict[str, list[tuple[float, int]]] = {name: [] for name in subjects()}
    for _ in range(runs):
        for name, code in subjects().items():
            started[name].append(start(python, code, path))
    return {name: (statistics.median(ms for ms, _ in those), those[0][1]) for name, those in started.items()}


def rows(python: str, runs: int) -> list[Row]:
    """Return the median of all functions, and the slowest, with this Python or else the one that runs here.

    There are none where pip reaches no index.
    """
    for one in (python, sys.executable):
        with TemporaryDirectory() as folder, suppress(OSError, subprocess.CalledProcessError):
            return rows_of(measure(one, runs, install(one, Path(folder))))
    return []


def rows_of(measured: Mapping[str, tuple[float, int]]) -> list[Row]:
    """Return the rows of the one table for what was measured."""
    spent = {name: Spent(cpu_seconds=cpu_ms / 1_000) for name, (cpu_ms, _) in measured.items()}
    floor, naive = spent.pop("floor"), spent.pop("naive")
    in_order = sorted(spent, key=lambda name: spent[name].cpu_seconds)
    median, slowest = in_order[len(in_order) // 2], in_order[-1]
    return [
        Row(f"cold start, the median: {median}", spent[median], floor, naive),
        Row(f"cold start, the slowest: {slowest}", spent[slowest], floor, naive),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="python3.13", help="the deployed runtime's Python")
    parser.add_argument("--runs", type=int, default=7, help="fresh processes of each function")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        print("Installing what the layer pins ...", file=sys.stderr)
        path = install(asked.python, Path(folder))
        measured = measure(asked.python, asked.runs, path)
    floor_ms = measured["floor"][0]
    print(f"{'function':34}{'CPU ms':>8}{'x floor':>9}{'modules':>9}")
    for name, (cpu_ms, modules) in measured.items():
        print(f"{name:34}{cpu_ms:8.0f}{cpu_ms / floor_ms:9.2f}{modules:9}")


if __name__ == "__main__":
    main()
