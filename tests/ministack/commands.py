"""Runs the command line, in this process or in one that runs until it is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from local.command_line import app
from local.template import ROOT

STOP_SECONDS = 60


def run(folder: Path, *arguments: str, ends_with: int = 0, **more: Any) -> Result:
    """Run a command with the files that ``up`` leaves in this folder."""
    result = CliRunner().invoke(app, ["--folder", str(folder), *arguments], **more)
    assert result.exit_code == ends_with, result.output
    return result


class Going:
    """A command that runs until it is stopped."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "local", "--folder", str(folder), *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Going:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line_with(self, text: str) -> str:
        """Wait for a line that it prints."""
        return self.lines_until(text)[-1]

    def lines_until(self, text: str) -> list[str]:
        """Wait for a line that it prints; return that and those before."""
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return lines
        _, told = self.process.communicate()
        raise AssertionError(f"no line with “{text}”; it says: {told}")

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Stop it; return its status and what it said on standard error."""
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, told
