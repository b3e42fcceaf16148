"""The demo: a client group is archived over HTTP and watched to the end, then one client by hand and back.

A calendar and a billing system of the practice follow both. Then the practice brings in the clients of an older system.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.restore import Restorable
from local.api import Api, ApiRefused
from local.importing import checked_import, ended_import, old_clients
from local.ministack import DEFAULT_PORT, LocalAwsFailed
from local.sample_practice import CURRENCY, SampleClient, SamplePractice
from local.screen import Screen
from local.stack import PracticeStack, Progress, practice_stack
from local.systems import Systems, systems_of

RUN_SECONDS = 180
POLL_SECONDS = 0.2
ROWS_OF_PREVIEW = 12
PAGE = 25
MOST_CHANGES_TO_SHOW = 20

MOMENTS = ("starts_at", "due_at", "send_at", "remind_at", "created_at", "joined_at")
"""The field that says when a record takes or took place, whichever it has."""

MEANINGS = {"left_at": "left the chat", "hidden_at": "hidden from the feed"}

TOUCHED = {
    "appointment": "Appoint-\nments",
    "payment": "Pay-\nments",
    "membership": "Chats",
    "recipient": "Blasts",
    "feed_entry": "Feed",
    "reminder": "Remind-\ners",
}
"""The kinds of record that an archive touches, as headings."""

COMMITMENTS = (RecordKind.APPOINTMENT, RecordKind.PAYMENT)

Document = Mapping[str, Any]


def demo() -> None:
    """Watch a client group being archived on a local AWS of its own, then one client and back."""
    screen = Screen()
    screen.heading("A local AWS on this machine")
    with practice_stack(port=DEFAULT_PORT, watcher=screen) as stack, systems_of(stack) as systems:
        show(screen, stack, systems)
    screen.say("Everything that was started is stopped.")


def show(screen: Screen, stack: PracticeStack, systems: Systems) -> None:
    """Show on a running practice all that the demo shows.

    Raises:
        LocalAwsFailed: something did not become what it should have.
    """
    screen.say(f"The API is at {stack.deployed.api_url}")
    group_id = _largest_group(stack.practice)
    _archive_group(screen, stack, systems, group_id)
    _show_a_blocked_debt(screen, stack, _debtor(stack.practice, group_id))
    _archive_and_activate_one(screen, stack, systems, _telling_client(stack.practice, group_id))
    _import_clients(screen, stack.api)
    _say_where_things_stand(screen, stack.api)


def _archive_group(screen: Screen, stack: PracticeStack, systems: Systems, group_id: str) -> None:
    group = next(group for group in stack.practice.groups if group.group_id == group_id)
    screen.heading(f"Archive the client group “{group.name}”")
    preview = stack.api.post("/bulk-archives", {"group_id": group_id})
    _show_preview(screen, preview)
    run_id = preview["run_id"]
    screen.say(f"Confirming bulk archive {run_id} with the token of this preview.")
    stack.api.post(f"/bulk-archives/{run_id}/confirm", {"token": preview["token"]})
    run = _watch(screen, stack.api, run_id)
    touched = _show_outcomes(screen, stack.api, run_id)
    screen.say(f"The bulk archive is {run['state']}: {_counted(run['counts'])}.")
    if run["counts"]["archived"] != run["totals"]["clients"]:
        raise LocalAwsFailed("The bulk archive did not archive every client.")
    with screen.step("The calendar and billing follow"):
        followed = {
            "The calendar": systems.calendar.catch_up(touched["appointment"]),
            "Billing": systems.billing.catch_up(touched["payment"]),
        }
    for name, answers in followed.items():
        screen.say(f"{name} has done the same to its own records, and confirmed it: {_counted(answers)}.")


def _show_preview(screen: Screen, preview: Document) -> None:
    rows = [
        [
            client["name"],
            _money(client["credits"]),
            _money(client["owed"]),
            str(client["upcoming_appointments"]),
            _payments(client),
        ]
        for client in preview["clients"][:ROWS_OF_PREVIEW]
    ]
    totals = preview["totals"]
    if totals["clients"] > len(rows):
        rows.append([f"… and {totals['clients'] - len(rows)} more", "", "", "", ""])
    numbers = ["Credit", "Owed", "Appointments", "Payments"]
    screen.table(
        "What is ahead of these clients, and what money is at stake",
        ["Client", *numbers],
        rows,
        numbers=numbers,
        totals=[
            f"{totals['clients']} clients",
            _money(totals["credits"]),
            _money(totals["owed"]),
            str(totals["upcoming_appointments"]),
            _payments(totals),
        ],
    )


def _watch(screen: Screen, api: Api, run_id: str) -> Document:
    deadline = time.monotonic() + RUN_SECONDS
    with screen.step("Archiving: mark, then cancel, leave and silence") as progress:
        while time.monotonic() < deadline:
            run = api.get(f"/bulk-archives/{run_id}")
            clients = run["totals"]["clients"]
            progress(clients - run["counts"]["pending"], clients)
            if run["state"] != "running":
                return run
            time.sleep(POLL_SECONDS)
    raise LocalAwsFailed(f"The bulk archive did not end within {RUN_SECONDS} seconds.")


def _show_outcomes(screen: Screen, api: Api, run_id: str) -> Counter[str]:
    """Show what happened to whom, and return how many records of each kind were changed in all."""
    clients = list(api.pages(f"/bulk-archives/{run_id}/clients", limit=PAGE))
    with screen.step("Reading the receipts") as progress:
        touched = _touched(api, clients, progress)
    rows = [
        [
            client["name"],
            _words(client["outcome"]) + (f": {client['reason']}" if client["reason"] else ""),
            *_counts(touched[client["client_id"]]),
        ]
        for client in clients
    ]
    total = sum(touched.values(), Counter[str]())
    screen.table(
        "What happened to whom: records changed, by each receipt",
        ["Client", "Outcome", *TOUCHED.values()],
        rows,
        numbers=tuple(TOUCHED.values()),
        totals=[f"{len(clients)} clients", "", *_counts(total)],
    )
    return total


def _touched(api: Api, clients: Sequence[Document], progress: Progress) -> dict[str, Counter[str]]:
    """Count by kind the records that the archive of each client touched.

    The receipts are read by archiving the archived clients again, which changes nothing and returns them.
    """
    touched: dict[str, Counter[str]] = {}
    for done, client in enumerate(clients):
        progress(done, len(clients))
        changes = []
        if client["outcome"] == "archived":
            changes = api.post(f"/clients/{client['client_id']}/archive")["receipt"]["changes"]
        touched[client["client_id"]] = Counter(change["kind"] for change in changes)
    return touched


def _counts(touched: Counter[str]) -> list[str]:
    return [str(touched[kind] or "-") for kind in TOUCHED]


def _archive_and_activate_one(screen: Screen, stack: PracticeStack, systems: Systems, sample: SampleClient) -> None:
    client_id = sample.client.client_id
    screen.heading(f"Archive {sample.client.name} ({client_id}) by hand, while billing charges a payment")
    payment_id = systems.billing.scheduled(client_id)[0]
    systems.billing.charge(client_id, payment_id)
    answer = stack.api.post(f"/clients/{client_id}/archive")
    receipt = answer["receipt"]
    changes = [
        [_words(change["kind"]), change["record_id"], _day(change["before"]), _what_changed(change)]
        for change in receipt["changes"]
    ]
    left_alone = [
        [_words(left["kind"]), left["record_id"], "", f"left alone: {_words(left['reason'])}"]
        for left in receipt["left_alone"]
    ]
    title = f"Receipt {receipt['archive_id']} ({receipt['state']})"
    screen.table(title, ["Record", "Id", "When", "What happened"], [*changes, *left_alone])
    screen.say(f"{sample.client.name} is {answer['client']['status']}. Nothing was sent to the client.")
    _show_what_systems_tell(screen, systems, client_id, payment_id, receipt["changes"])
    _show_what_is_refused(screen, stack, sample)
    _activate_and_restore(screen, stack.api, systems, client_id)


def _show_what_systems_tell(
    screen: Screen, systems: Systems, client_id: str, payment_id: str, changes: Sequence[Document]
) -> None:
    screen.heading("The practice's systems follow, and are answered what may be so")
    appointments = [change["record_id"] for change in changes if change["kind"] == "appointment"]
    payments = [change["record_id"] for change in changes if change["kind"] == "payment"]
    systems.calendar.echo(client_id, appointments[0])
    followed = systems.calendar.catch_up(len(appointments), refusals=1)
    [echoed] = systems.calendar.refused
    declined = systems.billing.decline(client_id, payment_id)
    cancelled = systems.billing.catch_up(len(payments) + 1)
    document = {"kind": "document", "id": "lab-results", "version": 1, "status": "shared"}
    [shared] = systems.documents.tell(client_id, [document])
    rows = [
        ["calendar (bus)", f"{appointments[0]} as it was", _answered(echoed)],
        ["calendar (bus)", f"appointments cancelled: {len(appointments)}", _counted(followed)],
        ["billing (HTTP)", f"{payment_id}: card declined", _answered(declined)],
        [
            "billing (HTTP)",
            f"payments cancelled: {len(payments) + 1}",
            _counted(cancelled),
        ],
        ["documents (HTTP)", "a document, to be shared", _answered(shared)],
    ]
    screen.table("What the systems tell", ["System", "Tells", "Answer"], rows)
    screen.say("On the bus, only what is refused is answered.")


def _answered(result: Document) -> str:
    """Say in words what became of a change."""
    words = [_words(result["outcome"])]
    if rule := result.get("rule"):
        words.append(f"by rule {rule}, {_words(result['reason'])}")
    if ours := result.get("ours"):
        words.append(f"{ours['status']} here, by the {ours['cancelled_by']}")
    return "; ".join(words)


def _show_a_blocked_debt(screen: Screen, stack: PracticeStack, sample: SampleClient) -> None:
    client = sample.client
    debt = _amount(client.owed_cents, client.currency)
    screen.heading(f"Archive {client.name} ({client.client_id}), who owes {debt}")
    stack.api.patch("/settings", {"safety": {"owes_money": "block"}})
    screen.say("The practice has set that clients who owe money are not archived.")
    _show_refusal(screen, stack.api, f"/clients/{client.client_id}/archive", {})
    stack.api.patch("/settings", {"safety": {"owes_money": "allow"}})


def _show_what_is_refused(screen: Screen, stack: PracticeStack, sample: SampleClient) -> None:
    client = sample.client
    screen.heading(f"Add {client.name} anew, and share a document")
    _show_refusal(screen, stack.api, "/clients", {"name": client.name, "email": f" {client.email.upper()} "})
    check = stack.api.post("/permission-checks", {"action": "share_document", "client_ids": [client.client_id]})
    for refused in check["refused"]:
        screen.say(f"Sharing a document: refused by rule {refused['rule']}. {refused['sentence']}")


def _show_refusal(screen: Screen, api: Api, path: str, body: Document) -> None:
    try:
        api.post(path, body)
    except ApiRefused as refused:
        screen.say(f"POST {path}: {refused.status}, {refused.document['detail']}")
    else:
        raise LocalAwsFailed(f"POST {path} was not refused, as it should have been.")


def _activate_and_restore(screen: Screen, api: Api, systems: Systems, client_id: str) -> None:
    answer = api.post(f"/clients/{client_id}/activate", {"restore": [what.value for what in Restorable]})
    name = answer["client"]["name"]
    screen.heading(f"Activate {name} again, and restore what the archive took")
    rows = [[_words(item["kind"]), item["record_id"], _words(item["outcome"])] for item in answer["restored"]]
    screen.table("What became of it", ["Record", "Id", "Outcome"], rows)
    restored = Counter(item["kind"] for item in answer["restored"] if item["outcome"] == "restored")
    booked = systems.calendar.catch_up(restored["appointment"])
    scheduled = systems.billing.catch_up(restored["payment"])
    screen.say(f"The calendar has booked again what came back: {_counted(booked)}; billing too: {_counted(scheduled)}.")
    screen.say(f"{name} is {api.get(f'/clients/{client_id}')['status']}.")


def _import_clients(screen: Screen, api: Api) -> None:
    screen.heading("Bring in the clients of an older system: 200 rows, some of them bad")
    taken = api.get("/clients", status="archived", limit=1)["clients"][0]["email"]
    with screen.step("Uploading the file, and checking every row"):
        checked = checked_import(api, old_clients(taken))
    screen.say(f"The check has written nothing. It expects: {_counted(checked['counts'])}.")
    rows = [
        [_words(outcome), str(result["row"]), result["field"] or "", result["client_id"] or ""]
        for outcome, results in checked["first"].items()
        for result in results[:2]
    ]
    screen.table("The first rows that need a look", ["Outcome", "Row", "Field", "Client"], rows, numbers=["Row"])
    api.post(f"/imports/{checked['import_id']}/confirm", {"token": checked["token"]})
    with screen.step("Importing") as progress:
        done = ended_import(api, checked["import_id"], progress)
    screen.say(f"The import is {_words(done['state'])}: {_counted(done['counts'])}.")
    if done["counts"] != checked["counts"]:
        raise LocalAwsFailed("The import did not do what its check had said.")


def _say_where_things_stand(screen: Screen, api: Api) -> None:
    screen.heading("Where things stand")
    tabs = {status.value: sum(1 for _ in api.pages("/clients", status=status.value, limit=100)) for status in Status}
    screen.say(f"The practice has {_counted(tabs)} clients. Their records are all still there.")


def _largest_group(practice: SamplePractice) -> str:
    """Return the group with the most active members."""
    sizes = Counter(
        sample.client.group_id
        for sample in practice.clients
        if sample.client.group_id and sample.client.status is Status.ACTIVE
    )
    group_id, _ = sizes.most_common(1)[0]
    return str(group_id)


def _telling_client(practice: SamplePractice, not_in: str) -> SampleClient:
    """Return an active client with appointments and payments ahead whose archive shows the most kinds of change."""

    def kinds(sample: SampleClient) -> tuple[int, int, int]:
        plan = all_effects(sample.records, datetime.now(UTC))
        changed = {change.before.kind for change in plan.changes}
        return (len(changed & set(COMMITMENTS)), len(changed), -len(plan.changes))

    return max(_active_outside(practice, not_in), key=kinds)


def _debtor(practice: SamplePractice, not_in: str) -> SampleClient:
    """Return the active client who owes most in the practice's usual currency."""
    comparable = [sample for sample in _active_outside(practice, not_in) if sample.client.currency == CURRENCY]
    return max(comparable, key=lambda sample: sample.client.owed_cents)


def _active_outside(practice: SamplePractice, group_id: str) -> list[SampleClient]:
    return [
        sample
        for sample in practice.clients
        if sample.client.status is Status.ACTIVE and sample.client.group_id != group_id
    ]


def _what_changed(change: Document) -> str:
    before, after = change["before"], change["after"]
    for field, meaning in MEANINGS.items():
        if after.get(field) != before.get(field):
            return meaning
    return f"{before['status']} → {after['status']}"


def _day(record: Document) -> str:
    moment = next((record[field] for field in MOMENTS if field in record), "")
    return str(moment)[:10]


def _payments(facts: Document) -> str:
    count = facts["scheduled_payments"]
    return f"{count} ({_money(facts['scheduled'])})" if count else "0"


def _money(amounts: Sequence[Document]) -> str:
    return ", ".join(_amount(one["cents"], one["currency"]) for one in amounts) or "0"


def _amount(cents: int, currency: str) -> str:
    return f"{cents // 100:,}.{cents % 100:02d} {currency}"


def _counted(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{count} {_words(name)}" for name, count in counts.items() if count)


def _words(name: str) -> str:
    return name.replace("_", " ")
