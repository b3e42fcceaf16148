"""What is shipped is known: its weaknesses, its licences, and by which hash each tool is installed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local import licences
from local.known_weaknesses import report
from local.template import ROOT, read_template

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
FREE = re.compile(r"MIT|Apache|BSD|PSF|Python Software Foundation|Mozilla Public License 2.0|MPL-2.0")


def of(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": [{"name": "pydantic", "version": "2.14.3"} | package for package in packages]})


WEAK = {"vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.14.4"]}]}
SKIPPED = {"name": "idna", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("answer", "told", "status"),
    [
        (of({"vulns": []}), "No weakness is known in 1 packages.", 0),
        (of(WEAK), "pydantic 2.14.3: PYSEC-2026-1, mended in 2.14.4", 1),
        (of(WEAK, SKIPPED), "pydantic 2.14.3: PYSEC-2026-1, mended in 2.14.4", 1),
        (of({"vulns": []}, SKIPPED), "The database of weaknesses cannot be asked from here for idna.", 2),
        ("", "The database of weaknesses cannot be reached from here: nothing is known, good or bad.", 2),
    ],
    ids=["none", "one", "one, and one not asked for", "not asked for", "no network"],
)
def test_an_unreachable_database_is_never_taken_for_good_news(answer: str, told: str, status: int) -> None:
    assert report(answer) == ([told], status)


def test_the_list_of_licences_is_that_of_the_layer() -> None:
    assert licences.TARGET.read_text(encoding="utf-8") == licences.text(), "python -m local.licences writes it"
    assert licences.shipped()


@pytest.mark.parametrize("package", licences.shipped())
def test_what_ships_is_under_a_licence_that_allows_it(package: str) -> None:
    assert FREE.search(licences.licence(package))


def test_every_tool_is_installed_by_its_hash() -> None:
    installed = re.findall(r"PIP_INSTALL\) (.+)", MAKEFILE)
    assert len(installed) == 7
    assert [how for how in installed if "--require-hashes" not in how] == [
        "--no-deps --no-build-isolation --editable ."
    ]


def test_every_function_is_signed_where_a_deployer_signs() -> None:
    functions = [one for one in read_template()["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    asked = {"Fn::If": ["SignsCode", {"Ref": "CodeSigningConfigArn"}, {"Ref": "AWS::NoValue"}]}
    assert [one["Properties"]["CodeSigningConfigArn"] for one in functions] == [asked] * len(functions)
