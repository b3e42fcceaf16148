"""The process in which MiniStack runs: it lives exactly as long as the process that started it.

Standard input is a pipe held open by the starter. When it closes, because the starter stopped the server or was
itself killed in whatever way, the whole process group ends, Lambda workers included, and the folder given as the
only argument is removed. If MiniStack keeps its state, it writes it first.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

PERSIST_STATE = "PERSIST_STATE"
SAVE_SECONDS = 60

FORWARDED = (b"x-forwarded-proto", b"https")


def main() -> None:
    """Run MiniStack until standard input closes. The environment says where and how it listens."""
    folder = sys.argv.pop()
    threading.Thread(target=_end_with_starter, args=(sys.stdin.fileno(), folder), daemon=True).start()
    _bound_maps_by_their_input()
    gateway: Any = importlib.import_module("ministack.app")
    gateway.app = _as_over_tls(gateway.app)
    try:
        gateway.main()
    finally:
        _end(folder)


def _end_with_starter(lifeline: int, folder: str) -> None:
    while os.read(lifeline, 1024):
        pass
    if os.environ.get(PERSIST_STATE) == "1":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SAVE_SECONDS)
    _end(folder)


def _end(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _bound_maps_by_their_input() -> None:
    """Run as many batches of a map at once as its input says: MiniStack 1.5 reads a fixed number alone."""
    workflows: Any = importlib.import_module("ministack.services.stepfunctions")
    run = workflows._run_distributed_map

    def run_bounded(state: Mapping[str, Any], given: Any, chosen: Any, *more: Any) -> Any:
        if path := state.get("MaxConcurrencyPath"):
            state = {**state, "MaxConcurrency": workflows._resolve_path_or_ctx(path, chosen, more[-1])}
        return run(state, given, chosen, *more)

    workflows._run_distributed_map = run_bounded


def _as_over_tls(app: App) -> App:
    """Mark every request as a proxy that ends TLS would, so that policies which demand TLS hold on loopback."""

    async def marked(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], FORWARDED]
        await app(scope, receive, send)

    return marked


if __name__ == "__main__":
    main()
