"""Packages template.yaml as ``sam package`` does: code goes to a bucket, and the template points there.

This is the one place that lets a machine of another architecture or Python version than the template's run the
functions: the archives hold this project's own code alone, and third-party packages come from the environment of the
interpreter that runs the local AWS. The template is the one that ships; nothing else in it is changed.
"""

from __future__ import annotations

import copy
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CODE_PROPERTIES: Mapping[str, tuple[str, str]] = {
    "AWS::Serverless::Function": ("CodeUri", ""),
    "AWS::Serverless::LayerVersion": ("ContentUri", "python/"),
    "AWS::Serverless::StateMachine": ("DefinitionUri", ""),
}
"""What in a resource names local code, and the folder the code takes inside its archive."""

BUILD_FILES = frozenset({"__pycache__", "Makefile", "requirements.txt"})
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def package(template: Mapping[str, Any], root: Path, s3: S3Client, bucket: str) -> dict[str, Any]:
    """Upload all code that a template names and return the template with its new locations.

    Args:
        template: as ``read_template`` gives it.
        root: the folder its paths are relative to.
        s3: where to upload.
        bucket: the bucket to upload to.
    """
    packaged = copy.deepcopy(dict(template))
    uploads = _Uploads(root, s3, bucket)
    for kind, resource in _with_code(packaged):
        name, folder = CODE_PROPERTIES[kind]
        if isinstance(resource.get(name), str):
            resource[name] = uploads.location(resource[name], folder)
    return packaged


def _with_code(template: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    shared = template.get("Globals", {}).get("Function")
    own = [
        (resource["Type"], resource["Properties"])
        for resource in template["Resources"].values()
        if resource["Type"] in CODE_PROPERTIES
    ]
    return [*own, ("AWS::Serverless::Function", shared)] if shared else own


class _Uploads:
    """Uploads each local path once, named by its content."""

    def __init__(self, root: Path, s3: S3Client, bucket: str) -> None:
        self._root = root
        self._s3 = s3
        self._bucket = bucket
        self._done: dict[tuple[str, str], dict[str, str]] = {}

    def location(self, path: str, folder: str) -> dict[str, str]:
        if (path, folder) not in self._done:
            source = self._root / path
            content = source.read_bytes() if source.is_file() else zipped(source, folder)
            key = f"{hashlib.sha256(content).hexdigest()}{source.suffix or '.zip'}"
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
            self._done[path, folder] = {"Bucket": self._bucket, "Key": key}
        return self._done[path, folder]


def zipped(folder: Path, prefix: str) -> bytes:
    """Return the files of a folder as an archive that is the same for the same content."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not BUILD_FILES & set(name.parts):
                entry = zipfile.ZipInfo(f"{prefix}{name.as_posix()}", ZIP_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                file.writestr(entry, path.read_bytes())
    return archive.getvalue()
