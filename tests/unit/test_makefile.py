"""The Makefile finds a Python that fits, on machines whose ``python3`` does not."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("touch", "mkdir", "cp", "echo")
PYTHON = """#!/bin/sh
case "$1 $2" in
-c*) exit {status} ;;
-V*) echo "Python {version}" ;;
"-m venv") mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
esac
"""


class Machine:
    """A folder with the project's Makefile, and a PATH that has the programs it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder / "project", folder / "bin"
        (self.folder / "requirements").mkdir(parents=True)
        self.path.mkdir()
        for name in ("Makefile", "pyproject.toml", "requirements/dev.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        for name in NEEDED:
            (self.path / name).symlink_to(str(shutil.which(name)))

    def has(self, name: str, version: str, *, fits: bool = True) -> None:
        program = self.path / name
        program.write_text(PYTHON.format(status=int(not fits), version=version))
        program.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(shutil.which("make")), ".venv/ready", *arguments]
        environment = {"PATH": str(self.path)}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    @property
    def taken(self) -> str:
        """The version of the Python that the environment was made with."""
        told = subprocess.run([self.folder / ".venv/bin/python", "-V"], capture_output=True, text=True, check=True)
        return told.stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_python3_is_taken_where_it_fits(machine: Machine) -> None:
    machine.has("python3", "3.14.1")
    machine.has("python3.13", "3.13.0")
    assert machine.make().returncode == 0
    assert machine.taken == "Python 3.14.1"


@pytest.mark.parametrize("other", ["python3.14", "python3.13", "python3.12", "python3.11"])
def test_another_python_of_the_path_is_taken_where_python3_does_not_fit(machine: Machine, other: str) -> None:
    machine.has("python3", "3.15.0", fits=False)
    machine.has(other, other)
    assert machine.make().returncode == 0
    assert machine.taken == f"Python {other}"


def test_without_a_python_that_fits_one_sentence_says_so(machine: Machine) -> None:
    machine.has("python3", "3.15.0", fits=False)
    done = machine.make()
    assert done.returncode != 0
    assert done.stdout.count("Python 3.11 to 3.14 is needed") == 1


def test_the_python_that_is_named_is_the_only_one_looked_at(machine: Machine) -> None:
    machine.has("python3", "3.12.0")
    machine.has("python2", "2.7.18", fits=False)
    assert machine.make("PYTHON=python2").returncode != 0


def test_an_environment_of_another_python_than_the_named_one_is_made_again(machine: Machine) -> None:
    machine.has("python3", "3.12.0")
    machine.has("python3.13", "3.13.0")
    machine.make()
    assert machine.make("PYTHON=python3.13").returncode == 0
    assert machine.taken == "Python 3.13.0"
    assert "up to date" in machine.make("PYTHON=python3.13").stdout


def test_the_guard_the_lock_and_the_package_agree_on_the_pythons() -> None:
    makefile = (ROOT / "Makefile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.15"
    assert "(3, 11) <= sys.version_info < (3, 15)" in makefile
    assert "--universal --python-version 3.11 " in makefile
