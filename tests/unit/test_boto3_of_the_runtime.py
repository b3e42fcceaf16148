"""The functions use the boto3 that Lambda's runtime brings, so what is built must do with the oldest that was tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.sam import build
from local.template import ROOT


def layer_with(folder: Path, name: str, *requires: str) -> Path:
    """A built layer with one package."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in requires)]
    (about / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("requires", [(), ("pydantic>=2",), ("boto3<2,>=1.34",), ("botocore>=1.36; extra == 'aws'",)])
def test_a_layer_that_does_with_any_runtime_s_boto3_is_built(tmp_path: Path, requires: tuple[str, ...]) -> None:
    build.leave_boto3_to_the_runtime(layer_with(tmp_path, "tool", *requires))


@pytest.mark.parametrize(
    ("name", "requires"), [("tool", "boto3>=1.99"), ("tool", "botocore>2; extra == 'aws'"), ("botocore", "jmespath")]
)
def test_a_layer_that_wants_another_boto3_fails_the_build(tmp_path: Path, name: str, requires: str) -> None:
    with pytest.raises(build.CannotBuild, match=build.OLDEST_BOTO3):
        build.leave_boto3_to_the_runtime(layer_with(tmp_path, name, requires))


def test_the_layer_pins_no_boto3() -> None:
    pinned = (ROOT / "layers/common/requirements.txt").read_text(encoding="utf-8")
    assert not [name for name in build.OF_THE_RUNTIME if f"{name}==" in pinned]
