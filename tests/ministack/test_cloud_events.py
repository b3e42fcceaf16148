"""Events as CloudEvents: the table and the transformer of docs/events.md, on a bus."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

from client_lifecycle.storage.event_bus import SOURCE
from local.ministack import CONFIG, LocalAws
from local.template import ROOT

DOCUMENT = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
[TRANSFORMER] = [
    json.loads(block) for block in re.findall(r"```json\n(.+?)```", DOCUMENT, re.DOTALL) if "InputTemplate" in block
]
[ENVELOPE] = [
    json.loads(block) for block in re.findall(r"```json\n(.+?)```", DOCUMENT, re.DOTALL) if '"event_id": "01' in block
]
REQUIRED = {"specversion", "id", "source", "type"}


def test_a_rule_s_target_gets_cloud_events_by_the_documented_transformer(local_aws: LocalAws) -> None:
    sqs: Any = local_aws.session.client("sqs", endpoint_url=local_aws.endpoint, config=CONFIG)
    events: Any = local_aws.session.client("events", endpoint_url=local_aws.endpoint, config=CONFIG)
    name = f"cloud-events-{uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn, "InputTransformer": TRANSFORMER}])
    entry = {"Source": SOURCE, "DetailType": ENVELOPE["name"], "Detail": json.dumps(ENVELOPE)}
    events.put_events(Entries=[entry])
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    received = json.loads(message["Body"])
    assert received == {
        "specversion": "1.0",
        "id": ENVELOPE["event_id"],
        "source": f"/{SOURCE}",
        "type": "appointment.cancelled",
        "time": ENVELOPE["time"],
        "subject": "prov-oak/client-1",
        "datacontenttype": "application/json",
        "data": ENVELOPE,
    }
    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT.split("## As CloudEvents")[1].split("```")[0], re.MULTILINE)
    assert set(rows) == received.keys() >= REQUIRED
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=url)
