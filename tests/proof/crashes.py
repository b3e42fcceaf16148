"""Plays an operation in a scene of its own, undisturbed or crashed at one of its AWS calls, and tells its result.

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
from functools import partial
from typing import Any, cast

from msgspec.structs import replace

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.client import PlanTerms, Trigger
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage import archives, keys, runs
from client_lifecycle.storage.attributes import Plain, from_item
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases import planned_archives
from client_lifecycle.use_cases.bulk import control
from tests.proof.bulk import EFFECTS, MARK, SETTLE, UNDO, Batch, Execution, Work, preview
from tests.proof.invariants import hold
from tests.proof.operations import (
    activate,
    archive,
    book_by_client,
    book_by_staff,
    cancel_plan,
    carry_out_plan,
    charge_fails,
    clean_up_everything,
    confirm,
    restore,
    restore_older,
    retry_of,
    undo_of,
)
from tests.proof.scheduler import GO, Let
from tests.proof.world import NO_SCHEDULING, Controls, World, person_with_many_records, plain_people
from tests.support.builders import DAY, NOW, PROVIDER_ID, cause

BUCKET = "manifests"
PEOPLE = (*plain_people(), person_with_many_records())
TWO = ("plain", "in-charge")
A_SECOND = timedelta(seconds=1)
A_WHILE = timedelta(minutes=20)
"""Until the clean-up looks at what was begun, or looks again."""

CALLS_BEFORE_A_RETURN = 4
"""What a restore reads before its first transaction: client, receipt, records, calendar."""

CALLS_BEFORE_A_REOPENING = 2
"""What the preparation of a retry reads before its first transaction: the run, its members."""

A_NEW_BOOKING = 9
"""A choice with which a booking is a new one, for a moment that is well ahead."""


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
        running, calls = self.world.begin("played", work), 0
        lets_to_come = iter(lets)
        while not running.has_ended:
            self.world.let_go(running, next(lets_to_come, GO))
            calls += 1
        if running.error and not running.crashed:
            raise running.error
        self.answer = running.result
        return calls

    def previewed(self, *client_ids: str) -> Run:
        """Return a run of these clients that waits to be confirmed."""
        for client_id in client_ids:
            self.who(client_id)
        self.play(partial(preview, self.world, client_ids))
        return cast("Run", self.answer)

    def interrupted(self, work: Work, at_call: int, by: Callable[[], object]) -> bool:
        """Do some work, and something else while it stands before one of its calls; tell whether it got as far."""
        running = self.world.begin("interrupted", work)
        for _ in range(at_call):
            if not running.has_ended:
                self.world.let_go(running, GO)
        got_so_far = not running.has_ended
        by()
        while not running.has_ended:
            self.world.let_go(running, GO)
        return got_so_far

    def confirmed(self, *client_ids: str) -> Execution:
        """Return the work on a run that was confirmed, of two clients unless others are named."""
        run = self.previewed(*client_ids or TWO)
        self.done(self.confirm(run))
        return self.execution(run)

    def confirm(self, run: Run) -> Work:
        """Return the confirmation of a run."""
        return lambda: confirm(self.world, run, accept_changes=False, workflow=self.workflow)

    def execution(self, run: Run) -> Execution:
        """Return the work on the present attempt of a run, by the manifest in the bucket."""
        run = runs.read_run(self.world.tenant, run.run_id)
        key = f"{PROVIDER_ID}/{run.run_id}-{run.attempt}.json"
        return Execution(run, lambda: json.loads(self.workflow.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()))

    def dead(self, run: Run) -> None:
        """Stop the execution of a run's attempt."""
        machine = self.workflow.state_machine_arn.replace(":stateMachine:", ":execution:")
        self.workflow.stepfunctions.stop_execution(executionArn=f"{machine}:{run.run_id}-{run.attempt}")

    def after(self, execution: Execution, *steps: str) -> Execution:
        """Do these steps of an execution's only batch."""
        for step in steps:
            self.done(execution.batches[0].deliver(step))
        return execution

    def ended(self, execution: Execution, *steps: str) -> Run:
        """Do these steps, and the last; return the run as it has ended."""
        self.done(self.after(execution, *steps).finish())
        self.dead(execution.run)
        return execution.run

    def retried(self) -> Run:
        """Return a run that has ended without reaching anybody."""
        return self.ended(self.confirmed())

    def retrying(self, run: Run) -> Execution:
        """Return the work on the retry of a run that has ended."""
        self.done(lambda: retry_of(self.world, run, self.workflow))
        return self.execution(run)

    def undone(self, *client_ids: str) -> Execution:
        """Return the work on the undo of a run that has archived its clients."""
        run = self.ended(self.confirmed(*client_ids), MARK, *EFFECTS, SETTLE)
        self.done(lambda: undo_of(self.world, run, self.workflow))
        undo = runs.read_run(self.world.tenant, run.run_id).undone_by
        return self.execution(runs.read_run(self.world.tenant, undo or ""))

    def clean_up(self) -> Work:
        """Return the clean-up, which comes a while later."""

        def work() -> None:
            self.world.at += A_WHILE
            clean_up_everything(self.world, self.workflow)

        return work


