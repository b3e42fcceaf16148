"""What is uploaded of code: of the sources the project's own, of a build all that it holds, byte for byte."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.package import Code, package

TEMPLATE = """
Globals: {Function: {CodeUri: functions/}}
Resources:
  Layer: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: layer}}
  Function: {Type: "AWS::Serverless::Function", Properties: {%s}}
"""
FILES = {
    "layer/Makefile": b"build:",
    "layer/ours/__init__.py": b"",
    "layer/ours/__pycache__/__init__.cpython-313.pyc": b"\x00\x01",
    "functions/one/handler.py": b"def lambda_handler(): ...",
}


class Bucket:
    """What was put into a bucket, by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Key] = Body

    def files(self, location: dict[str, str]) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.objects[location["Key"]])) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def bucket() -> Any:
    return Bucket()


def folder(tmp_path: Path, function: str) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE % function)
    return template


def test_the_code_alone_is_packaged_in_the_folder_that_lambda_wants(tmp_path: Path, bucket: Any) -> None:
    packaged = package(Code(folder(tmp_path, "Handler: one.handler")), bucket, "artifacts")
    layer = packaged["Resources"]["Layer"]["Properties"]["ContentUri"]
    assert bucket.files(layer) == {"python/ours/__init__.py": b""}
    shared = packaged["Globals"]["Function"]["CodeUri"]
    assert bucket.files(shared) == {"one/handler.py": FILES["functions/one/handler.py"]}


def test_a_build_is_packaged_byte_for_byte(tmp_path: Path, bucket: Any) -> None:
    packaged = package(Code(folder(tmp_path, "CodeUri: functions"), built=True), bucket, "artifacts")["Resources"]
    of_layer = {name.removeprefix("layer/"): content for name, content in FILES.items() if name.startswith("layer/")}
    assert bucket.files(packaged["Layer"]["Properties"]["ContentUri"]) == of_layer
    assert bucket.files(packaged["Function"]["Properties"]["CodeUri"]) == {
        "one/handler.py": FILES["functions/one/handler.py"]
    }
