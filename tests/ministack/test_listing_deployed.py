"""Pages on the deployed system: cursors are sealed by the template's own key, with what the roles may do."""

from __future__ import annotations

import httpx

from client_lifecycle.storage.keys import CLIENT_SK
from local.stack import PracticeStack


def test_lists_are_read_to_their_end_and_a_changed_cursor_is_refused(deployed: PracticeStack) -> None:
    listed = [one["client_id"] for one in deployed.api.pages("/clients", status="active", limit=20)]
    assert sorted(listed) == sorted(active_clients(deployed))
    cursor = deployed.api.get("/clients", limit=5)["next_cursor"]
    with httpx.Client(base_url=deployed.api.base_url, headers={"Authorization": deployed.api.token}) as http:
        assert http.get("/clients", params={"cursor": cursor}).status_code == 200
        for at in (0, 9, 60, len(cursor) - 9):
            changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
            answer = http.get("/clients", params={"cursor": changed})
            fields = [one["field"] for one in answer.json().get("errors", [])]
            assert (answer.status_code, fields) == (422, ["cursor"]), (at, answer.text)
        assert http.get("/groups", params={"cursor": cursor}).status_code == 422
        assert http.get("/bulk-archives", params={"cursor": cursor}).status_code == 422


def active_clients(deployed: PracticeStack) -> list[str]:
    """Read from the table itself who is active; other tests have archived some of the sample's clients."""
    condition = "sk = :client AND provider_id = :provider AND attribute_not_exists(archive_id)"
    values = {":client": {"S": CLIENT_SK}, ":provider": {"S": deployed.practice.clients[0].client.provider_id}}
    pages = deployed.table.client.get_paginator("scan").paginate(
        TableName=deployed.table.name, FilterExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
    )
    return [item["client_id"]["S"] for page in pages for item in page["Items"]]


def test_a_client_is_found_by_any_word_of_its_name(deployed: PracticeStack) -> None:
    client = next(one.client for one in deployed.practice.clients if one.client.stamp is None)
    for word in client.name.split():
        found = deployed.api.post("/clients/_search", {"q": word, "limit": 100})["clients"]
        assert client.client_id in [one["client_id"] for one in found]