Case = Callable[[Scene], Work]
"""Prepares a scene and returns the work, which can be done more than once."""


def archive_of(client_id: str) -> Case:
    return lambda scene: archive(scene.world, scene.who(client_id), 1)


def after_archive(operation: Callable[..., Work], client_id: str) -> Case:
    """Return an operation on a client that is archived."""

    def case(scene: Scene) -> Work:
        who = scene.who(client_id)
        scene.done(archive(scene.world, who, 0))
        return operation(scene.world, who, A_NEW_BOOKING)

    return case


def after_a_charge_failed(scene: Scene) -> Any:
    """Return a client whose archive has left a payment alone that has fallen back since."""
    who = scene.who("in-charge")
    scene.done(archive(scene.world, who, 0), charge_fails(scene.world, who, 1))
    return who


def archive_that_makes_good(scene: Scene) -> Work:
    return archive(scene.world, after_a_charge_failed(scene), 0)


def clean_up_that_makes_good(scene: Scene) -> Work:
    after_a_charge_failed(scene)
    return scene.clean_up()


def clean_up_of_a_payment_in_charge(scene: Scene) -> Work:
    scene.done(archive(scene.world, scene.who("in-charge"), 0))
    return scene.clean_up()


def mark_that_makes_good(scene: Scene) -> Work:
    """Return the first step of a run with a client who was archived before, and whose payment has fallen back."""
    after_a_charge_failed(scene)
    return scene.confirmed().batches[0].deliver(MARK)


def restore_of_what_was_made_good(scene: Scene) -> Work:
    who = after_a_charge_failed(scene)
    scene.done(archive(scene.world, who, 0))
    return restore(scene.world, who, 0)


def restore_after_return(scene: Scene) -> Work:
    who = scene.who("in-charge")
    scene.done(archive(scene.world, who, 0), activate(scene.world, who, 0))
    return restore(scene.world, who, 0)


def restore_from_an_older_receipt(scene: Scene) -> Work:
    """Return a restore from the first of two archives."""
    who = scene.who("many")
    for _ in range(2):
        scene.done(archive(scene.world, who, 0), activate(scene.world, who, 0))
    return restore_older(scene.world, who, 0) or restore(scene.world, who, 0)


def clean_up_of_a_restore(scene: Scene) -> Work:
    """Return the clean-up after a restore that ended after its first transaction."""
    who = scene.who("many")
    scene.done(archive(scene.world, who, 0))
    lets = [GO] * CALLS_BEFORE_A_RETURN
    scene.play(restore(scene.world, who, 0), [*lets, Let(crash_after=True)])
    return scene.clean_up()


def clean_up_of_a_restore_that_is_over(scene: Scene) -> Work:
    """Return the same clean-up for a client that was archived again in the meantime."""
    work = clean_up_of_a_restore(scene)
    scene.done(archive(scene.world, scene.who("many"), 0))
    return work


def undo_that_cannot_restore_all(scene: Scene) -> Work:
    """Return the step of an undo that comes when a payment and an appointment are past."""
    execution = scene.undone("many")
    scene.world.at += 2 * DAY
    return execution.batches[0].deliver(UNDO)


def clean_up_of_an_archive(scene: Scene) -> Work:
    """Return the clean-up after an archive that ended between its second and its third transaction."""
    scene.play(archive(scene.world, scene.who("many"), 0), [GO, GO, GO, GO, Let(crash_before=True)])
    return scene.clean_up()


def clean_up_of_a_dead_run(scene: Scene) -> Work:
    """Return the clean-up of a run whose workflow died after it has marked its clients."""
    execution = scene.after(scene.confirmed(), MARK, *EFFECTS)
    scene.dead(execution.run)
    return scene.clean_up()


