"""The rings: imports point inward only, and each function loads no more than it needs."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"
LAYER = ROOT / "layers" / "common"
PACKAGE = LAYER / "client_lifecycle"
RINGS = ("domain", "storage", "use_cases", "edge")
STEPS = (
    "prepare_retry",
    "mark_archived",
    "undo_archives",
    "cancel_commitments",
    "leave_chats",
    "silence_notifications",
    "settle_batch",
    "finish_run",
    "read_upload",
    "import_rows",
    "finish_import",
)
GIVEN_BY_THE_RUNTIME = {"boto3", "botocore"}


def modules_of(*places: Path) -> list[Path]:
    return sorted(path for place in places for path in place.rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports_of(path: Path, *, at_run_time: bool = False) -> set[str]:
    """Every module that a file imports, wherever the import stands; optionally but those for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_type_checkers = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if at_run_time and node in for_type_checkers:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rings_of(imports: set[str]) -> set[str]:
    return {ring for ring in RINGS for name in imports if name.startswith(f"client_lifecycle.{ring}")}


MAY_IMPORT = {
    "domain": {"domain"},
    "storage": {"domain", "storage"},
    "use_cases": {"domain", "storage", "use_cases"},
    "edge": {"domain", "storage", "use_cases", "edge"},
}
FUNCTIONS_MAY_IMPORT = {"domain", "use_cases", "edge"}
"""Handlers translate: what they are asked and answer in the words of the domain, and one use case or query each."""


@pytest.mark.parametrize("path", modules_of(PACKAGE), ids=named)
def test_a_ring_imports_itself_and_what_lies_inside_it(path: Path) -> None:
    ring = path.relative_to(PACKAGE).parts[0]
    allowed = MAY_IMPORT.get(ring, set())
    assert rings_of(imports_of(path)) <= allowed


@pytest.mark.parametrize("path", modules_of(PACKAGE / "use_cases"), ids=named)
def test_a_use_case_knows_neither_the_table_s_keys_nor_boto(path: Path) -> None:
    names = imports_of(path)
    assert not {name for name in names if name.startswith("client_lifecycle.storage.keys")}
    assert not {name for name in names if name.split(".")[0] in {"boto3", "botocore", "types_boto3_dynamodb"}}


