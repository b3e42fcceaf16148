"""What staff look up: whatever was done before they ask is there, and nothing else.

The tabs, the search and the calendar, which are read over all clients, lag by moments and are not among it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from client_lifecycle.domain.client import Client, Group
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.policy import Action
from client_lifecycle.domain.receipts import Receipt
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage import keys
from client_lifecycle.storage.history import HistoryPage, list_history
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.providers import GroupPage, list_groups
from client_lifecycle.storage.receipt_pages import ReceiptPage, list_receipts
from client_lifecycle.storage.runs import MemberPage, RunPage, list_members, list_runs
from client_lifecycle.storage.values import from_plain
from client_lifecycle.use_cases.clients import PermissionCheck, check_permissions
from tests.proof.answers import Asked, Span, State, is_archived
from tests.proof.bulk import Work
from tests.support.builders import PROVIDER_ID

if TYPE_CHECKING:
    from tests.proof.world import World

EVERYTHING = 1_000


def look_up_groups(world: World, who: Client, choice: int) -> Work:
    """Staff list the groups."""

    def so_in(state: State) -> list[Group]:
        found = state.items(Keys(PROVIDER_ID).partition(), keys.GROUP_PREFIX)
        return [from_plain(Group, plain) for plain in found]

    def is_true(page: GroupPage, span: Span) -> bool:
        return span.ever(lambda state: page.groups == so_in(state))

    return Asked(lambda: list_groups(world.tenant, limit=EVERYTHING, after=None), is_true)


def look_up_history(world: World, who: Client, choice: int) -> Work:
    """Staff read the history of a client."""
    partition = Keys(PROVIDER_ID).client_partition(who.client_id)

    def so_in(state: State) -> list[str]:
        return [plain["history_id"] for plain in state.items(partition, keys.HISTORY_PREFIX)]

    def is_true(page: HistoryPage, span: Span) -> bool:
        told = [entry.history_id for entry in page.entries]
        return span.ever(lambda state: told == so_in(state))

    def work() -> HistoryPage:
        return list_history(world.tenant, who.client_id, limit=EVERYTHING, after=None, newest_first=False)

    return Asked(work, is_true)


def look_up_receipts(world: World, who: Client, choice: int) -> Work:
    """Staff list the receipts of a client."""
    partition = Keys(PROVIDER_ID).client_partition(who.client_id)

    def so_in(state: State) -> list[str]:
        found = state.items(partition, keys.RECEIPT_PREFIX)
        return [plain["archive_id"] for plain in found if "archive_id" in plain][::-1]

    def was_so(receipt: Receipt, state: State) -> bool:
        found = state.items(partition, f"{keys.RECEIPT_PREFIX}{receipt.archive_id}")
        return len(receipt.changes) == sum(len(plain.get("changes", [])) for plain in found)

    def is_true(page: ReceiptPage, span: Span) -> bool:
        receipts = [paged.receipt for paged in page.receipts]
        told = [receipt.archive_id for receipt in receipts]
        return span.ever(lambda state: told == so_in(state)) and all(
            span.ever(partial(was_so, receipt)) for receipt in receipts
        )

    return Asked(lambda: list_receipts(world.tenant, who.client_id, limit=EVERYTHING, after=None), is_true)


def look_up_runs(world: World, who: Client, choice: int) -> Work:
    """Staff list the bulk archives, each as it is."""

    def so_in(state: State) -> list[str]:
        found = state.items(Keys(PROVIDER_ID).partition(), keys.RUN_PREFIX)
        return [plain["run_id"] for plain in found][::-1]

    def was_so(run: Run, state: State) -> bool:
        stored = state.item(Keys(PROVIDER_ID).run(run.run_id)) or {}
        return (run.state, run.attempt, run.undone_by) == tuple(
            stored.get(name) for name in ("state", "attempt", "undone_by")
        )

    def is_true(page: RunPage, span: Span) -> bool:
        told = [run.run_id for run in page.runs]
        return span.ever(lambda state: told == so_in(state)) and all(
            span.ever(partial(was_so, run)) for run in page.runs
        )

    return Asked(lambda: list_runs(world.tenant, limit=EVERYTHING, after=None), is_true)


def look_up_members(world: World, who: Client, choice: int) -> Work | None:
    """Staff list the clients of a bulk archive, partition by partition."""
    runs = world.runs
    if not runs:
        return None
    run = runs[choice % len(runs)]

    def was_so(member: Member, state: State) -> bool:
        stored = state.item(Keys(PROVIDER_ID).member(run.run_id, member.position)) or {}
        return (member.outcome, member.attempt) == (stored.get("outcome"), stored.get("attempt"))

    def is_true(page: MemberPage, span: Span) -> bool:
        return len(page.members) == run.totals.clients and all(
            span.ever(partial(was_so, member)) for member in page.members
        )

    return Asked(lambda: list_members(world.tenant, run, outcome=None, limit=EVERYTHING, after=None), is_true)


def look_up_failures(world: World, who: Client, choice: int) -> Work | None:
    """Staff list the clients whom a bulk archive has failed for."""
    runs = world.runs
    if not runs:
        return None
    run = runs[choice % len(runs)]

    def failed_in(state: State) -> list[str]:
        places = [Keys(PROVIDER_ID).member(run.run_id, position) for position in range(run.totals.clients)]
        found = [state.item(place) or {} for place in places]
        return [member["client_id"] for member in found if member.get("outcome") == Outcome.FAILED]

    def is_true(page: MemberPage, span: Span) -> bool:
        told = [member.client_id for member in page.members]
        return span.ever(lambda state: told == failed_in(state))

    return Asked(lambda: list_members(world.tenant, run, outcome=Outcome.FAILED, limit=EVERYTHING, after=None), is_true)


def check_permission(world: World, who: Client, choice: int) -> Work:
    """Another system asks with whom it may share a document (P7)."""
    client_ids = [client.client_id for client in world.people]

    def is_true(check: PermissionCheck, span: Span) -> bool:
        return all(span.ever(partial(_is_so, check, client)) for client in world.people)

    return Asked(lambda: check_permissions(world.tenant, Action.SHARE_DOCUMENT, None, client_ids), is_true)


def _is_so(check: PermissionCheck, client: Client, state: State) -> bool:
    permission = check.permissions[client.client_id]
    return permission is not None and permission.allowed != is_archived(state, client)


def look_up(world: World, who: Client, choice: int) -> Work | None:
    """Somebody looks something up."""
    return LOOKS[choice % len(LOOKS)](world, who, choice // len(LOOKS))


LOOKS: tuple[Callable[[World, Client, int], Work | None], ...] = (
    look_up_groups,
    look_up_history,
    look_up_receipts,
    look_up_runs,
    look_up_members,
    check_permission,
)