def clean_up_of_a_retry(scene: Scene) -> Work:
    """Return the clean-up of a retry that was cut off before its execution was started."""
    run = scene.retried()
    scene.play(lambda: retry_of(scene.world, run, scene.workflow), [GO, Let(crash_after=True)])
    return scene.clean_up()


def clean_up_of_a_retry_that_died(scene: Scene) -> Work:
    """Return the clean-up of a retry whose workflow died while its clients were gathered."""
    execution = scene.retrying(scene.retried())
    scene.play(execution.prepare(), [*[GO] * CALLS_BEFORE_A_REOPENING, Let(crash_after=True)])
    scene.dead(execution.run)
    return scene.clean_up()


def clean_up_with_a_proposal(scene: Scene) -> Work:
    scene.who("quiet")
    scene.world.tidy_up(starts_by_itself=False)
    return scene.clean_up()


def clean_up_that_starts_a_proposal(scene: Scene) -> Work:
    scene.who("quiet")
    scene.world.tidy_up(starts_by_itself=True)
    scene.done(scene.clean_up())
    scene.world.at += timedelta(days=1)
    return scene.clean_up()


def planned(scene: Scene) -> None:
    at, terms = scene.world.at, PlanTerms(trigger=Trigger.AFTER_LAST_APPOINTMENT)
    who = scene.who("quiet").client_id
    scene.done(lambda: planned_archives.plan_archive(scene.world.tenant, who, terms, cause=cause(), at=at))


def after_plan(operation: Callable[..., Work]) -> Case:
    """Return an operation on a client whose archive is planned, and due."""

    def case(scene: Scene) -> Work:
        planned(scene)
        return operation(scene.world, scene.who("quiet"), A_NEW_BOOKING)

    return case


def clean_up_with_a_plan(scene: Scene) -> Work:
    planned(scene)
    return scene.clean_up()


def exclude(scene: Scene) -> Work:
    run_id, table = scene.previewed(*TWO, "quiet").run_id, scene.world.table
    return lambda: control.exclude(Tenant(table, PROVIDER_ID), run_id, [*TWO, "quiet"], cause=cause(), at=NOW)


def stop(scene: Scene) -> Work:
    run_id, table, at = scene.confirmed().run.run_id, scene.world.table, scene.world.at
    return lambda: control.stop(Tenant(table, PROVIDER_ID), run_id, cause=cause(), at=at)


def stop_before_the_start(scene: Scene) -> Work:
    run_id, table, at = scene.previewed(*TWO).run_id, scene.world.table, scene.world.at
    return lambda: control.stop(Tenant(table, PROVIDER_ID), run_id, cause=cause(), at=at)


def retry(scene: Scene) -> Work:
    run = scene.retried()
    return lambda: retry_of(scene.world, run, scene.workflow)


def retry_of_who_was_marked(scene: Scene) -> Work:
    run = scene.ended(scene.confirmed(), MARK)
    return lambda: retry_of(scene.world, run, scene.workflow)


def prepare_retry(scene: Scene) -> Work:
    return scene.retrying(scene.retried()).prepare()


def prepare_retry_that_is_stopped(scene: Scene) -> Work:
    execution = scene.retrying(scene.retried())
    run_id, table, at = execution.run.run_id, scene.world.table, scene.world.at
    scene.done(lambda: control.stop(Tenant(table, PROVIDER_ID), run_id, cause=cause(), at=at))
    return execution.prepare()


def finish_of_a_retry_that_was_not_prepared(scene: Scene) -> Work:
    """Return the last step of a retry that has reopened one client of two, and then failed for good."""
    execution = scene.retrying(scene.retried())
    scene.play(execution.prepare(), [*[GO] * CALLS_BEFORE_A_REOPENING, Let(crash_after=True)])
    return execution.finish()


def mark_in_a_retry(scene: Scene) -> Work:
    execution = scene.retrying(scene.ended(scene.confirmed(), MARK))
    scene.done(execution.prepare())
    return execution.batches[0].deliver(MARK)


def settle_that_comes_late(scene: Scene) -> Work:
    """Return the settling of a batch that is delivered when its run's next attempt is running."""
    execution = scene.after(scene.confirmed(), MARK, *EFFECTS)
    late = execution.batches[0].deliver(SETTLE)
    retrying = scene.retrying(scene.ended(execution))
    scene.done(retrying.prepare())
    return late