@pytest.mark.parametrize("path", modules_of(PACKAGE / "storage", PACKAGE / "use_cases"), ids=named)
def test_a_tenant_is_given_as_a_value_and_not_as_a_table_and_an_id(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        taken = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
        assert not {"table", "provider_id"} <= taken, function.name
        if path.is_relative_to(PACKAGE / "use_cases") and path.stem != "clean_up":
            assert "table" not in taken, function.name


@pytest.mark.parametrize("path", modules_of(FUNCTIONS), ids=named)
def test_a_function_reaches_storage_through_use_cases_only(path: Path) -> None:
    assert rings_of(imports_of(path)) <= FUNCTIONS_MAY_IMPORT


@pytest.mark.parametrize("path", modules_of(PACKAGE / "domain"), ids=named)
def test_the_domain_imports_the_standard_library_msgspec_and_itself_only(path: Path) -> None:
    for name in imports_of(path):
        top = name.split(".")[0]
        assert top in {*sys.stdlib_module_names, "msgspec"} or name.startswith("client_lifecycle.domain")


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_the_edge_is_imported_by_itself_and_by_the_functions_only(path: Path) -> None:
    if "edge" in rings_of(imports_of(path)):
        assert path.is_relative_to(PACKAGE / "edge") or path.is_relative_to(FUNCTIONS)


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_what_is_deployed_needs_no_tool_of_operators_or_developers(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports_of(path)} & {"local", "operations", "tests"}


@pytest.mark.parametrize("path", modules_of(FUNCTIONS), ids=named)
def test_a_function_imports_no_other_function(path: Path) -> None:
    own = path.relative_to(FUNCTIONS).parts[0]
    others = {place.name for place in FUNCTIONS.iterdir() if place.is_dir()} - {own}
    assert not {name.split(".")[0] for name in imports_of(path)} & others


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_the_environment_is_read_in_the_settings_only(path: Path) -> None:
    reads = {name for name in imports_of(path) if name == "os" or name.startswith("os.")}
    assert not reads or path == PACKAGE / "edge" / "environment.py"


def statements_run_at_import(path: Path) -> Iterator[ast.AST]:
    """Every part of a file that runs when it is imported: all but the bodies of functions."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        yield node
        skipped = node.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else []
        body = skipped if isinstance(skipped, list) else [skipped]
        waiting += [child for child in ast.iter_child_nodes(node) if child not in body]


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_no_connection_and_no_setting_is_made_at_import(path: Path) -> None:
    called = {ast.unparse(node.func) for node in statements_run_at_import(path) if isinstance(node, ast.Call)}
    assert not {name for name in called if name.startswith(("boto3.", "wiring."))}
    assert not called & {"connect_table", "connect_workflow", "read_settings"}


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_clients_of_aws_are_made_in_one_place(path: Path) -> None:
    if {"boto3", "botocore.session.Session"} & imports_of(path):
        assert path == PACKAGE / "storage" / "connections.py"


PACKAGES = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))
LOAD_EACH = """
import importlib, os, sys
import botocore.session, aws_lambda_powertools  # what every function loads; once for all saves half a second each
for package in sys.argv[1:]:
    if not os.fork():
        importlib.import_module(package + ".handler")
        print(package, *sys.modules, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, package
"""


@cache
def modules_loaded() -> dict[str, set[str]]:
    """What a fresh process has loaded once it has imported a function's handler, by the function's package."""
    answer = subprocess.run([sys.executable, "-c", LOAD_EACH, *PACKAGES], check=True, capture_output=True, text=True)
    return {package: set(loaded) for package, *loaded in map(str.split, answer.stdout.splitlines())}


@pytest.mark.parametrize("package", STEPS)
def test_a_workflow_step_does_not_load_the_http_resolver(package: str) -> None:
    loaded = modules_loaded()[package]
    assert "client_lifecycle.edge.steps" in loaded
    assert "aws_lambda_powertools.event_handler" not in loaded
    assert "client_lifecycle.edge.http" not in loaded


HOOKS = {"booking_hook", "record_hook"}
BEHIND_THE_API = {"activate_client", "archive_client", "bulk_archive", "clients", "imports", "practice", *HOOKS}
VALIDATING = BEHIND_THE_API | {"booking_requests", "read_upload", "record_changes"}
"""Those that check what other systems or people send, by models of pydantic."""

SLOW = {"boto3", "s3transfer", "aws_lambda_powertools.utilities.idempotency", "ulid"}
"""What no function loads before its first call, for it costs a cold start."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_function_loads_nothing_slow_that_it_does_not_need(package: str) -> None:
    resolver = set() if package in BEHIND_THE_API else {"aws_lambda_powertools.event_handler", "asyncio"}
    models = set() if package in VALIDATING else {"pydantic", "pydantic_core"}
    assert not modules_loaded()[package] & (SLOW | resolver | models)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_function_loads_no_more_modules_than_its_kind_needs(package: str) -> None:
    installed = [name for name in modules_loaded()[package] if name.split(".")[0] not in sys.stdlib_module_names]
    assert len(installed) <= (420 if package in BEHIND_THE_API else 335 if package in VALIDATING else 275)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_says_how_long_aws_may_hold_it_up(package: str) -> None:
    text = (FUNCTIONS / package / "handler.py").read_text(encoding="utf-8")
    assert ("http.lambda_handler(app)" in text) != ("@patience.for_a_task" in text)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_collects_rarely_before_it_loads_anything_else(package: str) -> None:
    docstring, *code = ast.parse((FUNCTIONS / package / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    assert [ast.unparse(line) for line in code] == [
        "from client_lifecycle.edge.startup import collect_rarely",
        "collect_rarely()",
    ]


@pytest.mark.parametrize("package", ["publish_events", "booking_requests", "record_changes"])
def test_a_function_that_events_call_does_not_load_the_http_resolver(package: str) -> None:
    loaded = modules_loaded()[package]
    assert "aws_lambda_powertools.event_handler" not in loaded
    assert "client_lifecycle.edge.http" not in loaded


def test_the_layer_requires_every_package_that_the_code_imports() -> None:
    imported = {
        name.split(".")[0] for path in modules_of(LAYER, FUNCTIONS) for name in imports_of(path, at_run_time=True)
    }
    ours = {"client_lifecycle"} | {place.name for place in FUNCTIONS.iterdir()}
    third_party = imported - sys.stdlib_module_names - ours
    providers = importlib.metadata.packages_distributions()
    needed = {canonical(providers[name][0]) for name in third_party - GIVEN_BY_THE_RUNTIME}
    pinned = re.findall(r"^([\w.-]+)==", (LAYER / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert needed
    assert needed <= {canonical(name) for name in pinned}


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


ACTIONS = {"ConditionCheck", "Delete", "Put", "Update"}
"""What a transaction can do with an item."""


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_the_actions_of_transactions_are_built_in_one_module(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keys = {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    assert not keys & ACTIONS or path == PACKAGE / "storage" / "items.py"


@pytest.mark.parametrize("path", modules_of(PACKAGE, FUNCTIONS), ids=named)
def test_no_table_is_ever_scanned(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {"scan", "get_paginator"} & attributes
