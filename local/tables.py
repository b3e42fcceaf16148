"""Makes tables with the keys and indexes of the template's own, for tests and benchmarks of storage alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client_lifecycle.storage.table import Table
from local.template import read_template

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

INDEXES = "GlobalSecondaryIndexes"
OF_INDEX = ("IndexName", "KeySchema", "Projection")
SHAPE = ("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", INDEXES, "BillingMode")


def create_table(dynamodb: DynamoDBClient, name: str, resource: str = "Table") -> Table:
    """Make an empty table of this resource's shape; what it protects, or holds ready, is left out."""
    properties: dict[str, Any] = read_template()["Resources"][resource]["Properties"]
    shape: Any = {part: properties[part] for part in SHAPE if part in properties}
    if INDEXES in shape:
        shape[INDEXES] = [{part: index[part] for part in OF_INDEX} for index in shape[INDEXES]]
    dynamodb.create_table(TableName=name, **shape)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return Table(dynamodb, name)
