"""Every read that asks for consistency has a case in the proofs that shows why."""

from __future__ import annotations

from tests.proof.stale_reads import OF_IMPORTS, READS, SHOWN_ELSEWHERE, consistent_reads


def test_each_consistent_read_has_a_case_that_needs_it() -> None:
    assert consistent_reads() == READS.keys() | OF_IMPORTS | SHOWN_ELSEWHERE