def undo(scene: Scene) -> Work:
    run = scene.ended(scene.confirmed(), MARK, *EFFECTS, SETTLE)
    return lambda: undo_of(scene.world, run, scene.workflow)


def undo_step(scene: Scene) -> Work:
    return scene.undone("many").batches[0].deliver(UNDO)


def step_after(step: str, *before: str) -> Case:
    return lambda scene: scene.after(scene.confirmed(), *before).batches[0].deliver(step)


def undo_step_after(step: str, *before: str) -> Case:
    return lambda scene: scene.after(scene.undone(), *before).batches[0].deliver(step)


def settle_unmarked(scene: Scene) -> Work:
    """Return the settling of a batch whose first step has failed for good."""
    return failed_for_good(scene.confirmed().batches[0])


def failed_for_good(batch: Batch) -> Work:
    batch.lose(MARK)
    return batch.deliver(SETTLE)


def finish_after(*before: str) -> Case:
    return lambda scene: scene.after(scene.confirmed(), *before).finish()


CASES: Mapping[str, Case] = {
    "archive": archive_of("plain"),
    "archive of many records": archive_of("many"),
    "archive that leaves a payment alone": archive_of("in-charge"),
    "archive that makes good": archive_that_makes_good,
    "clean-up that makes good": clean_up_that_makes_good,
    "clean-up of a payment in charge": clean_up_of_a_payment_in_charge,
    "mark that makes good": mark_that_makes_good,
    "restore of what was made good": restore_of_what_was_made_good,
    "activate": after_archive(activate, "plain"),
    "activate with restore": after_archive(restore, "in-charge"),
    "activate with restore of many records": after_archive(restore, "many"),
    "restore after the return": restore_after_return,
    "restore from an older receipt": restore_from_an_older_receipt,
    "clean-up of a restore": clean_up_of_a_restore,
    "clean-up of a restore that is over": clean_up_of_a_restore_that_is_over,
    "booking by a client": lambda scene: book_by_client(scene.world, scene.who("plain"), A_NEW_BOOKING),
    "booking by an archived client": after_archive(book_by_client, "plain"),
    "booking by a client to be archived later": after_plan(book_by_client),
    "booking by staff for an archived client": after_archive(book_by_staff, NO_SCHEDULING),
    "booking that is refused": after_archive(book_by_client, NO_SCHEDULING),
    "plan cancelled": after_plan(cancel_plan),
    "plan carried out": after_plan(carry_out_plan),
    "clean-up of an archive": clean_up_of_an_archive,
    "clean-up of a dead run": clean_up_of_a_dead_run,
    "clean-up of a retry": clean_up_of_a_retry,
    "clean-up of a retry that died": clean_up_of_a_retry_that_died,
    "clean-up with a plan": clean_up_with_a_plan,
    "clean-up with a proposal": clean_up_with_a_proposal,
    "clean-up that starts a proposal": clean_up_that_starts_a_proposal,
    "exclude": exclude,
    "confirm": lambda scene: scene.confirm(scene.previewed(*TWO)),
    "mark": step_after(MARK),
    **{effect: step_after(effect, MARK) for effect in EFFECTS},
    "settle": step_after(SETTLE, MARK, *EFFECTS),
    "settle what was not marked": settle_unmarked,
    "finish": finish_after(MARK, *EFFECTS, SETTLE),
    "finish what was lost": finish_after(MARK),
    "stop": stop,
    "stop before the start": stop_before_the_start,
    "retry": retry,
    "retry of who was marked": retry_of_who_was_marked,
    "prepare a retry": prepare_retry,
    "prepare a retry that is stopped": prepare_retry_that_is_stopped,
    "finish of a retry that was not prepared": finish_of_a_retry_that_was_not_prepared,
    "mark in a retry": mark_in_a_retry,
    "settle that comes late": settle_that_comes_late,
    "undo": undo,
    "undo of many records": undo_step,
    "undo that cannot restore all": undo_that_cannot_restore_all,
    "settle of an undo": undo_step_after(SETTLE, UNDO),
    "finish of an undo": lambda scene: scene.after(scene.undone(), UNDO, SETTLE).finish(),
}


