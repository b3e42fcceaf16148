"""Files of imports in the bucket: the upload, its rows cut into parts, results, report. All expire after 30 days.

Everything that a row says is here, and nowhere else until it is a client's: not in the table, not in the workflow.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from msgspec import Struct, convert, to_builtins

from client_lifecycle.domain.errors import ImportExpired, ImportNotFound
from client_lifecycle.domain.imports.outcomes import RowResult
from client_lifecycle.domain.imports.rows import Part
from client_lifecycle.domain.imports.run import MAX_UPLOAD_BYTES, UPLOAD_LIFETIME, Import, ImportFormat
from client_lifecycle.storage.executions import Progress, StateMachine
from client_lifecycle.storage.retries import persistently
from client_lifecycle.storage.values import from_plain, to_plain

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONTENT_TYPES: Mapping[ImportFormat, str] = {
    ImportFormat.CSV: "text/csv",
    ImportFormat.JSON_LINES: "application/x-ndjson",
}
JSON = "application/json"

T = TypeVar("T")

REPORT_LINK_SECONDS = 300
CHUNK_BYTES = 1024 * 1024

MISSING = frozenset({"403", "404", "NoSuchKey", "AccessDenied"})
"""What S3 says of an object that is not there; without the right to list, it says forbidden."""


class UploadForm(Struct, frozen=True, kw_only=True):
    """Where and how a file is uploaded: a form with these fields, the file last, sent to this address."""

    url: str
    fields: Mapping[str, str]
    content_type: str
    most_bytes: int


class ImportFiles(Struct, frozen=True):
    """The bucket that imports are uploaded to.

    Every call raises ``StorageBusy`` when throttles or a connection's faults outlast the time there is.
    """

    s3: S3Client
    bucket: str

    def upload_form(self, run: Import) -> UploadForm:
        """Return a form that uploads one file for this import, of its type and of a size that is taken, for an hour."""
        content_type = CONTENT_TYPES[run.format]
        signed = self.s3.generate_presigned_post(
            self.bucket,
            _key(run, "upload"),
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, MAX_UPLOAD_BYTES]],
            ExpiresIn=int(UPLOAD_LIFETIME.total_seconds()),
        )
        return UploadForm(
            url=signed["url"], fields=signed["fields"], content_type=content_type, most_bytes=MAX_UPLOAD_BYTES
        )

    def has_upload(self, run: Import) -> bool:
        """Tell whether a file was uploaded for this import."""
        return self._has(_key(run, "upload"))

    @contextmanager
    def upload(self, run: Import) -> Iterator[IO[bytes]]:
        """Fetch what was uploaded into a file that is gone after the block.

        Raises:
            ImportExpired: it is not there any more.
        """
        with tempfile.TemporaryFile() as file:

            def fetch() -> None:
                file.seek(0)
                file.truncate()
                answer = self.s3.get_object(Bucket=self.bucket, Key=_key(run, "upload"))
                for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                    file.write(chunk)

            _or_expired(fetch)
            file.seek(0)
            yield file

    def write_header(self, run: Import, header: Sequence[str]) -> None:
        """Keep the names of an upload's columns, so that staff can say which is which."""
        self._put(_key(run, "header.json"), json.dumps(list(header)).encode())

    def read_header(self, run: Import) -> list[str]:
        """Read the names of an upload's columns; none if it has expired, or was never read."""
        try:
            return [str(name) for name in json.loads(self._get(_key(run, "header.json")))]
        except ImportExpired:
            return []

    def write_part(self, run: Import, number: int, part: Part) -> None:
        """Keep the rows of one part."""
        self._put(_part_key(run, number), json.dumps(to_plain(part), separators=(",", ":")).encode())

    def read_part(self, run: Import, number: int) -> Part:
        """Read the rows of one part.

        Raises:
            ImportExpired: they are not there any more.
        """
        return from_plain(Part, json.loads(self._get(_part_key(run, number))))

    def write_manifest(self, run: Import, parts: Sequence[int]) -> None:
        """Write the parts that the workflow maps over: numbers, and the keys that their rows are under."""
        manifest = [{"part": number, "key": _part_key(run, number)} for number in parts]
        self._put(_manifest_key(run), json.dumps(manifest, separators=(",", ":")).encode())

    def write_results(self, run: Import, number: int, results: Sequence[RowResult]) -> None:
        """Keep what this attempt made of the rows of one part."""
        plain = json.dumps(to_builtins(results), separators=(",", ":"))
        self._put(_results_key(run, number, run.attempt), plain.encode())

    def read_results(self, run: Import, number: int, attempt: int) -> list[RowResult]:
        """Read what an attempt made of the rows of one part.

        Raises:
            ImportExpired: it is not there any more.
        """
        return convert(json.loads(self._get(_results_key(run, number, attempt))), list[RowResult])

    def write_report(self, run: Import, lines: Iterator[str]) -> None:
        """Keep the report of an import."""
        with tempfile.TemporaryFile() as file:
            file.writelines(line.encode() for line in lines)

            def put() -> None:
                file.seek(0)
                self.s3.put_object(Bucket=self.bucket, Key=_report_key(run), Body=file, ContentType="text/csv")

            persistently(put)

    def report_link(self, run: Import) -> str:
        """Return an address that downloads the report for some minutes.

        Raises:
            ImportNotFound: there is none yet, or no longer.
        """
        name = f"import-{run.import_id}-{run.phase}.csv"
        key = _report_key(run)
        if not self._has(key):
            raise ImportNotFound("This import has no report.", "import_id")
        asked = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        }
        return self.s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=REPORT_LINK_SECONDS)

    def _has(self, key: str) -> bool:
        try:
            persistently(lambda: self.s3.head_object(Bucket=self.bucket, Key=key))
        except ClientError as error:
            if error.response["Error"]["Code"] not in MISSING:
                raise
            return False
        return True

    def _put(self, key: str, body: bytes) -> None:
        persistently(lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=JSON))

    def _get(self, key: str) -> bytes:
        return _or_expired(lambda: bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))


class ImportWorkflow(Struct, frozen=True):
    """The state machine that carries out imports, and the bucket with their files."""

    files: ImportFiles
    machine: StateMachine

    def start(self, run: Import) -> None:
        """Start the execution of an import's attempt; starting it again changes nothing."""
        given = {
            "provider_id": run.provider_id,
            "run_id": run.import_id,
            "attempt": run.attempt,
            "phase": run.phase.value,
            "manifest": {"bucket": self.files.bucket, "key": _manifest_key(run)},
        }
        self.machine.start(_execution_name(run), given)

    def progress(self, run: Import) -> Progress:
        """Tell how far the execution of an import's attempt has come."""
        return self.machine.progress(_execution_name(run))


def _or_expired(call: Callable[[], T]) -> T:
    try:
        return persistently(call)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        raise ImportExpired("What was uploaded for this import is not kept any more.", "import_id") from error


def _execution_name(run: Import) -> str:
    return f"{run.import_id}-{run.attempt}"


def _key(run: Import, name: str) -> str:
    """Return the key of a file; every one is bound to the provider and the import."""
    return f"imports/{run.provider_id}/{run.import_id}/{name}"


def _part_key(run: Import, number: int) -> str:
    return _key(run, f"rows/{run.checked_in}/{number:05d}.json")


def _manifest_key(run: Import) -> str:
    return _key(run, f"manifest-{run.attempt}.json")


def _results_key(run: Import, number: int, attempt: int) -> str:
    return _key(run, f"results/{attempt}/{number:05d}.json")


def _report_key(run: Import) -> str:
    return _key(run, f"report-{run.attempt}.csv")
