"""Has a client change while a batch is archived that it is in with another, who must be archived in full."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from client_lifecycle.domain.outcomes import Outcome
from tests.proof.bulk import Execution
from tests.proof.crashes import Scene, Stage
from tests.proof.invariants import ClientLook, hold, nothing_is_live_on_an_archived_client
from tests.proof.operations import activate, archive

OTHER, CHANGED = "plain", "in-charge"


def change_a_neighbour(stage: Stage) -> int:
    """Have one client of two archived, or brought back, by staff before each call in turn; return how many there are.

    Raises:
        Broken: the other is not archived in full.
    """
    for at_call in count():
        with stage.scene() as scene:
            steps = Steps(scene.confirmed(OTHER, CHANGED))
            if not scene.interrupted(steps.carry_out, at_call, lambda: flip(scene)):
                return at_call
            assert steps.are_done
            scene.world.recheck()
            [look] = scene.world.run_looks.values()
            outcomes = {member["client_id"]: member["outcome"] for member in look.members.values()}
            hold(outcomes[OTHER] == Outcome.ARCHIVED, "a neighbour has cost a client its archive", outcomes)
            hold(outcomes[CHANGED] != Outcome.FAILED, "a change was taken for a fault", outcomes)
            nothing_is_live_on_an_archived_client(one for one in scene.world.looks.values() if is_of(one, OTHER))
    raise AssertionError


@dataclass
class Steps:
    """All the steps of the only batch of an execution."""

    execution: Execution
    are_done: bool = False

    def __post_init__(self) -> None:
        """Read the manifest, which is no call of any step."""
        assert self.execution.items

    def carry_out(self) -> None:
        """Do one after the other, as the workflow has them."""
        while places := [*self.execution.tasks_of(0)]:
            self.execution.batches[0].deliver(places[0].rpartition("/")[2])()
        self.are_done = True


def is_of(look: ClientLook, client_id: str) -> bool:
    return bool(look.client["client_id"] == client_id)


def flip(scene: Scene) -> None:
    """Have staff archive the client that is active, or bring back the one that is not."""
    who = scene.who(CHANGED)
    scene.world.recheck()
    [look] = [one for one in scene.world.looks.values() if is_of(one, CHANGED)]
    scene.done((activate if look.archive_id else archive)(scene.world, who, 0))
