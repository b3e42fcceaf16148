"""Puts the faulty step before the workflow's own ones, and kills Lambda workers."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Iterable
from pathlib import Path

from local.deploy import STACK
from local.ministack import CONFIG
from local.package import BUILD_FILES, zipped
from local.stack import PracticeStack
from local.template import ROOT

STEPS = (
    "prepare_retry",
    "mark_archived",
    "undo_archives",
    "cancel_commitments",
    "leave_chats",
    "silence_notifications",
    "settle_batch",
    "finish_run",
)


def make_faulty(stack: PracticeStack, steps: Iterable[str] = STEPS, *, seed: int, share: float) -> None:
    """Let this share of the deliveries to these steps fail, and deliver each twice."""
    functions = stack.aws.session.client("lambda", endpoint_url=stack.aws.endpoint, config=CONFIG)
    code = _with_faulty_steps()
    for step in steps:
        name = f"{STACK}-{step.replace('_', '-')}"
        known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        faulty = {"FAULTY_STEP": step, "FAULTY_SEED": str(seed), "FAULTY_SHARE": str(share)}
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.update_function_configuration(
            FunctionName=name, Handler="faulty_steps.lambda_handler", Environment={"Variables": {**known, **faulty}}
        )


def _with_faulty_steps() -> bytes:
    archive = io.BytesIO(zipped(ROOT / "functions", without=BUILD_FILES))
    with zipfile.ZipFile(archive, "a") as file:
        file.write(Path(__file__).with_name("steps.py"), "faulty_steps.py")
    return archive.getvalue()


def kill_a_worker(stack: PracticeStack) -> bool:
    """Kill one of the processes that functions run in, as a machine that fails does; tell whether there was one."""
    assert stack.aws.process
    workers = _children(stack.aws.process.pid)
    for worker in workers[:1]:
        os.kill(worker, signal.SIGKILL)
    return bool(workers)


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
