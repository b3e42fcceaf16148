"""What an attempt of a run begins with: its members, its state, its execution."""

from __future__ import annotations

from client_lifecycle.domain.members import Member, awaits_outcome
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.runs import IN_FLIGHT, Run
from client_lifecycle.storage import runs
from client_lifecycle.storage.table import StaleRead
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow


def pending_members(tenant: Tenant, run: Run) -> list[Member]:
    """Read the members that are pending under the run's attempt."""
    return [member for member in runs.all_members(tenant, run) if awaits_outcome(member, run.attempt)]


def replace_or_reread(tenant: Tenant, before: Run, after: Run, line: PracticeEntry | None = None) -> Run:
    """Move a run to another state, or return what others have made of it.

    Raises:
        StorageBusy: the table kept throttling.
    """
    try:
        runs.replace_run(tenant, before, after, line)
    except StaleRead:
        return runs.read_run(tenant, before.run_id)
    return after


def launch(workflow: Workflow, run: Run) -> Run:
    """Start the execution of a run's attempt, if the run is in flight; starting it again changes nothing.

    Raises:
        StorageBusy: Step Functions kept throttling.
    """
    if run.state in IN_FLIGHT:
        workflow.start(run)
    return run
