"""Plays an operation in a scene of its own, undisturbed or crashed at one of its AWS calls, and tells what it comes to.

A new operation is one entry in ``CASES``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.storage import archives
from client_lifecycle.storage.items import Plain, from_item, to_plain
from client_lifecycle.storage.workflow import Workflow
from local.ministack import LocalAws
from tests.proof import bulk
from tests.proof.bulk import EFFECTS, MARK, MOST_DELIVERIES, SETTLE, Batches, Work, preview
from tests.proof.operations import (
    activate,
    archive,
    book_by_client,
    book_by_staff,
    clean_up,
    restore,
)
from tests.proof.scheduler import GO, Let, Running
from tests.proof.world import NO_SCHEDULING, Controls, World, person_with_many_records, plain_people
from tests.unit.builders import NOW, PROVIDER_ID

BUCKET = "manifests"
PEOPLE = (*plain_people(), person_with_many_records())
A_SECOND = timedelta(seconds=1)
FIRST_OF_SEVERAL = 1
"""A choice with which a booking is a new one."""


@dataclass
class Scene:
    """A world that is ready for the work of a case, and what the work may need beyond the table."""

    world: World
    workflow: Workflow
    answer: Any = None

    def who(self, client_id: str) -> Any:
        """Return one of the people, who is taken in when first asked for."""
        known = {client.client_id for client in self.world.people}
        self.world.settle_in(one for one in PEOPLE if one[0].client_id == client_id and client_id not in known)
        return next(client for client in self.world.people if client.client_id == client_id)

    def done(self, *works: Work) -> None:
        """Do, in peace, what has happened before."""
        for work in works:
            self.play(work)
            self.world.at += A_SECOND

    def play(self, work: Work, lets: Sequence[Let] = ()) -> int:
        """Do some work under the scheduler, and keep its answer; return the number of its calls."""
        running, calls = Running("played", work), 0
        lets_to_come = iter(lets)
        while not running.has_ended:
            self.world.witness(running.let_go(next(lets_to_come, GO)))
            calls += 1
        if running.error and not running.crashed:
            raise running.error
        self.answer = running.result
        return calls

    def run(self) -> Batches:
        """Return a run that was previewed."""
        client_ids = [self.who(client_id).client_id for client_id in ("plain", "in-charge")]
        return Batches.of(preview(self.world, client_ids), client_ids, accept_changes=False)

    def marked(self, *steps: str) -> Batches:
        """Return a confirmed run whose first batch has these steps behind it."""
        run = self.run()
        self.done(lambda: run.confirm(self.world))
        for step in steps:
            self.done(run.batches[0].deliver(step))
        return run


Case = Callable[[Scene], Work]
"""Prepares a scene and returns the work, which can be done more than once."""


def archive_of(client_id: str) -> Case:
    return lambda scene: archive(scene.world, scene.who(client_id), 1)


def after_archive(operation: Callable[..., Work], client_id: str) -> Case:
    """Return an operation on a client that is archived."""

    def case(scene: Scene) -> Work:
        who = scene.who(client_id)
        scene.done(archive(scene.world, who, 0))
        return operation(scene.world, who, FIRST_OF_SEVERAL)

    return case


def restore_after_return(scene: Scene) -> Work:
    who = scene.who("in-charge")
    scene.done(archive(scene.world, who, 0), activate(scene.world, who, 0))
    return restore(scene.world, who, 0)


def clean_up_after_crash(scene: Scene) -> Work:
    """Return the clean-up after an archive that ended between its second and its third transaction."""
    who = scene.who("many")
    scene.play(archive(scene.world, who, 0), [GO, GO, GO, Let(crash_before=True)])
    return clean_up(scene.world, who, 0)


def confirm(scene: Scene) -> Work:
    run = scene.run()
    return lambda: bulk.confirm(scene.world, run.run, workflow=scene.workflow)


def step_after(step: str, *before: str) -> Case:
    def case(scene: Scene) -> Work:
        return scene.marked(*before).batches[0].deliver(step)

    return case


def settle_unmarked(scene: Scene) -> Work:
    """Return the settling of a batch whose first step has failed for good."""
    batch = scene.marked().batches[0]
    batch.deliveries[MARK] = MOST_DELIVERIES
    batch.ready()
    return batch.deliver(SETTLE)


def finish_after(*before: str) -> Case:
    return lambda scene: scene.marked(*before).finish()


CASES: Mapping[str, Case] = {
    "archive": archive_of("plain"),
    "archive of many records": archive_of("many"),
    "activate": after_archive(activate, "plain"),
    "activate with restore": after_archive(restore, "in-charge"),
    "activate with restore of many records": after_archive(restore, "many"),
    "restore after the return": restore_after_return,
    "booking by a client": lambda scene: book_by_client(scene.world, scene.who("plain"), FIRST_OF_SEVERAL + 50),
    "booking by an archived client": after_archive(book_by_client, "plain"),
    "booking by staff for an archived client": after_archive(book_by_staff, NO_SCHEDULING),
    "booking that is refused": after_archive(book_by_client, NO_SCHEDULING),
    "clean-up": clean_up_after_crash,
    "confirm": confirm,
    "mark": step_after(MARK),
    **{effect: step_after(effect, MARK) for effect in EFFECTS},
    "settle": step_after(SETTLE, MARK, *EFFECTS),
    "settle what was not marked": settle_unmarked,
    "finish": finish_after(MARK, *EFFECTS, SETTLE),
    "finish what was lost": finish_after(MARK),
}


@dataclass
class Stage:
    """Where cases are played: a fresh scene for each crash."""

    controls: Controls
    aws: LocalAws
    workflow: Workflow

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Set a scene that nothing has happened in."""
        with self.controls.new_world() as world:
            yield Scene(world, self.workflow)

    def undisturbed(self, case: Case) -> tuple[int, Counter[str]]:
        """Play a case in peace; return the number of its calls and what it comes to."""
        with self.scene() as scene:
            calls = scene.play(case(scene))
            return calls, self.what_is_left(scene)

    def points(self, case: Case) -> Iterator[tuple[str, bool]]:
        """Crash a case at each of its calls in turn; tell where, and whether it came to the same as undisturbed."""
        calls, expected = self.undisturbed(case)
        for at_call in range(calls):
            for after in (False, True):
                where = f"{'after' if after else 'before'} call {at_call + 1} of {calls}"
                yield where, self.crashed(case, at_call, after=after) == expected

    def crashed(self, case: Case, at_call: int, *, after: bool) -> Counter[str]:
        """Play a case that crashes at one call and is delivered again a second later; return what it comes to."""
        with self.scene() as scene:
            work = case(scene)
            scene.play(work, [*[GO] * at_call, Let(crash_before=not after, crash_after=after)])
            scene.world.at += A_SECOND
            scene.play(work)
            return self.what_is_left(scene)

    def what_is_left(self, scene: Scene) -> Counter[str]:
        """Clean up, and return everything there is by then, without the ids and times that are new each time."""
        world, answer = scene.world, _answered(scene.answer)
        for who in world.people:
            scene.play(clean_up(world, who, 0))
        world.look_again()
        items = [from_item(item) for item in world.table.client.scan(TableName=world.table.name)["Items"]]
        receipts = [self._receipt(scene, item) for item in items if item["sk"].startswith("RECEIPT#")]
        others = [item for item in items if not item["sk"].startswith("RECEIPT#")]
        handed_over = [one for item in items if item["sk"] == "RUN" for one in self._handed_over(item["run_id"])]
        return told([*others, *filter(None, receipts), *handed_over, answer])

    @staticmethod
    def _receipt(scene: Scene, item: Plain) -> Plain | None:
        """Return a receipt as it reads, however it was cut into parts."""
        if "archive_id" not in item:
            return None
        _, provider_id, client_id = item["pk"].split("#")
        receipt = archives.read_receipt(scene.world.table, provider_id, client_id, item["archive_id"])
        return {**to_plain(receipt), "changes": sorted(json.dumps(to_plain(change)) for change in receipt.changes)}

    def _handed_over(self, run_id: str) -> Iterator[dict[str, Any]]:
        """Return a run's manifest and its executions."""
        key = f"{PROVIDER_ID}/{run_id}.json"
        for found in self.aws.s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("Contents", []):
            yield {"manifest": self.aws.s3.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read().decode()}
        machine = self.workflow.state_machine_arn
        executions = self.aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
        yield {"executions": sum(one["name"] == run_id for one in executions)}


ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
TIME = re.compile(re.escape(f"{NOW:%Y-%m-%dT%H:%M}") + r":[\d.]+Z")
"""The times of the work itself; what is booked or due has others."""


def _answered(answer: Any) -> Plain:
    """Return what was answered, if it is a step's answer or a booking's: those must be the same each time."""
    if isinstance(answer, BookingAnswer):
        return {"answer": to_plain(answer)}
    return {"answer": answer if isinstance(answer, dict) else None}


def told(items: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return items as texts in which all new ids and all times of the work itself read the same."""
    return Counter(TIME.sub("NOW", ID.sub("ID", json.dumps(item, sort_keys=True, default=str))) for item in items)
