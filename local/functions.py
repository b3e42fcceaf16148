"""What template.yaml says of its functions: their names, handlers and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.deploy import STACK
from local.template import read_template


class UnknownName(LookupError):
    """Nothing has this name; the message lists what there is."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its names: in the template, as a package, and once it is deployed; a route is like ``GET /x``."""

    logical_id: str
    package: str
    handler: str
    name: str
    description: str
    routes: tuple[str, ...]


def functions() -> tuple[Function, ...]:
    """Return the template's functions in its order.

    Those are left out that CloudFormation alone calls, at deployments, and those that only a parameter asks for.
    """
    resources = read_template()["Resources"]
    custom = {
        resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0]
        for resource in resources.values()
        if _is_custom(resource)
    }
    return tuple(
        _function(logical_id, resource["Properties"])
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function" and logical_id not in custom and "Condition" not in resource
    )


def _is_custom(resource: Mapping[str, Any]) -> bool:
    return bool(resource["Type"].startswith("Custom::"))


def named(name: str) -> Function:
    """Find a function by any of its names: in the template, with or without ``Function``, its package, or as deployed.

    Raises:
        UnknownName: there is none.
    """
    for function in functions():
        if name in (function.logical_id, function.logical_id.removesuffix("Function"), function.package, function.name):
            return function
    raise UnknownName(f"There is no function {name}. There are: {', '.join(one.package for one in functions())}.")


def _function(logical_id: str, properties: dict[str, Any]) -> Function:
    handler: str = properties["Handler"]
    events = properties.get("Events", {}).values()
    routes = [event["Properties"] for event in events if event["Type"] == "Api"]
    return Function(
        logical_id=logical_id,
        package=handler.split(".")[0],
        handler=handler,
        name=properties["FunctionName"]["Fn::Sub"].replace("${AWS::StackName}", STACK),
        description=properties["Description"],
        routes=tuple(f"{route['Method'].upper()} {route['Path']}" for route in routes),
    )
