"""A role has the rights that its code uses, and no others: how they are told apart. ``make rights`` does it for all."""

from __future__ import annotations

from tests.support.rights import differences, granted, rights_of


def test_a_transaction_asks_for_the_rights_of_its_parts() -> None:
    parts = [{"Update": {"TableName": "clients"}}, {"ConditionCheck": {"TableName": "answers-table"}}]
    asked = list(rights_of("dynamodb", "TransactWriteItems", {"TransactItems": parts}))
    assert asked == [("dynamodb:UpdateItem", "table"), ("dynamodb:ConditionCheckItem", "answers")]


def test_a_query_of_an_index_asks_for_that_index() -> None:
    asked = rights_of("dynamodb", "Query", {"TableName": "clients", "IndexName": "live"})
    assert list(asked) == [("dynamodb:Query", "live")]


def test_what_is_missing_and_what_is_to_spare_is_told() -> None:
    roles = {"one": {("s3:PutObject", ""), ("kms:Encrypt", "")}}
    used = {"one": {("s3:PutObject", ""), ("kms:Decrypt", "")}}
    assert list(differences(roles, used)) == ["one lacks kms:Decrypt", "one never uses kms:Encrypt"]


def test_roles_are_read_from_the_template() -> None:
    assert ("dynamodb:Query", "live") in granted()["mark_archived"]
