"""What an update of the deployed stack may not do to its data stores: replace one, or change two indexes at once.

``docs/stack-baseline.json`` holds what is deployed; ``python -m local.stack_baseline`` writes it, as the last step of a
release. ``docs/stack-updates.md`` tells how to make a change that takes more than one update.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from local.template import ROOT
from local.transformed import REGION, transformed

BASELINE = ROOT / "docs" / "stack-baseline.json"
HOLD_DATA = frozenset(
    {
        "AWS::Cognito::UserPool",
        "AWS::DynamoDB::Table",
        "AWS::Events::Archive",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
    }
)
LOCAL, GLOBAL = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"

Store = Mapping[str, Any]
"""A data store: its type, and the properties that matter to an update."""


def stores() -> dict[str, Store]:
    """Return the data stores of template.yaml by name."""
    resources = transformed()["Resources"]
    return {name: _store(found) for name, found in sorted(resources.items()) if found["Type"] in HOLD_DATA}


def _store(resource: Mapping[str, Any]) -> Store:
    properties = resource.get("Properties", {})
    fixed = {name: properties[name] for name in _fixed(resource["Type"]) if name in properties}
    if resource["Type"] != "AWS::DynamoDB::Table":
        return {"type": resource["Type"], "fixed": fixed}
    types = {one["AttributeName"]: one["AttributeType"] for one in properties["AttributeDefinitions"]}
    return {
        "type": resource["Type"],
        "fixed": {**fixed, "KeySchema": _keys(properties, types), LOCAL: _indexes(properties, LOCAL, types)},
        "indexes": _indexes(properties, GLOBAL, types),
    }


def _fixed(kind: str) -> list[str]:
    """Return the properties that CloudFormation replaces a resource for, by AWS's own schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    paths = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return sorted({path.split("/")[2] for path in paths})


def _indexes(properties: Mapping[str, Any], kind: str, types: Mapping[str, str]) -> dict[str, Any]:
    return {
        index["IndexName"]: {"keys": _keys(index, types), "projection": index["Projection"]}
        for index in properties.get(kind, ())
    }


def _keys(keyed: Mapping[str, Any], types: Mapping[str, str]) -> list[str]:
    return [f"{key['KeyType']} {key['AttributeName']} {types[key['AttributeName']]}" for key in keyed["KeySchema"]]


def faults(deployed: Mapping[str, Store], wanted: Mapping[str, Store]) -> Iterator[str]:
    """Yield what one update cannot do, or would lose data by.

    Args:
        deployed: the data stores as they are deployed.
        wanted: the data stores as the template wants them.
    """
    for name, before in deployed.items():
        after = wanted.get(name)
        if after is None or after["type"] != before["type"]:
            yield f"{name} leaves the stack."
            continue
        for part in sorted({*before["fixed"], *after["fixed"]}):
            if before["fixed"].get(part) != after["fixed"].get(part):
                yield f"{name} is replaced by an empty one: {part} differs."
        if (steps := index_steps(before, after)) > 1:
            yield f"{name} needs {steps} updates: one makes or deletes one index."


def index_steps(before: Store, after: Store) -> int:
    """Return how many updates a table needs for its indexes; one that changes is deleted and made again."""
    old, new = before.get("indexes", {}), after.get("indexes", {})
    changed = [name for name in old.keys() & new.keys() if old[name] != new[name]]
    return len(old.keys() ^ new.keys()) + 2 * len(changed)


def read_baseline() -> dict[str, Store]:
    """Read the data stores as they are deployed."""
    baseline: dict[str, Store] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return baseline


if __name__ == "__main__":
    BASELINE.write_text(json.dumps(stores(), indent=2) + "\n", encoding="utf-8")
