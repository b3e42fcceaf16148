"""Builds what ships with the SAM CLI: for the processor of this machine, or for the one that is asked for.

``python -m local.sam.build MACHINE`` builds what ``sam deploy`` ships; MACHINE is like that of ``uname -m``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from shutil import which

from packaging.requirements import Requirement

from local.ministack import REGION
from local.template import ROOT

SAM = ROOT / ".venv-sam" / "bin" / "sam"
SHIPPED = ROOT / ".aws-sam"
HERE = ROOT / ".local" / "sam"
SOURCES = ("functions", "layers", "workflows", "template.yaml")
RUNTIME = "python3.13"
PROCESSORS = {"aarch64": "arm64", "x86_64": "x86_64"}
"""What Lambda calls the processors that ``uname -m`` names."""

OLDEST_BOTO3 = "1.36.0"
"""The oldest boto3 that the functions were tried with; that of every python3.13 runtime is as new."""

OF_THE_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})

SAME = {"arm64": "aarch64", "amd64": "x86_64"}
"""What other systems than Linux call them."""


class CannotBuild(Exception):
    """Something that the SAM CLI needs is not here, or its build failed; the message is for people."""


def this_machine() -> str:
    """Return this machine's processor as ``uname -m`` names it on Linux."""
    name = platform.machine().lower()
    return SAME.get(name, name)


@cache
def runtime_python() -> Path | None:
    """Find a Python of the functions' runtime that works: this one, on the PATH, or one of pyenv's."""
    of_pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"3.13*/bin/{RUNTIME}"))
    for found in (which(RUNTIME, path=Path(sys.prefix) / "bin"), which(RUNTIME), *of_pyenv):
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return Path(found)
    return None


def missing() -> str | None:
    """Tell in a sentence what is missing here to build, or nothing."""
    if runtime_python() is None:
        return f"{RUNTIME}, the functions' runtime, is not on the PATH and not among pyenv's."
    if not SAM.exists():
        return "The SAM CLI is not installed here; make sam installs it."
    return None


def build(machine: str, folder: Path) -> Path:
    """Build the template with its layer and functions.

    Args:
        machine: the processor, like ``aarch64``.
        folder: takes the build, and what later builds take up again.

    Returns:
        The folder of the build: its ``template.yaml``, and a folder for each function and the layer.

    Raises:
        CannotBuild: something is missing, or the build failed.
    """
    if lacks := missing():
        raise CannotBuild(lacks)
    built = folder / "build"
    command = [str(SAM), "build", "--build-dir", str(built), "--cache-dir", str(folder / "cache")]
    override = ["--parameter-overrides", f"Architecture={PROCESSORS[machine]}"]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*command, *override], cwd=ROOT, env=_environment(machine), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotBuild(f"The SAM CLI could not build:\n{done.stderr}")
    compile_all(built)
    leave_boto3_to_the_runtime(built / "ClientLifecycleLayer" / "python")
    return built


def leave_boto3_to_the_runtime(layer: Path) -> None:
    """Require that a built layer does with the boto3 of any runtime: it has none of its own, and needs no newer one.

    Raises:
        CannotBuild: it has one of its own, or one of its packages wants a newer one.
    """
    for package in distributions(path=[str(layer)]):
        wanted = [Requirement(text) for text in package.requires or ()]
        newer = [one for one in wanted if one.name in OF_THE_RUNTIME and not one.specifier.contains(OLDEST_BOTO3)]
        if package.name in OF_THE_RUNTIME or newer:
            asked = ", ".join(map(str, newer)) or f"{package.name}, which the runtime has"
            raise CannotBuild(
                f"The layer's {package.name} brings {asked}; functions use the runtime's, {OLDEST_BOTO3} at least."
            )


def compile_all(folder: Path) -> None:
    """Put bytecode beside every module: the SAM CLI leaves it out, and Lambda can keep none where it reads the code.

    Raises:
        CannotBuild: a module could not be compiled.
    """
    compiling = [str(runtime_python()), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    done = subprocess.run(compiling, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise CannotBuild(f"What was built could not be compiled:\n{done.stdout}{done.stderr}")


def built_here() -> Path:
    """Return a build for this machine of the sources as they are; it is made once for the same sources.

    Raises:
        CannotBuild: something is missing, or the build failed.
    """
    made_of, digest = HERE / "made-of", _digest()
    with _one_at_a_time():
        if not made_of.exists() or made_of.read_text() != digest:
            made_of.unlink(missing_ok=True)
            build(this_machine(), HERE)
            made_of.write_text(digest)
    return HERE / "build"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for builds of other processes."""
    HERE.mkdir(parents=True, exist_ok=True)
    with (HERE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def runs_what_ships() -> bool:
    """Tell whether the Python that runs this, and with it the local AWS, is the functions' runtime and can build."""
    return sys.version_info[:2] == (3, 13) and missing() is None


def _environment(machine: str) -> dict[str, str]:
    path = f"{Path(str(runtime_python())).parent}{os.pathsep}{os.environ['PATH']}"
    named = {"PATH": path, "MACHINE": machine, "PYTHON": sys.executable}
    return {**os.environ, **named, "AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"}


def _digest() -> str:
    """Return a digest of the sources, by names and content."""
    digest = hashlib.sha256(this_machine().encode())
    for path in _files():
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for source in SOURCES:
        found = ROOT / source
        files = [found] if found.is_file() else sorted(found.rglob("*"))
        yield from (path for path in files if path.is_file() and "__pycache__" not in path.parts)


def main() -> None:
    """Build what ships for the processor that the command line names."""
    machine = sys.argv[1]
    if machine not in PROCESSORS:
        sys.exit(f"MACHINE is one of: {', '.join(PROCESSORS)}.")
    try:
        print(f"Built for {machine}: {build(machine, SHIPPED).relative_to(ROOT)}")
    except CannotBuild as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
