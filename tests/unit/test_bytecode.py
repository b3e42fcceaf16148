"""What ships is compiled: the layer by its Makefile, the functions after the SAM CLI has built them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.sam import build
from local.template import ROOT


def built_layer(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Build the layer without its dependencies, where ``python3.13`` is this script."""
    tools = folder / "tools"
    tools.mkdir()
    runtime = tools / "python3.13"
    runtime.write_text(f"#!/bin/sh\n{python}\n")
    runtime.chmod(0o755)
    site = folder / "python"
    site.mkdir()
    (site / "stub.pyi").touch()
    return subprocess.run(
        ["make", "build-ClientLifecycleLayer", "PYTHON=true", f"ARTIFACTS_DIR={folder}"],
        cwd=ROOT / "layers/common",
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layer_ships_bytecode_of_every_module_and_no_stubs(tmp_path: Path) -> None:
    assert built_layer(tmp_path, f'exec {sys.executable} "$@"').returncode == 0
    modules = list((tmp_path / "python").rglob("*.py"))
    assert modules
    for module in modules:
        assert list((module.parent / "__pycache__").glob(f"{module.stem}.*.pyc"))
    assert not list((tmp_path / "python").rglob("*.pyi"))


def test_the_layer_is_not_built_by_a_python_that_does_not_work(tmp_path: Path) -> None:
    built = built_layer(tmp_path, "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    assert built.returncode
    assert "python3.13 must be on the PATH, and work" in built.stderr


def test_functions_ship_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "runtime_python", lambda: Path(sys.executable))
    (tmp_path / "handler.py").write_text("ANSWER = 42\n")
    build.compile_all(tmp_path)
    assert list((tmp_path / "__pycache__").glob("handler.*.pyc"))


def test_a_module_that_cannot_be_compiled_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "runtime_python", lambda: Path(sys.executable))
    (tmp_path / "handler.py").write_text("ANSWER =\n")
    with pytest.raises(build.CannotBuild, match=r"handler\.py"):
        build.compile_all(tmp_path)
