"""Reads template.yaml, the very file that is deployed, as plain data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"

WITHOUT_PREFIX = frozenset({"Ref", "Condition"})
"""The intrinsic functions whose long form does not begin with ``Fn::``."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads CloudFormation's short forms, like ``!Ref``, as their long forms."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in WITHOUT_PREFIX else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.YAMLError(f"!{suffix} stands before something that is no value")


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """Keep dates, like the template's format version, as they are written."""
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _long_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """Read a template, as the caller's own copy; intrinsic functions come in their long form, as JSON has them."""
    return copy.deepcopy(_parsed(path))


def function_properties(template: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what a template says of a function, with what all its functions share."""
    return {**template["Globals"]["Function"], **template["Resources"][name]["Properties"]}


@cache
def _parsed(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        template: dict[str, Any] = yaml.load(file, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template
