"""template.yaml as CloudFormation sees it: after the SAM transform, which adds roles, permissions and stages.

``python -m local.transformed FOLDER`` writes it, with and without gradual updates, and the workflows beside it, for
checks that read a file.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

from local.template import ROOT, read_template

REGION = "us-east-1"
WORKFLOWS = sorted((ROOT / "workflows").glob("*.asl.json"))
logging.getLogger("samtranslator").setLevel(logging.ERROR)

UPLOADED = {"Bucket": "uploaded-by-sam-package", "Key": "code.zip"}
"""Where the code would be after ``sam package``."""


class _NoManagedPolicies:
    """The template names no managed policy by its short name, so there is nothing to look up."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the template after the SAM transform, with the state machine's definition in place.

    Args:
        parameters: what a deployment gives; the transform takes the defaults for the others.
    """
    template = _packaged(read_template())
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": REGION}):
        result: dict[str, Any] = transform(template, dict(parameters or {}), _NoManagedPolicies())
    return result


def _packaged(template: dict[str, Any]) -> dict[str, Any]:
    """Replace local paths, which the transform refuses, as ``sam package`` does."""
    template["Globals"]["Function"]["CodeUri"] = UPLOADED
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = UPLOADED
        if "CodeUri" in properties:
            properties["CodeUri"] = UPLOADED
        if resource["Type"] == "AWS::Serverless::StateMachine":
            properties["Definition"] = json.loads((ROOT / properties.pop("DefinitionUri")).read_text(encoding="utf-8"))
    return template


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, parameters in (("transformed", {}), ("transformed-gradual", {"DeployGradually": "true"})):
        (folder / f"{name}.json").write_text(json.dumps(transformed(parameters), indent=1), encoding="utf-8")
    for workflow in WORKFLOWS:
        text = workflow.read_text(encoding="utf-8").replace("${Partition}", "aws")
        (folder / workflow.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
