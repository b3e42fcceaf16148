"""``python -m local demo`` and ``python -m local run``."""

from __future__ import annotations

import argparse
import io
import signal
import sys
from types import FrameType

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.api import ApiRefused
from local.demo import demo
from local.ministack import LocalAwsFailed
from local.run import run
from local.screen import Screen

COMMANDS = {"demo": demo, "run": run}
FAULTS = (LocalAwsFailed, ApiRefused, httpx.HTTPError, BotoCoreError, ClientError)
INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Run a command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, help="demo: show it all and stop; run: stay up")
    command = COMMANDS[parser.parse_args().command]
    _treat_every_stop_alike()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        command(Screen())
    except KeyboardInterrupt:
        print("\nInterrupted. Everything that was started is stopped.", file=sys.stderr)
        return INTERRUPTED
    except FAULTS as fault:
        told = [
            str(fault) or type(fault).__name__,
            *getattr(fault, "__notes__", ()),
            "Everything that was started is stopped.",
        ]
        print("", *told, sep="\n", file=sys.stderr)
        return 1
    return 0


def _treat_every_stop_alike() -> None:
    """Let Ctrl-C, a kill and a closed terminal all unwind what was started."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


if __name__ == "__main__":
    sys.exit(main())
