"""Finds the reads of the code that ask for consistency, has one of them ask no more, and tells what shows it.

A read is named after its function and its call at AWS, like ``runs.read_run GetItem``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import client_lifecycle
from client_lifecycle.domain.client import ArchiveOptions, Door, PlanTerms, Trigger
from client_lifecycle.domain.client_intake import IncomingClient
from client_lifecycle.domain.intake import IncomingChange
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.use_cases import planned_archives
from client_lifecycle.use_cases.client_upsert import upsert_client
from client_lifecycle.use_cases.record import Delivery, record
from tests.proof.bulk import MARK, SETTLE, UNDO, Work
from tests.proof.crashes import A_NEW_BOOKING, CASES, TWO, Case, Scene, failed_for_good, planned
from tests.proof.looks import (
    check_permission,
    look_up_failures,
    look_up_groups,
    look_up_history,
    look_up_members,
    look_up_receipts,
    look_up_runs,
)
from tests.proof.operations import (
    EVERY_RULE,
    Operation,
    activate,
    archive,
    bill,
    book_by_client,
    carry_out_plan,
    change_rules,
    charge_fails,
    publish_document,
    share_document,
    switch_group,
)
from tests.proof.world import LONGEST_LAG
from tests.support.builders import DAY, cause, document

PACKAGE = Path(client_lifecycle.__file__).parent
TABLE = "table"
CALLS = {"get": "GetItem", "get_many": "BatchGetItem", "query": "Query", "page": "Query"}


@cache
def consistent_reads() -> frozenset[str]:
    """Name every read in the code that asks for consistency."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.stem != TABLE]
    return frozenset(
        name for path in modules for name in _reads(path.stem, ast.parse(path.read_text(encoding="utf-8")))
    )


