"""Starts and stops MiniStack, the embedded AWS: one process on loopback, IAM enforced, nothing left behind.

What it is started with is complete: no profile, proxy or endpoint of the surrounding shell reaches it or the clients
handed out here.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import httpx
from botocore.config import Config

from local.server import PERSIST_STATE, SAVE_SECONDS

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cognito_idp import CognitoIdentityProviderClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_ssm import SSMClient
    from types_boto3_stepfunctions import SFNClient

HOST = "127.0.0.1"
DEFAULT_PORT = 4566
REGION = "us-east-1"
ACCOUNT_KEY = "test"
START_SECONDS = 60
STOP_SECONDS = SAVE_SECONDS + 5
ATTEMPTS = 5
LAMBDA_ENVIRONMENTS = 64
LOG = "ministack.log"
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
ALREADY_IN_USE = "already in use"

CONFIG = Config(proxies={}, max_pool_connections=64, connect_timeout=5, read_timeout=60)
"""How clients call: past every proxy, over many connections, never waiting forever."""


class LocalAwsFailed(Exception):
    """The local AWS did not start, or something asked of it went wrong; the message is for people."""


class PortTaken(LocalAwsFailed):
    """The one port that will do is taken."""


@dataclass(frozen=True)
class LocalAws:
    """A running AWS on this machine: its address, its log, and clients of the account's root user.

    ``mark`` tells it from any other that may answer at the same address later.
    """

    endpoint: str
    mark: str = ""
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process that was started has not ended."""
        return self.process is not None and self.process.poll() is None

    @cached_property
    def session(self) -> boto3.Session:
        """A session that reads no profile and no configuration file."""
        nothing = (None, None, None, None)
        no_file = (None, None, os.devnull, None)
        core = botocore.session.Session(
            session_vars={"profile": nothing, "config_file": no_file, "credentials_file": no_file}
        )
        return boto3.Session(
            aws_access_key_id=ACCOUNT_KEY,
            aws_secret_access_key=ACCOUNT_KEY,
            region_name=REGION,
            botocore_session=core,
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """A CloudFormation client."""
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def cognito(self) -> CognitoIdentityProviderClient:
        """A client of Cognito's user pools."""
        return self.session.client("cognito-idp", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """A DynamoDB client."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def lambda_(self) -> Any:
        """A Lambda client."""
        return self.session.client("lambda", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def logs(self) -> Any:
        """A CloudWatch Logs client."""
        return self.session.client("logs", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def s3(self) -> S3Client:
        """An S3 client."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def ssm(self) -> SSMClient:
        """A Systems Manager client, for its Parameter Store."""
        return self.session.client("ssm", endpoint_url=self.endpoint, config=CONFIG)

    @cached_property
    def stepfunctions(self) -> SFNClient:
        """A Step Functions client."""
        return self.session.client("stepfunctions", endpoint_url=self.endpoint, config=CONFIG)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that MiniStack logged."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def local_aws(
    *, port: int | None = None, keep: Path | None = None, say: Callable[[str], None] = lambda _: None
) -> Iterator[LocalAws]:
    """Start MiniStack and stop it, with every Lambda worker it has spawned, when the block ends in whatever way.

    Args:
        port: the port to listen on if it is free; by default any free one.
        keep: the folder that its state is read from at the start and written to at the end; by default it is forgotten.
            The state names the port, so no other is chosen.
        say: told, in a sentence, when another port had to be chosen.

    Raises:
        LocalAwsFailed: it did not come up; the message holds the end of its log.
        PortTaken: another port would have to be chosen, and state is kept.
    """
    with tempfile.TemporaryDirectory(prefix="client-archive-", ignore_cleanup_errors=True) as folder:
        chosen = _free_port(port)
        if port and chosen != port:
            if keep:
                raise PortTaken(f"Port {port} is taken by another program, and the state that is kept needs it.")
            say(_taken(port, chosen))
        for _ in range(ATTEMPTS):
            with _running(Path(folder), chosen, keep) as aws:
                if aws.is_running:
                    yield aws
                    return
            if ALREADY_IN_USE not in aws.log_tail():
                break
            taken, chosen = chosen, _free_port(None)
            say(_taken(taken, chosen))
        raise LocalAwsFailed(f"MiniStack did not start. The end of its log:\n{aws.log_tail()}")


@contextmanager
def _running(folder: Path, port: int, keep: Path | None) -> Iterator[LocalAws]:
    """Start MiniStack on this port; should it not come up in time, it has ended when the block begins."""
    mark = secrets.token_hex(8)
    process = _launch(folder, _environment(folder, port, mark) | (_persistent(keep) if keep else {}))
    try:
        aws = LocalAws(f"http://{HOST}:{port}", mark, folder / LOG, process)
        if not _comes_up(process, aws.endpoint, mark):
            _stop(process)
        yield aws
    finally:
        _stop(process)


def _free_port(wanted: int | None) -> int:
    if wanted and _is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    """Tell whether nobody answers on a port and it can be listened on."""
    with socket.socket() as caller, socket.socket() as listener:
        caller.settimeout(1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return caller.connect_ex((HOST, port)) != 0


def _taken(port: int, chosen: int) -> str:
    return f"Port {port} is taken by another program, so port {chosen} is used."


def _launch(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, no outside input
            [sys.executable, "-m", "local.server", str(folder)],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(folder: Path, port: int, mark: str) -> dict[str, str]:
    """Return all that MiniStack gets to know; ``mark`` comes back in its health answer and tells it from others."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        **{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        "HOME": str(folder),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "MINISTACK_EDITION": mark,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(LAMBDA_ENVIRONMENTS),
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
    }


def _persistent(keep: Path) -> dict[str, str]:
    """Return what makes MiniStack keep its state."""
    folder = keep.resolve()
    _forget_stream_positions(folder / "state" / "lambda.json")
    return {
        PERSIST_STATE: "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
    }


def _forget_stream_positions(state: Path) -> None:
    """Let functions read tables' streams from their beginning.

    MiniStack 1.5 keeps how far they have read and forgets the streams: they would wait for as many writes again.
    """
    if state.exists():
        kept = json.loads(state.read_text(encoding="utf-8"))
        kept["payload"]["dynamodb_stream_positions"] = {}
        state.write_text(json.dumps(kept), encoding="utf-8")


def _comes_up(process: subprocess.Popen[bytes], endpoint: str, mark: str) -> bool:
    """Wait until this very process answers; tell whether it does before it ends or the time is up."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers(endpoint, mark):
            return True
        time.sleep(0.05)
    return False


def answers(endpoint: str, mark: str) -> bool:
    """Tell whether the local AWS with this mark answers at an address."""
    try:
        with httpx.Client(trust_env=False, timeout=2) as http:
            return bool(http.get(f"{endpoint}/_ministack/health").json().get("edition") == mark)
    except (httpx.HTTPError, ValueError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let go of the lifeline (see ``server``); end the group by force should that not do."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
