"""Packages a template as ``sam package`` does: code goes to a bucket, and the template points there.

The sources are what lets a machine of another architecture or Python version than the template's run the functions:
the archives hold this project's own code alone, and third-party packages come from the environment of the interpreter
that runs the local AWS. A build is packaged as it is, byte for byte. Nothing else in the template is changed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.template import TEMPLATE, read_template

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CODE_PROPERTIES: Mapping[str, tuple[str, str]] = {
    "AWS::Serverless::Function": ("CodeUri", ""),
    "AWS::Serverless::LayerVersion": ("ContentUri", "python/"),
    "AWS::Serverless::StateMachine": ("DefinitionUri", ""),
}
"""What in a resource names local code, and the folder the sources take inside their archive."""

BUILD_FILES = frozenset({"__pycache__", "Makefile", "requirements.txt"})
"""What belongs to the sources and not into their archives."""

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Code:
    """What is deployed: a template, and the code that it names by paths from its folder.

    ``built`` tells whether the SAM CLI has built it.
    """

    template: Path = TEMPLATE
    built: bool = False


SOURCES = Code()
"""The sources as they are."""


def package(code: Code, s3: S3Client, bucket: str) -> dict[str, Any]:
    """Upload all code that a template names and return the template with its new locations.

    Args:
        code: the template and its code.
        s3: where to upload.
        bucket: the bucket to upload to.
    """
    packaged = read_template(code.template)
    uploads = _Uploads(code, s3, bucket)
    for kind, resource in _with_code(packaged):
        name, folder = CODE_PROPERTIES[kind]
        if isinstance(resource.get(name), str):
            resource[name] = uploads.location(resource[name], folder)
    return packaged


def _with_code(template: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the types and properties that may name code; what functions share counts where one has none of its own."""
    own = [
        (resource["Type"], resource["Properties"])
        for resource in template["Resources"].values()
        if resource["Type"] in CODE_PROPERTIES
    ]
    if all(CODE_PROPERTIES[kind][0] in properties for kind, properties in own):
        return own
    return [*own, ("AWS::Serverless::Function", template["Globals"]["Function"])]


class _Uploads:
    """Uploads each local path once, named by its content."""

    def __init__(self, code: Code, s3: S3Client, bucket: str) -> None:
        self._code = code
        self._s3 = s3
        self._bucket = bucket
        self._done: dict[tuple[str, str], dict[str, str]] = {}

    def location(self, path: str, folder: str) -> dict[str, str]:
        if (path, folder) not in self._done:
            source = self._code.template.parent / path
            content = source.read_bytes() if source.is_file() else self._archive(source, folder)
            key = f"{hashlib.sha256(content).hexdigest()}{source.suffix or '.zip'}"
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
            self._done[path, folder] = {"Bucket": self._bucket, "Key": key}
        return self._done[path, folder]

    def _archive(self, source: Path, folder: str) -> bytes:
        return zipped(source) if self._code.built else zipped(source, folder, without=BUILD_FILES)


def zipped(folder: Path, prefix: str = "", *, without: Collection[str] = ()) -> bytes:
    """Return the files of a folder as an archive that is the same for the same content.

    Args:
        folder: the folder.
        prefix: the folder they take inside the archive.
        without: names of files and folders to leave out.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not set(without) & set(name.parts):
                entry = zipfile.ZipInfo(f"{prefix}{name.as_posix()}", ZIP_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                file.writestr(entry, path.read_bytes())
    return archive.getvalue()
