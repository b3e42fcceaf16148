"""A payment may fall back from charging at any moment of a return, and is scheduled once its client is back (A1, I10).

It falls back before each call of the return in turn; no archive has left it alone, so nothing announces it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from client_lifecycle.domain.client import Client, Door
from client_lifecycle.domain.intake import IncomingChange
from client_lifecycle.domain.records import PaymentStatus
from client_lifecycle.storage import clients
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import record
from client_lifecycle.use_cases.record import Delivery
from client_lifecycle.use_cases.restore import Reading
from tests.proof import operations
from tests.proof.bulk import EFFECTS, MARK, SETTLE, UNDO, Work
from tests.proof.crashes import CALLS_BEFORE_A_RETURN, Scene, Stage
from tests.proof.figures import tell
from tests.proof.invariants import Broken, hold
from tests.proof.sources import ALWAYS, OF_SOURCES, SOURCE
from tests.proof.test_the_proof_bites import Fault, unguarded
from tests.proof.world import LONGEST_LAG
from tests.support.builders import DAY, NOW, payment

WHO, PAYMENT = "plain", "told"

Charge = Callable[[Scene], object]
"""What becomes of the payment, before the archive, under it, or while the client comes back."""


def told(version: int, status: PaymentStatus) -> Charge:
    """Return the telling of the payment by its source."""
    said = payment(PAYMENT, due_at=NOW + 30 * DAY, status=status)
    change = IncomingChange(kind=said.kind, record_id=PAYMENT, version=version, digest=str(version), record=said)
    delivery = Delivery(client_id=WHO, source=SOURCE, changes=[change])

    def telling(scene: Scene) -> None:
        tenant, at = scene.world.tenant, scene.world.at
        scene.done(lambda: record.record(tenant, delivery, at=at, is_dry_run=False, through=Door.RECORD_HOOK))

    return telling


charged = told(2, PaymentStatus.CHARGING)
declined = told(3, PaymentStatus.SCHEDULED)


def charged_and_declined(scene: Scene) -> None:
    """Both of it while the client comes back."""
    charged(scene)
    declined(scene)


def declined_and_made_good(scene: Scene) -> None:
    """Billing writes by itself, and staff archive again (A11)."""
    world, who = scene.world, scene.who(WHO)
    scene.done(operations.charge_fails(world, who, 1), operations.archive(world, who, 0))


def staff_restore(scene: Scene, before: Charge, under: Charge) -> Work:
    """Return a return with all that can be restored."""
    who = scene.who(WHO)
    before(scene)
    scene.done(operations.archive(scene.world, who, 0))
    under(scene)
    return operations.restore(scene.world, who, 0)


def undo(scene: Scene, before: Charge, under: Charge) -> Work:
    """Return the undo of a run."""
    scene.who(WHO)
    before(scene)
    scene.world.at += 2 * LONGEST_LAG
    run = scene.ended(scene.confirmed(WHO), MARK, *EFFECTS, SETTLE)
    under(scene)
    scene.done(lambda: operations.undo_of(scene.world, run, scene.workflow))
    return scene.execution(scene.answer).batches[0].deliver(UNDO)


Return = Callable[[Scene, Charge, Charge], Work]
RETURNS: tuple[Return, ...] = (staff_restore, undo)


def nothing(_: Scene) -> None:
    """The payment is not known yet, or nothing becomes of it."""


CHARGES: dict[str, tuple[Charge, Charge, Charge]] = {
    "known since the archive": (nothing, charged, declined),
    "charged anyway": (told(1, PaymentStatus.SCHEDULED), charged, declined),
    "charged meanwhile": (told(1, PaymentStatus.SCHEDULED), nothing, charged_and_declined),
    "made good by staff": (nothing, charged, declined_and_made_good),
}
"""What becomes of the payment before the archive, under it, and while the client comes back."""


def fall_back_everywhere(stage: Stage, back: Return, charges: tuple[Charge, Charge, Charge]) -> int:
    """Have the payment fall back before each call of a return in turn; return how many there are.

    Raises:
        Broken: an invariant does not hold, or the client is back and its payment is not.
    """
    before, under, meanwhile = charges
    for at_call in count():
        with stage.scene() as scene:
            scene.world.holds_between, scene.world.holds_always = OF_SOURCES, ALWAYS
            work = back(scene, before, under)
            got_so_far = scene.interrupted(work, at_call, lambda: meanwhile(scene))
            look = scene.world.looks[scene.world.tenant.keys.client_partition(WHO)]
            status = look.records[f"PAYMENT#{PAYMENT}"]["status"]
            hold(look.archive_id is not None or status == "scheduled", "a payment was lost on the way back", status)
            if not got_so_far:
                return at_call
    raise AssertionError


@pytest.mark.parametrize("charges", CHARGES)
@pytest.mark.parametrize("back", RETURNS, ids=lambda one: one.__name__)
def test_a1_i10_a_payment_that_falls_back_during_a_return_is_back(stage: Stage, back: Return, charges: str) -> None:
    assert fall_back_everywhere(stage, back, CHARGES[charges]) >= CALLS_BEFORE_A_RETURN


def returns_over_what_was_made_good_meanwhile(patch: pytest.MonkeyPatch) -> None:
    unguarded(patch, clients, "made_good_at")


def receipts_that_are_taken_for_whole(patch: pytest.MonkeyPatch) -> None:
    """What a receipt has gained since it was read is missed, although the client tells of it."""
    patch.setattr(Reading, "may_lack_changes", property(lambda reading: reading.receipt.may_grow))


def tellings_that_do_not_note_what_they_add(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "with_made_good", lambda client, _: client)


def archives_that_do_not_note_what_they_make_good(patch: pytest.MonkeyPatch) -> None:
    def stamp_check(tenant: Tenant, client: Client, archive_id: str, _: object) -> object:
        return clients.stamp_check(tenant, client.client_id, archive_id)

    patch.setattr(clients, "made_good_write", stamp_check)


@pytest.mark.parametrize(
    ("fault", "charges"),
    [
        (returns_over_what_was_made_good_meanwhile, "known since the archive"),
        (receipts_that_are_taken_for_whole, "charged anyway"),
        (tellings_that_do_not_note_what_they_add, "charged meanwhile"),
        (archives_that_do_not_note_what_they_make_good, "made good by staff"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
@pytest.mark.parametrize("back", RETURNS, ids=lambda one: one.__name__)
def test_a_return_that_misses_what_falls_back_is_caught(
    fault: Fault, charges: str, back: Return, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with pytest.raises(Broken) as broken:
        fall_back_everywhere(stage, back, CHARGES[charges])
    tell(f"caught while a payment falls back: {fault.__name__}: {broken.value}")