@dataclass
class Stage:
    """Where cases are played: a fresh scene for each crash."""

    controls: Controls
    workflow: Workflow
    scenes: Iterator[int]

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Set a scene that nothing has happened in, with ids of its own: executions outlast their scene."""
        with self.controls.new_world(next(self.scenes)) as world:
            world.workflow = self.workflow
            yield Scene(world, self.workflow)

    def undisturbed(self, case: Case) -> tuple[int, Counter[str]]:
        """Play a case in peace; return the number of its calls and its result."""
        with self.scene() as scene:
            calls = scene.play(case(scene))
            return calls, self.what_is_left(scene)

    def points(self, case: Case) -> Iterator[tuple[str, bool]]:
        """Crash a case at each of its calls in turn; tell where, and whether its result is the same as undisturbed."""
        calls, expected = self.undisturbed(case)
        for at_call in range(calls):
            for after in (False, True):
                where = f"{'after' if after else 'before'} call {at_call + 1} of {calls}"
                yield where, self.crashed(case, at_call, after=after) == expected

    def crashed(self, case: Case, at_call: int, *, after: bool) -> Counter[str]:
        """Play a case that crashes at one call and is delivered again a second later; return its result."""
        with self.scene() as scene:
            work = case(scene)
            scene.play(work, [*[GO] * at_call, Let(crash_before=not after, crash_after=after)])
            scene.world.at += A_SECOND
            scene.play(work)
            return self.what_is_left(scene)

    def what_is_left(self, scene: Scene) -> Counter[str]:
        """Clean up, and return everything there is by then, without the ids and times that are new each time.

        What was stored for a run that there is none of is left out: nothing leads there.
        """
        world, answer = scene.world, _answered(scene.answer)
        for _ in range(CLEAN_UPS):
            scene.play(scene.clean_up())
        world.recheck()
        hold(not world.has_unseen_payments, "the clean-up has not seen a payment that fell back")
        items = [unpacked(from_item(item)) for item in world.table.client.scan(TableName=world.table.name)["Items"]]
        receipts = [self._receipt(scene, item) for item in items if item["sk"].startswith("RECEIPT#")]
        known = [from_plain(Run, item) for item in items if item["sk"] == keys.RUN_SK]
        others = [item for item in items if not item["sk"].startswith("RECEIPT#") and _is_known(item, known)]
        handed_over = [one for run in known for one in self._handed_over(run)]
        return told([*others, *filter(None, receipts), *handed_over, answer])

    @staticmethod
    def _receipt(scene: Scene, item: Plain) -> Plain | None:
        """Return a receipt as it reads, however it was cut into parts."""
        if "archive_id" not in item:
            return None
        _, provider_id, client_id = item["pk"].split("#")
        receipt = archives.read_receipt(Tenant(scene.world.table, provider_id), client_id, item["archive_id"])
        return {**to_plain(receipt), "changes": sorted(json.dumps(to_plain(change)) for change in receipt.changes)}

    def _handed_over(self, run: Run) -> Iterator[dict[str, Any]]:
        """Return a run's manifests, and how far its executions have come."""
        bucket = self.workflow.s3
        for found in bucket.list_objects_v2(Bucket=BUCKET, Prefix=f"{PROVIDER_ID}/{run.run_id}").get("Contents", []):
            yield {"manifest": bucket.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read().decode()}
        for attempt in range(1, run.attempt + 1):
            yield {"attempt": attempt, "progress": self.workflow.progress(replace(run, attempt=attempt)).name}


CLEAN_UPS = 2
"""The first may find an item that another has been looking at when it was ended."""

ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
TIME = re.compile(rf"\b{NOW.year}-\d\d-\d\dT[\d:.]+Z")
TOKEN = re.compile(r"\b[0-9a-f]{64}\b")


def _is_known(item: Plain, runs: Sequence[Run]) -> bool:
    return not item["pk"].startswith(keys.RUN_PREFIX) or item["pk"].split("#")[2] in {run.run_id for run in runs}


def _answered(answer: Any) -> Plain:
    """Return what was answered, if it is a step's answer or a booking's: those must be the same each time.

    A first step may leave it to each effect to find out whether it has anything to do.
    """
    if isinstance(answer, BookingAnswer):
        return {"answer": to_plain(answer)}
    if isinstance(answer, dict) and "marked" in answer:
        marked = [{name: one[name] for name in one if name not in ("work_for", "records")} for one in answer["marked"]]
        return {"answer": {**answer, "marked": marked}}
    return {"answer": answer if isinstance(answer, dict) else None}


def told(items: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return items as texts in which all ids, times and tokens read the same."""
    texts = (json.dumps(item, sort_keys=True, default=str) for item in items)
    return Counter(TOKEN.sub("TOKEN", TIME.sub("TIME", ID.sub("ID", text))) for text in texts)
