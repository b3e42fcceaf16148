"""Clients whom a step deals with together do each other no harm: each ends as it would have ended alone.

While a batch is archived, step by step, one of its clients changes before each call in turn. The other must be archived
in full nevertheless. Faults in the way back to one client each are in ``test_the_proof_bites``.
"""

from __future__ import annotations

from tests.proof.crashes import Stage
from tests.proof.figures import tell
from tests.proof.neighbours import change_a_neighbour


def test_a_neighbour_that_changes_before_any_call_harms_nobody(stage: Stage) -> None:
    tell(f"a neighbour changed before each of {change_a_neighbour(stage)} calls of a batch, and harmed nobody")
