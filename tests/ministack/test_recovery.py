"""The ways back: a restored table is taken into use, and a deleted stack is deployed again onto what was kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError

from client_lifecycle.domain.client import Client
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from local import ministack
from local.api import Api
from local.bus import following
from local.deploy import PARAMETERS, STACK, Deployed, deploy, read_deployed
from local.ministack import LocalAws
from local.package import Code
from local.staff import sign_in
from local.template import ROOT, TEMPLATE
from tests.ministack.listening import Listener, has
from tests.ministack.operating import commands_in, operate
from tests.support.builders import DAY, client, membership, payment
from tests.support.practice import put

PROVIDER = "prov-kept"
STEPS = commands_in("recovery.md")
DELETE_SECONDS = 60


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS with the template deployed, of which nothing is left to other tests."""
    with ministack.local_aws() as aws:
        deploy(aws)
        yield aws


def api_of(aws: LocalAws, deployed: Deployed) -> Api:
    return Api(deployed.api_url, sign_in(aws.cognito, deployed, PROVIDER))


def somebody(aws: LocalAws, deployed: Deployed) -> Client:
    who = client(f"c-{uuid4()}", provider_id=PROVIDER, email=f"{uuid4()}@example.org")
    return put(Table(aws.dynamodb, deployed.table_name), who, [payment(due_at=datetime.now(UTC) + DAY), membership()])


def status_of(api: Api, who: Client) -> str:
    return str(api.get(f"/clients/{who.client_id}")["status"])


ARCHIVED = ("client.archived", "payment.cancelled", "chat.left")


