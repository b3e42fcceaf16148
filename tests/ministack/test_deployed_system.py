"""The whole system as template.yaml deploys it: Cognito, REST API, functions under their own roles, workflow, table."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.outcomes import Outcome, RunKind, counts_of
from client_lifecycle.domain.records import Appointment, AppointmentStatus, PaymentStatus
from client_lifecycle.domain.runs import IN_FLIGHT
from client_lifecycle.storage.clients import read_client, read_live
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.tenant import Tenant
from local.api import Api, ApiRefused
from local.deploy import STACK
from local.ministack import CONFIG
from local.stack import PracticeStack
from local.staff import Role, sign_in
from tests.support.builders import DAY, appointment, client, membership, one_of_each, payment, reminder
from tests.support.practice import everything, put, records_of

RUN_SECONDS = 60
NUMBERS = iter(range(1_000))


@pytest.fixture
def someone(deployed: PracticeStack) -> Client:
    return somebody(deployed)


def somebody(deployed: PracticeStack, **fields: Any) -> Client:
    """A fresh active client of the signed-in provider, with one live record of each kind, all of them ahead."""
    at = datetime.now(UTC)
    who = client(f"e2e-{next(NUMBERS)}", provider_id=deployed.practice.provider_id, **fields)
    return put(
        deployed.table,
        who,
        [
            appointment(starts_at=at + DAY),
            payment(due_at=at + DAY),
            membership(),
            reminder(remind_at=at + DAY),
            *[one for one in one_of_each() if one.kind in ("recipient", "feed_entry")],
        ],
    )


def preview(deployed: PracticeStack, *people: Client) -> dict[str, Any]:
    return deployed.api.post("/bulk-archives", {"client_ids": [who.client_id for who in people]})


def confirm(deployed: PracticeStack, shown: dict[str, Any]) -> dict[str, Any]:
    return deployed.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})


def finished(deployed: PracticeStack, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + RUN_SECONDS
    while (run := deployed.api.get(f"/bulk-archives/{run_id}"))["state"] in set(IN_FLIGHT):
        assert time.monotonic() < deadline, run
        assert sum(run["counts"].values()) == run["totals"]["clients"]
        time.sleep(0.1)
    return run


def outcomes(deployed: PracticeStack, run_id: str) -> dict[str, tuple[str, str | None]]:
    listed = deployed.api.pages(f"/bulk-archives/{run_id}/clients")
    return {member["client_id"]: (member["outcome"], member["reason"]) for member in listed}


def invoke(deployed: PracticeStack, function: str, event: dict[str, Any]) -> Any:
    """Call a workflow step as Step Functions does."""
    functions = deployed.aws.session.client("lambda", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    answer = functions.invoke(FunctionName=f"{STACK}-{function}", Payload=json.dumps(event))
    document = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, document
    return document


def test_a6_a_group_is_archived_with_every_effect_on_every_client(deployed: PracticeStack) -> None:
    [group] = [one for one in deployed.practice.groups if one.name == "Spring Nutrition Course"]
    everyone = [sample.client for sample in deployed.practice.clients]
    members = [who for who in everyone if who.group_id == group.group_id and who.status is Status.ACTIVE]
    shown = deployed.api.post("/bulk-archives", {"group_id": group.group_id})
    assert shown["totals"]["clients"] == len(members)
    confirm(deployed, shown)
    run = finished(deployed, shown["run_id"])

    assert run["state"] == "completed"
    assert run["counts"]["archived"] == len(members)
    assert set(outcomes(deployed, shown["run_id"]).values()) == {("archived", None)}
    listed = list(deployed.api.pages("/clients", status="archived", group_id=group.group_id, limit=10))
    assert {who.client_id for who in members} <= {one["client_id"] for one in listed}
    at = datetime.now(UTC)
    for who in members:
        live = read_live(Tenant(deployed.table, who.provider_id), who.client_id, at)
        assert live.client.status is Status.ARCHIVED
        assert live.client.group_id == group.group_id
        assert (live.client.credit_cents, live.client.owed_cents) == (who.credit_cents, who.owed_cents)
        assert all_effects(live.records, at).changes == ()
        receipt = deployed.api.post(f"/clients/{who.client_id}/archive")["receipt"]
        assert receipt["state"] == "settled"
        assert receipt["archived_by"]["run_id"] == shown["run_id"]
        before = {(one.kind, one.record_id): one for one in records_of(deployed.table, who)}
        for change in receipt["changes"]:
            stored = before[change["kind"], change["record_id"]]
            assert change["before"] != change["after"]
            assert stored.lives_until is None


def test_clients_outside_the_group_are_untouched(deployed: PracticeStack, someone: Client) -> None:
    other = somebody(deployed)
    before = everything(deployed.table, other)
    shown = preview(deployed, someone)
    confirm(deployed, shown)
    finished(deployed, shown["run_id"])
    assert everything(deployed.table, other) == before


def test_a_handler_that_fails_for_one_client_fails_that_client_alone(deployed: PracticeStack) -> None:
    people = [somebody(deployed) for _ in range(5)]
    shown = preview(deployed, *people)
    spoil(deployed, people[2])
    confirm(deployed, shown)
    run = finished(deployed, shown["run_id"])
    assert run["state"] == "completed_with_failures"
    assert (run["counts"]["failed"], run["counts"]["archived"]) == (1, 4)
    assert outcomes(deployed, shown["run_id"])[people[2].client_id] == ("failed", "UnreadableRecord")
    [failed] = deployed.api.pages(f"/bulk-archives/{shown['run_id']}/clients", outcome="failed")
    assert failed["client_id"] == people[2].client_id


def spoil(deployed: PracticeStack, who: Client) -> None:
    """Break one record of a client so that no handler can read it."""
    key = Keys(who.provider_id).record(who.client_id, appointment().kind, appointment().record_id)
    deployed.table.client.update_item(
        TableName=deployed.table.name,
        Key={name: {"S": part} for name, part in key.items()},
        UpdateExpression="SET starts_at = :nonsense",
        ExpressionAttributeValues={":nonsense": {"S": "the day after never"}},
    )


class TestComingBackInTheMiddleOfARun:
    """A client is activated between the step that marks and the handlers that follow."""

    @pytest.fixture
    def run(self, deployed: PracticeStack) -> tuple[dict[str, Any], Client, Client]:
        returning, staying = somebody(deployed), somebody(deployed)
        shown = preview(deployed, returning, staying)
        table = deployed.table
        table.client.update_item(
            TableName=table.name,
            Key={"pk": {"S": f"RUN#{returning.provider_id}#{shown['run_id']}"}, "sk": {"S": "RUN"}},
            UpdateExpression="SET #state = :running",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":running": {"S": "running"}},
        )
        members = [{"client_id": who.client_id, "position": n} for n, who in enumerate((returning, staying))]
        batch = {
            "provider_id": returning.provider_id,
            "run_id": shown["run_id"],
            "attempt": 1,
            "members": members,
        }
        return batch, returning, staying

    def carry_on(self, deployed: PracticeStack, batch: dict[str, Any], mark: dict[str, Any]) -> dict[str, Any]:
        step = {**batch, "marked": mark["marked"]}
        effects = [
            invoke(deployed, name, step) for name in ("cancel-commitments", "leave-chats", "silence-notifications")
        ]
        invoke(deployed, "settle-batch", {**batch, "first": mark, "effects": effects})
        invoke(deployed, "finish-run", batch)
        return deployed.api.get(f"/bulk-archives/{batch['run_id']}")

    def test_nothing_is_cancelled_afterwards_and_the_outcome_is_superseded(
        self, deployed: PracticeStack, run: tuple[dict[str, Any], Client, Client]
    ) -> None:
        batch, returning, staying = run
        mark = invoke(deployed, "mark-archived", batch)
        assert len(mark["marked"]) == 2
        deployed.api.post(f"/clients/{returning.client_id}/activate")
        before = everything(deployed.table, returning)

        done = self.carry_on(deployed, batch, mark)

        assert everything(deployed.table, returning) == before
        assert {one.status for one in records_of(deployed.table, returning) if isinstance(one, Appointment)} == {
            AppointmentStatus.BOOKED
        }
        assert outcomes(deployed, batch["run_id"]) == {
            returning.client_id: ("superseded", None),
            staying.client_id: ("archived", None),
        }
        assert (done["state"], done["counts"]["superseded"], done["counts"]["archived"]) == ("completed", 1, 1)

    def test_a_second_delivery_of_the_mark_does_not_archive_the_client_again(
        self, deployed: PracticeStack, run: tuple[dict[str, Any], Client, Client]
    ) -> None:
        batch, returning, _ = run
        first = invoke(deployed, "mark-archived", batch)
        deployed.api.post(f"/clients/{returning.client_id}/activate")
        again = invoke(deployed, "mark-archived", batch)
        assert [one | {"work_for": None, "records": None} for one in first["marked"]] == again["marked"]
        assert first["outcomes"] == again["outcomes"]
        assert read_client(Tenant(deployed.table, returning.provider_id), returning.client_id).status is Status.ACTIVE

    def test_every_step_delivered_twice_counts_once(
        self, deployed: PracticeStack, run: tuple[dict[str, Any], Client, Client]
    ) -> None:
        batch, _, _ = run
        mark = invoke(deployed, "mark-archived", batch)
        self.carry_on(deployed, batch, mark)
        done = self.carry_on(deployed, batch, invoke(deployed, "mark-archived", batch))
        assert done["counts"] == {**counts_of(RunKind.ARCHIVE, pending=0), Outcome.ARCHIVED: 2}
        assert done["percent_done"] == 100


def test_confirming_twice_changes_nothing(deployed: PracticeStack, someone: Client) -> None:
    shown = preview(deployed, someone)
    first = confirm(deployed, shown)
    run = finished(deployed, shown["run_id"])
    records = everything(deployed.table, someone)
    again = confirm(deployed, shown)
    assert again["started_at"] == first["started_at"]
    assert deployed.api.get(f"/bulk-archives/{shown['run_id']}") == run
    assert everything(deployed.table, someone) == records


def test_an_archived_client_of_the_selection_is_already_archived(deployed: PracticeStack, someone: Client) -> None:
    receipt = deployed.api.post(f"/clients/{someone.client_id}/archive")["receipt"]
    shown = preview(deployed, someone)
    confirm(deployed, shown)
    assert finished(deployed, shown["run_id"])["counts"]["already_archived"] == 1
    assert deployed.api.post(f"/clients/{someone.client_id}/archive")["receipt"] == receipt


def test_a_client_beyond_one_transaction_is_archived_over_http(deployed: PracticeStack) -> None:
    who = client("e2e-many", provider_id=deployed.practice.provider_id)
    at = datetime.now(UTC)
    put(deployed.table, who, [payment(f"p-{n}", due_at=at + n * DAY) for n in range(530)])
    receipt = deployed.api.post(f"/clients/{who.client_id}/archive")["receipt"]
    assert (receipt["state"], len(receipt["changes"])) == ("settled", 500)
    address, cursor = f"/clients/{who.client_id}/receipts/{receipt['archive_id']}", receipt["next_cursor"]
    rest = deployed.api.get(address, cursor=cursor)
    assert (len(rest["changes"]), rest["next_cursor"]) == (30, None)
    statuses = {one.status for one in records_of(deployed.table, who)}  # type: ignore[union-attr]
    assert statuses == {PaymentStatus.CANCELLED}


def test_workflow_state_holds_ids_only(deployed: PracticeStack) -> None:
    people = [somebody(deployed, name="Unmistakable Name", email="unmistakable@example.org")]
    shown = preview(deployed, *people)
    confirm(deployed, shown)
    finished(deployed, shown["run_id"])
    states = deployed.aws.stepfunctions
    arn = deployed.deployed.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{shown['run_id']}-1"
    execution = states.describe_execution(executionArn=arn)
    [map_run] = states.list_map_runs(executionArn=arn)["mapRuns"]
    children = states.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    seen = [execution["input"], execution["output"]]
    for child in children:
        described = states.describe_execution(executionArn=child["executionArn"])
        seen += [described["input"], described.get("output", "")]
    assert len(seen) == 4
    assert "nmistakable" not in " ".join(seen)
    assert execution["status"] == "SUCCEEDED"


@pytest.fixture(scope="module")
def stranger(deployed: PracticeStack) -> Iterator[Api]:
    """A signed-in archiver of another provider."""
    token = sign_in(deployed.aws.cognito, deployed.deployed, "prov-stranger")
    with Api(deployed.deployed.api_url, token) as api:
        yield api


@pytest.fixture(scope="module")
def reader(deployed: PracticeStack) -> Iterator[Api]:
    """A signed-in user of the same provider who may look, but not archive."""
    token = sign_in(
        deployed.aws.cognito,
        deployed.deployed,
        deployed.practice.provider_id,
        role=Role.READER,
    )
    with Api(deployed.deployed.api_url, token) as api:
        yield api


class TestWhoMayDoWhat:
    """The authorizer, the staff group, and the wall between providers."""

    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
    def test_without_a_good_token_nothing_is_answered(self, deployed: PracticeStack, token: str) -> None:
        answer = httpx.get(f"{deployed.deployed.api_url}/clients", headers={"Authorization": token}, trust_env=False)
        assert answer.status_code == 401

    def test_another_provider_s_client_is_unknown(
        self, deployed: PracticeStack, stranger: Api, someone: Client
    ) -> None:
        before = everything(deployed.table, someone)
        refused_calls = [
            ("get", f"/clients/{someone.client_id}"),
            ("post", f"/clients/{someone.client_id}/archive"),
            ("post", f"/clients/{someone.client_id}/activate"),
        ]
        for method, path in refused_calls:
            with pytest.raises(ApiRefused) as refused:
                getattr(stranger, method)(path)
            assert refused.value.status == 404
            assert refused.value.document["errors"][0]["field"] == "client_id"
        with pytest.raises(ApiRefused) as refused:
            stranger.post("/bulk-archives", {"client_ids": [someone.client_id]})
        assert refused.value.document["errors"][0]["field"] == "client_ids[0]"
        assert stranger.get("/clients")["clients"] == []
        assert everything(deployed.table, someone) == before

    def test_another_provider_s_run_is_unknown(self, deployed: PracticeStack, stranger: Api, someone: Client) -> None:
        shown = preview(deployed, someone)
        with pytest.raises(ApiRefused) as refused:
            stranger.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
        assert refused.value.status == 404

    def test_staff_outside_the_archivers_may_look_but_not_archive(
        self, deployed: PracticeStack, reader: Api, someone: Client
    ) -> None:
        assert reader.get(f"/clients/{someone.client_id}")["status"] == "active"
        for path in (f"/clients/{someone.client_id}/archive", f"/clients/{someone.client_id}/activate"):
            with pytest.raises(ApiRefused) as refused:
                reader.post(path)
            assert refused.value.status == 403
        assert read_client(Tenant(deployed.table, someone.provider_id), someone.client_id).status is Status.ACTIVE

    def test_iam_is_enforced(self, deployed: PracticeStack) -> None:
        unknown = deployed.aws.session.client(
            "dynamodb",
            endpoint_url=deployed.aws.endpoint,
            config=CONFIG,
            aws_access_key_id="AKIANOBODYKNOWSTHIS1",  # pragma: allowlist secret
            aws_secret_access_key="wrong",
        )
        with pytest.raises(unknown.exceptions.ClientError, match=r"UnrecognizedClient|InvalidClientToken|AccessDenied"):
            unknown.describe_table(TableName=deployed.table.name)
