"""Writes what ``sam local`` is given into ``.local/sam/``; ``samconfig.toml`` names these files."""

from __future__ import annotations

import json
from pathlib import Path

from local.functions import functions
from local.ministack import LocalAws
from local.sam.build import HERE, PROCESSORS, built_here, this_machine
from local.sam.derived import derived
from local.sam.environment import FROM_CONTAINERS, environment
from local.template import read_template

TEMPLATE = HERE / "template.json"
ENVIRONMENT = HERE / "environment.json"


def write_sam_local(aws: LocalAws) -> Path:
    """Build for this machine, and write the template and the variables of the practice that runs.

    Args:
        aws: where the practice runs.

    Returns:
        The template's file.

    Raises:
        CannotBuild: something is missing, or the build failed.
    """
    built = built_here()
    told = {function.logical_id: environment(aws, function, host=FROM_CONTAINERS) for function in functions()}
    template = derived(
        read_template(built / "template.yaml"), built=built, processor=PROCESSORS[this_machine()], variables=told
    )
    for file, content in ((TEMPLATE, template), (ENVIRONMENT, told)):
        file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return TEMPLATE