def test_a_restored_table_is_taken_into_use_and_no_event_comes_twice(aws: LocalAws) -> None:
    """MiniStack 1.5 restores to the present, so the damage is done between restore and cut-over.

    It also ignores the template's point-in-time recovery, so the test asks for that.
    """
    deployed = read_deployed(aws)
    who, restored = somebody(aws, deployed), f"clients-{uuid4()}"
    with api_of(aws, deployed) as api, following(aws, deployed) as follower:
        listener = Listener(follower)
        api.post(f"/clients/{who.client_id}/archive")
        listener.wait_for(has(*ARCHIVED), client_id=who.client_id)

        aws.dynamodb.update_continuous_backups(
            TableName=deployed.table_name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        steps = [[restored if word == "clients-restored" else word for word in step] for step in STEPS]
        for step in steps[: steps.index(["restore", restored]) + 1]:
            operate(aws, *step)
        damaged: Any = to_item(Keys(PROVIDER).client(who.client_id))
        aws.dynamodb.delete_item(TableName=deployed.table_name, Key=damaged)
        operate(aws, "resume")
        assert "First: python -m operations pause" in operate(aws, "cut-over", restored, ends_with=1)
        operate(aws, "pause")
        for step in steps[steps.index(["restore", restored]) + 1 :]:
            operate(aws, *step)

        assert read_deployed(aws).table_name == restored
        assert status_of(api, who) == "archived"
        api.post(f"/clients/{who.client_id}/activate", {"restore": ["payments"]})
        listener.wait_for(has("client.activated", "payment.restored"), client_id=who.client_id)
        heard = Counter(event["event_id"] for event in listener.heard)
        assert set(heard.values()) == {1}
    again = operate(aws, "restore", "another", "--source", deployed.table_name, "--dry-run")
    assert again.startswith(f"{deployed.table_name} is restored to ")
    assert "is the table in use" in operate(aws, "cut-over", restored, ends_with=1)
    for way_back in (["pause"], ["cut-over", deployed.table_name], ["resume"]):
        operate(aws, *way_back)
    assert read_deployed(aws) == deployed


def test_a_table_that_is_gone_comes_back_from_its_backup(aws: LocalAws) -> None:
    deployed = read_deployed(aws)
    who, restored = somebody(aws, deployed), f"clients-{uuid4()}"
    with api_of(aws, deployed) as api:
        api.post(f"/clients/{who.client_id}/archive")
        backup = aws.dynamodb.create_backup(TableName=deployed.table_name, BackupName="the-last")["BackupDetails"]
        aws.dynamodb.update_table(TableName=deployed.table_name, DeletionProtectionEnabled=False)
        aws.dynamodb.delete_table(TableName=deployed.table_name)
        operate(aws, "pause")
        operate(aws, "restore", restored, "--backup", backup["BackupArn"])
        operate(aws, "cut-over", restored)
        operate(aws, "resume")
        assert status_of(api, who) == "archived"


def test_a_table_is_restored_to_a_moment_that_it_remembers(aws: LocalAws) -> None:
    aws.dynamodb.update_continuous_backups(
        TableName=read_deployed(aws).table_name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    told = operate(aws, "restore", "too-early", "--at", "2001-01-01T00:00:00Z", ends_with=1)
    assert "can be restored to a moment between" in told


@pytest.mark.parametrize("fault", ["There is no table", "it has no stream", "its keys or indexes are others"])
def test_a_table_that_will_not_do_is_not_taken_into_use(aws: LocalAws, fault: str) -> None:
    name = f"other-{uuid4()}"
    if fault != "There is no table":
        aws.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
    before = read_deployed(aws)
    assert fault in operate(aws, "cut-over", name, ends_with=1)
    assert read_deployed(aws) == before


def with_one_more_index(folder: Path) -> Code:
    """Return the template with an index that it does not have, beside the code it names."""
    for path in ("functions", "layers", "workflows"):
        (folder / path).symlink_to(ROOT / path)
    text = TEMPLATE.read_text(encoding="utf-8")
    attribute = "        - {AttributeName: due_since, AttributeType: S}\n"
    index = "      GlobalSecondaryIndexes:\n"
    assert (text.count(attribute), text.count(index)) == (1, 1)
    more = "        - IndexName: rehearsed\n          KeySchema: [{AttributeName: rehearsed_key, KeyType: HASH}]\n"
    text = text.replace(attribute, f"{attribute}        - {{AttributeName: rehearsed_key, AttributeType: S}}\n")
    text = text.replace(index, f"{index}{more}          Projection: {{ProjectionType: KEYS_ONLY}}\n")
    (folder / "template.yaml").write_text(text, encoding="utf-8")
    return Code(template=folder / "template.yaml")


def delete_stack(aws: LocalAws) -> None:
    aws.cloudformation.delete_stack(StackName=STACK)
    deadline = time.monotonic() + DELETE_SECONDS
    while time.monotonic() < deadline:
        try:
            status = aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
        except ClientError:
            return
        assert status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"), status
        if status == "DELETE_COMPLETE":
            return
        time.sleep(0.2)
    raise AssertionError("the stack was not deleted")


def test_a_stack_is_updated_deleted_and_deployed_again_onto_what_was_kept(tmp_path: Path) -> None:
    with ministack.local_aws() as aws:
        deployed = deploy(aws)
        who = somebody(aws, deployed)
        with api_of(aws, deployed) as api:
            api.post(f"/clients/{who.client_id}/archive")

            code = with_one_more_index(tmp_path)
            assert deploy(aws, code=code) == deployed
            table = aws.dynamodb.describe_table(TableName=deployed.table_name)["Table"]
            assert "rehearsed" in {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
            assert status_of(api, who) == "archived"

        delete_stack(aws)
        with pytest.raises(httpx.HTTPStatusError):
            httpx.get(f"{deployed.api_url}/client-counts", trust_env=False).raise_for_status()
        kept = aws.dynamodb.describe_table(TableName=deployed.table_name)["Table"]
        given = {
            "TableName": kept["TableName"],
            "TableStreamLabel": kept["LatestStreamLabel"],
            "StaffPoolId": deployed.user_pool_id,
        }
        again = deploy(aws, code=code, parameters={**PARAMETERS, **given})
        assert (again.table_name, again.user_pool_id) == (deployed.table_name, deployed.user_pool_id)
        with api_of(aws, again) as api, following(aws, again) as follower:
            assert status_of(api, who) == "archived"
            api.post(f"/clients/{who.client_id}/activate", {"restore": ["payments"]})
            heard = Listener(follower).wait_for(has("client.activated", "payment.restored"), client_id=who.client_id)
            assert {event["client_id"] for event in heard} == {who.client_id}
        operate(aws, "smoke")
