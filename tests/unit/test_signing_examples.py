"""The signing examples that other teams copy: each is run, and what it signs is taken as good."""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from client_lifecycle.domain.errors import BadSignature
from client_lifecycle.edge import signature
from local.template import ROOT

FOLDER = ROOT / "docs" / "signing"
BODY = '{"name": "Zoë",\r\n "nothing": ""}\n'.encode()
KEY_OF_ANY_BYTES = bytes([0, 10, 13, 32, 127, 128, 255]) * 4
SECRET = f"whsec_{b64encode(KEY_OF_ANY_BYTES).decode()}"
WHO = ["prov-maple", "calendar", "msg-1"]
EXAMPLES = {"sign.py": "python3", "sign.mjs": "node", "sign.sh": "openssl"}
"""What each example needs on the machine."""


def signed(example: str, body: Path) -> dict[str, str]:
    """Run an example on a body, and return the headers that it prints."""
    command = {"sign.py": ["python3"], "sign.mjs": ["node"], "sign.sh": ["sh"]}[example]
    named = [str(body)] if example == "sign.sh" else []
    done = subprocess.run(
        [*command, str(FOLDER / example), *WHO, *named],
        input=body.read_bytes(),
        env={"PATH": os.environ["PATH"], "RECORDS_SECRET": SECRET},
        capture_output=True,
        check=True,
    )
    lines = done.stdout.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_an_example_signs_is_taken_and_nothing_else(example: str, tmp_path: Path) -> None:
    if not shutil.which(EXAMPLES[example]):
        pytest.skip(f"{example} is not run: there is no {EXAMPLES[example]} here")
    body = tmp_path / "body.json"
    body.write_bytes(BODY)
    headers = signed(example, body)
    assert (headers["X-Provider"], headers["X-Source"], headers["webhook-id"]) == tuple(WHO)
    assert headers["Content-Type"] == "application/json"
    said = signature.read_webhook(headers, datetime.now(UTC))
    signature.verify(said, BODY, [SECRET])
    with pytest.raises(BadSignature):
        signature.verify(said, BODY.strip(), [SECRET])


def test_every_example_is_run() -> None:
    assert {file.name for file in FOLDER.iterdir() if file.suffix != ".pyc" and file.is_file()} == set(EXAMPLES)