def _reads(scope: str, node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        yield from _reads(
            f"{scope}.{child.name}" if isinstance(child, ast.FunctionDef | ast.ClassDef) else scope, child
        )
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and _is_consistent(child, child.func):
            yield f"{scope} {CALLS[child.func.attr]}"


def _is_consistent(call: ast.Call, method: ast.Attribute) -> bool:
    """Whether a call reads the table, and does not say that it need not be consistent."""
    is_of_table = ast.unparse(method.value).rpartition(".")[2] == TABLE
    return is_of_table and method.attr in CALLS and "consistent=False" not in map(ast.unparse, call.keywords)


@contextmanager
def asking_no_more(dynamodb: Any, read: str) -> Iterator[None]:
    """Have one read of the code ask for consistency no more."""
    event = f"before-parameter-build.dynamodb.{read.rpartition(' ')[2]}"

    def ask_for_less(params: dict[str, Any], **_: Any) -> None:
        asked = next(iter(params["RequestItems"].values())) if "RequestItems" in params else params
        if asked.get("ConsistentRead") and _reader() == read.rpartition(" ")[0]:
            asked["ConsistentRead"] = False

    dynamodb.meta.events.register(event, ask_for_less)
    try:
        yield
    finally:
        dynamodb.meta.events.unregister(event, ask_for_less)


@cache
def _readers() -> frozenset[str]:
    return frozenset(read.rpartition(" ")[0] for read in consistent_reads())


def _reader() -> str | None:
    """Return the function that is reading, of those whose reads ask for consistency."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        module = frame.f_globals["__name__"].rpartition(".")[2]
        name = f"{module}.{frame.f_code.co_qualname.replace('.<locals>', '')}"
        if name in _readers():
            return name
    return None


def undo_in_part_to_finish(scene: Scene) -> Work:
    """Return the last step of an undo that could not restore all."""
    execution = scene.undone("many")
    scene.world.at += 2 * DAY
    return scene.after(execution, UNDO, SETTLE).finish()


def run_that_failed_to_finish(scene: Scene) -> Work:
    """Return the last step of a run that was confirmed a while ago and has just failed for its clients."""
    run = scene.previewed(*TWO)
    scene.world.at += 2 * LONGEST_LAG
    scene.done(scene.confirm(run))
    scene.world.at += 2 * LONGEST_LAG
    execution = scene.execution(run)
    scene.done(failed_for_good(execution.batches[0]))
    return execution.finish()


def effect_after_a_charge_failed(scene: Scene) -> Work:
    """Return an effect on two clients who were marked a while ago; a payment of one has just fallen back."""
    execution = scene.after(scene.confirmed(), MARK)
    scene.world.at += 2 * LONGEST_LAG
    scene.done(of(charge_fails, "in-charge", choice=1)(scene))
    return execution.batches[0].deliver("cancel_commitments")


def run_that_fails(scene: Scene) -> Work:
    """Return the last step of a batch that has failed for both its clients."""
    return failed_for_good(scene.confirmed().batches[0])


def plan_held_back(scene: Scene) -> Work:
    """Return a look at a plan whose client now owes money, which the practice has just made a block."""
    planned(scene)
    scene.done(of(bill, "quiet", choice=6)(scene), blocked(scene))
    return of(carry_out_plan, "quiet")(scene)


LINKED = IncomingClient(source="platform", external_id="p-1", version=1, name="Wren", email="wren@example.org")


def linked(scene: Scene) -> Work:
    """Return the link of one of the people with its id at a platform."""
    at, incoming = scene.world.at, replace(LINKED, client_id=scene.who("plain").client_id)
    return lambda: upsert_client(scene.world.tenant, incoming, at=at, is_dry_run=False)


def told_by_external_id(scene: Scene) -> Work:
    """Return what a platform tells of a client that it names by its own id."""
    at, shared = scene.world.at, document("shared-1")
    incoming = IncomingChange(kind=shared.kind, record_id=shared.record_id, version=1, digest="shared", record=shared)
    delivery = Delivery(client_id=None, external_id="p-1", source="platform", changes=[incoming])
    return lambda: record(scene.world.tenant, delivery, at=at, is_dry_run=False, through=Door.RECORD_HOOK)


def plan_with_a_note(scene: Scene) -> Work:
    """Return the planning of a client's archive, always on the same terms."""
    terms = PlanTerms(trigger=Trigger.AFTER_LAST_APPOINTMENT, options=ArchiveOptions(note="Ended in spring."))
    at, who = scene.world.at, scene.who("quiet").client_id
    return lambda: planned_archives.plan_archive(scene.world.tenant, who, terms, cause=cause(), at=at)


def after(*before: Callable[[Scene], Work], then: Callable[[Scene], Work | None]) -> Case:
    """Return some work on what was done right before."""

    def case(scene: Scene) -> Work:
        for one in before:
            scene.done(one(scene))
        work = then(scene)
        assert work
        return work

    return case


def of(operation: Operation, client_id: str = "plain", choice: int = 0) -> Callable[[Scene], Work]:
    """Return an operation on one of the people, which there is work for."""

    def begin(scene: Scene) -> Work:
        work = operation(scene.world, scene.who(client_id), choice)
        assert work
        return work

    return begin


def confirmed(scene: Scene) -> Work:
    """Return the confirmation of a run of two clients."""
    return scene.confirm(scene.previewed(*TWO))


archived = of(archive)
blocked = of(change_rules, choice=3 * len(EVERY_RULE) + EVERY_RULE.index(SafetyRule.OWES_MONEY))
switched_off, switched_back = of(switch_group, choice=4), of(switch_group, choice=1)

READS: Mapping[str, Case] = {
    "archives.read_receipt Query": CASES["activate with restore"],
    "bookings.read_answer_or_client BatchGetItem": CASES["booking by a client"],
    "clients.read_client GetItem": CASES["activate"],
    "clients.read_clients BatchGetItem": after(archived, then=of(check_permission)),
    "clients.read_live Query": CASES["archive that makes good"],
    "clients.read_named BatchGetItem": effect_after_a_charge_failed,
    "external_ids.read_standing BatchGetItem": after(linked, then=told_by_external_id),
    "history.with_notes_of_plans BatchGetItem": after(plan_with_a_note, then=plan_with_a_note),
    "history.list_history Query": after(archived, then=of(look_up_history)),
    "providers.list_groups Query": after(switched_off, then=of(look_up_groups)),
    "providers.read_switches BatchGetItem": after(switched_off, then=of(book_by_client, choice=A_NEW_BOOKING)),
    "providers.stored_group GetItem": after(switched_off, then=switched_back),
    "providers.stored_settings GetItem": plan_held_back,
    "receipt_pages._archive_ids Query": after(archived, then=of(look_up_receipts)),
    "receipt_pages._fill Query": after(of(archive, "many"), then=of(look_up_receipts, "many")),
    "receipt_pages.read_receipt_page GetItem": after(archived, then=of(look_up_receipts)),
    "restores.read_found BatchGetItem": CASES["activate with restore"],
    "restores.read_restoration GetItem": CASES["activate with restore of many records"],
    "incoming.read_answer GetItem": after(archived, of(publish_document), then=of(publish_document)),
    "incoming.read_seen BatchGetItem": after(archived, of(activate), then=of(share_document)),
    "runs._page_by_outcome Query": after(run_that_fails, then=of(look_up_failures)),
    "runs._page_of_pending Query": CASES["finish what was lost"],
    "runs._page_by_position Query": after(confirmed, then=of(look_up_members)),
    "pages.list_newest BatchGetItem": after(confirmed, then=of(look_up_runs)),
    "pages.list_newest Query": after(confirmed, then=of(look_up_runs)),
    "runs.members_with Query": undo_in_part_to_finish,
    "runs.read_all_members.found Query": CASES["confirm"],
    "runs.read_members BatchGetItem": CASES["mark"],
    "runs.read_run GetItem": run_that_failed_to_finish,
}
"""What shows that a read has to be consistent: a case whose result differs, or breaks an invariant, if not."""

OF_IMPORTS = {
    "import_lookups.read_lookups BatchGetItem",
    "imports.list_parts Query",
    "imports.read_import GetItem",
    "imports.read_part GetItem",
}
"""The reads of imports, which the practices of the proofs have none of."""

SHOWN_ELSEWHERE = {"archives.read_newest_receipt Query"}
"""What needs a payment that begins to charge while its client is archived, which nobody in the proofs has: a test of
the record hook shows it (I10)."""
