"""The console offers a button to those whose role the button's route is for, and to nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from client_lifecycle.edge.identity import LEAST_ROLE, RANKS, Role

SITE = Path(__file__).parents[2] / "console/site"
VIEWS = sorted([*SITE.rglob("views/**/*.js"), SITE / "main.js", SITE / "groups.js"])
RIGHTS = {"mayArchive": ("ARCHIVERS", Role.ARCHIVER), "mayManage": ("MANAGERS", Role.MANAGER)}
OFFERED: Mapping[str, frozenset[str]] = {
    "mayArchive": frozenset(
        {
            "POST /clients",
            "PATCH /clients/{}",
            "POST /clients/{}/activate",
            "POST /clients/{}/exports",
            "POST /clients/{}/receipts/{}/restore",
            "GET /clients/{}/archive-preview",
            "PUT /clients/{}/archive-plan",
            "DELETE /clients/{}/archive-plan",
            "POST /bulk-archives",
            "POST /bulk-archives/{}/confirm",
            "POST /bulk-archives/{}/exclude",
            "POST /bulk-archives/{}/stop",
            "POST /bulk-archives/{}/retry",
            "POST /imports",
            "POST /imports/{}/check",
            "POST /imports/{}/confirm",
            "POST /imports/{}/stop",
            "POST /imports/{}/retry",
        }
    ),
    "mayManage": frozenset(
        {
            "POST /bulk-archives/{}/undo",
            "POST /groups",
            "PATCH /groups/{}",
            "DELETE /groups/{}",
            "PATCH /settings",
            "GET /history",
        }
    ),
}
"""What each function of rights.js stands before in the pages."""

LEAST = {re.sub(r"\{\w+\}", "{}", route): role for route, role in LEAST_ROLE.items()}
PATHS = {"client": "/clients/{}", "run": "/bulk-archives/{}", "importPath": "/imports/{}", "groupPath": "/groups/{}"}
CALLED = re.compile(r"""\b(?:(get|post)\(|call\("(\w+)", |(path): )(["`][^"`]*["`]|path\b(?:\([^()]*\))?)""")


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_is_that_of_the_roles_from_one_on(right: str) -> None:
    script = (SITE / "rights.js").read_text(encoding="utf-8")
    name, least = RIGHTS[right]
    listed = re.search(rf"const {name} = \[(.*?)\];", script)
    assert listed
    assert f"{right} = () => held.some((role) => {name}.includes(role))" in script
    assert set(re.findall(r'"([^"]+)"', listed[1])) == {role for role in Role if RANKS[role] >= RANKS[least]}


@pytest.mark.parametrize("right", RIGHTS)
def test_what_a_right_offers_is_for_its_role(right: str) -> None:
    least = RIGHTS[right][1]
    assert {route: LEAST[route] for route in OFFERED[right]} == dict.fromkeys(OFFERED[right], least)


def test_whatever_the_pages_call_is_for_readers_or_behind_a_right() -> None:
    called = {route for file in VIEWS for route in routes_of(file.read_text(encoding="utf-8"))}
    above_readers = {route for route in called if LEAST[route] is not Role.READER}
    assert above_readers == OFFERED["mayArchive"] | OFFERED["mayManage"]


def routes_of(script: str) -> Iterator[str]:
    """Yield the routes that a script calls, like ``POST /clients/{}/activate``."""
    for verb, other, _path, address in CALLED.findall(script):
        text = _without_names(script, address.strip('"`'))
        if text.startswith("/"):
            yield f"{(verb or other or 'get').upper()} {re.sub(r'[?].*', '', text)}"


def _without_names(script: str, address: str) -> str:
    """Return an address with {} for each id, and nothing for a query."""
    local = re.search(r"const path = (?:`(.*?)`|(\w+Path)\()", script)
    imported = re.findall(r"\b(client|run|importPath|groupPath)(?: as (\w+))?\b", script)
    names = {alias or name: PATHS[name] for name, alias in imported}
    if local:
        names["path"] = local[1] or PATHS[local[2]]
    address = re.sub(r"^path(?:\(.*\))?$", lambda _: names["path"], address)
    address = re.sub(r"^\$\{(\w+)(?:\(.*?\))?\}", lambda found: names.get(found[1], "{}"), address)
    return re.sub(r"\$\{encodeURIComponent\(.*?\)\}", "{}", re.sub(r"\$\{query\(.*", "", address))
