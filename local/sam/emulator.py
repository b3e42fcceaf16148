"""Runs built functions with Lambda's runtime interface emulator and client, on Linux and without a container.

The emulator comes with the SAM CLI. It takes one request at a time.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from local.functions import Function
from local.invoking import Invocation
from local.ministack import HOST, LocalAws
from local.sam.build import HERE, PROCESSORS, SAM, CannotBuild, built_here, missing, runtime_python, this_machine
from local.sam.environment import environment
from local.template import ROOT, function_properties, read_template

LOCK = ROOT / "requirements" / "runtime.txt"
START_SECONDS = 10.0
ADDRESS = "/2015-03-31/functions/function/invocations"


def cannot_emulate() -> str | None:
    """Tell in a sentence why functions cannot be run this way here, or nothing."""
    if sys.platform != "linux":
        return "The runtime interface emulator runs on Linux only."
    return missing()


@contextmanager
def emulated(built: Path, function: Function, variables: Mapping[str, str]) -> Iterator[Callable[[bytes], Invocation]]:
    """Run a built function until the block ends; what the block is given invokes it with an event.

    Args:
        built: the folder of a build for this machine.
        function: the function.
        variables: the function's, see ``environment``.

    Raises:
        CannotBuild: the runtime could not be installed, or the emulator did not start.
    """
    ports = _free_ports()
    with tempfile.TemporaryDirectory() as folder, _caller(built, function) as http:
        log = Path(folder) / "log"
        process = _start(built, function, variables, ports, log)
        try:
            _wait(process, ports[0], log)
            yield lambda event: _invoke(http, ports[0], event, log)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _caller(built: Path, function: Function) -> httpx.Client:
    return httpx.Client(trust_env=False, timeout=START_SECONDS + _properties(built, function)["Timeout"])


def _properties(built: Path, function: Function) -> dict[str, Any]:
    return function_properties(read_template(built / "template.yaml"), function.logical_id)


def _start(
    built: Path, function: Function, variables: Mapping[str, str], ports: tuple[int, int], log: Path
) -> subprocess.Popen[bytes]:
    runtime, properties = runtime_folder(), _properties(built, function)
    task = built / function.logical_id
    callers, clients = (f"{HOST}:{port}" for port in ports)
    addresses = ["--runtime-interface-emulator-address", callers, "--runtime-api-address", clients]
    client = [str(runtime_python()), "-m", "awslambdaric", function.handler]
    told = {
        **variables,
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
        "LAMBDA_TASK_ROOT": str(task),
        "_HANDLER": function.handler,
        "PYTHONPATH": os.pathsep.join(map(str, (task, built / "ClientLifecycleLayer" / "python", runtime))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log.open("wb") as file:
        return subprocess.Popen(  # noqa: S603 - our own arguments
            [str(_emulator()), "--log-level", "error", *addresses, *client],
            cwd=task,
            env=told,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _emulator() -> Path:
    name = f"samcli/local/rapid/aws-lambda-rie-{PROCESSORS[this_machine()]}"
    return next((SAM.parent.parent / "lib").glob(f"python3*/site-packages/{name}"))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as caller:
            if caller.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.01)
    raise CannotBuild(f"The emulator did not start:\n{log.read_text(errors='replace')}")


def _invoke(http: httpx.Client, port: int, event: bytes, log: Path) -> Invocation:
    before = log.stat().st_size
    told = http.post(f"http://{HOST}:{port}{ADDRESS}", content=event)
    logged = log.read_bytes()[before:].decode(errors="replace")
    try:
        answer = told.json()
    except ValueError:
        answer = {"errorType": "NoAnswer", "errorMessage": told.text}
    return Invocation.judged(answer, logged)


def invoke_in_emulator(aws: LocalAws, function: Function, event: bytes) -> Invocation:
    """Invoke a function as it is built from the sources, with the emulator, on the practice that runs.

    Args:
        aws: where the practice runs.
        function: the function.
        event: JSON.

    Raises:
        CannotBuild: something is missing, or the build failed.
    """
    with emulated(built_here(), function, environment(aws, function)) as invoke:
        return invoke(event)


def runtime_folder() -> Path:
    """Return the folder of what Lambda's Python runtime brings, the interface client and boto3; it is installed once.

    Raises:
        CannotBuild: it could not be installed.
    """
    folder = HERE / f"runtime-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not (folder / "ready").exists():
        _install(folder)
        (folder / "ready").touch()
    return folder


def _install(folder: Path) -> None:
    wanted = ["--require-hashes", "--requirement", str(LOCK), "--target", str(folder), "--only-binary", ":all:"]
    platforms = [f"--platform=manylinux{version}_{this_machine()}" for version in ("_2_28", "_2_17", "2014")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    python = ["--implementation", "cp", "--python-version", "3.13"]
    for command in (
        [*pip, *wanted, *python, *platforms],
        [str(runtime_python()), "-m", "compileall", "-q", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
        if done.returncode:
            raise CannotBuild(f"Lambda's runtime could not be installed:\n{done.stderr}")
