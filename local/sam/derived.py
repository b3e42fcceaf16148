"""Derives from the built template the one that ``sam local`` is given: functions, layer and API, and nothing else.

``sam local`` passes on only the variables that a template declares, and it knows no Cognito. So each function declares
all that it is to be told, and the API asks a stand-in authorizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local.functions import Function, functions
from local.template import function_properties

LAYER = "ClientLifecycleLayer"
API = "Api"
AUTHORIZER = "StandInAuthorizer"
AUTHORIZER_CODE = Path(__file__).parent / "authorizer"
FUNCTION_TYPE = "AWS::Serverless::Function"
KEPT = ("Handler", "MemorySize", "Timeout")


def derived(
    template: Mapping[str, Any], *, built: Path, processor: str, variables: Mapping[str, Iterable[str]]
) -> dict[str, Any]:
    """Return the template for ``sam local``.

    Args:
        template: the built one, as ``read_template`` gives it.
        built: the folder of the build.
        processor: what it is built for, as Lambda names it.
        variables: the names of the variables of each function, by its name in the template.
    """
    runtime = {"Runtime": template["Globals"]["Function"]["Runtime"], "Architectures": [processor]}
    resources = {
        function.logical_id: _function(template, function, built, runtime, variables[function.logical_id])
        for function in functions()
    }
    authorizer = {**runtime, "Handler": "stand_in.lambda_handler", "CodeUri": str(AUTHORIZER_CODE)}
    return {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Transform": template["Transform"],
        "Resources": {
            LAYER: _layer(template, built, processor),
            API: _api(template),
            AUTHORIZER: {"Type": FUNCTION_TYPE, "Properties": authorizer},
            **resources,
        },
    }


def _function(
    template: Mapping[str, Any], function: Function, built: Path, runtime: Mapping[str, Any], variables: Iterable[str]
) -> dict[str, Any]:
    original = function_properties(template, function.logical_id)
    events = {name: event for name, event in original.get("Events", {}).items() if event["Type"] == "Api"}
    properties = {
        "FunctionName": function.name,
        **runtime,
        **{name: original[name] for name in KEPT},
        "CodeUri": str(built / original["CodeUri"]),
        "Layers": [{"Ref": LAYER}],
        "Environment": {"Variables": dict.fromkeys(sorted(variables), "")},
        "Events": events,
    }
    return {"Type": FUNCTION_TYPE, "Properties": properties}


def _layer(template: Mapping[str, Any], built: Path, processor: str) -> dict[str, Any]:
    original = template["Resources"][LAYER]["Properties"]
    properties = {
        "ContentUri": str(built / original["ContentUri"]),
        "CompatibleRuntimes": original["CompatibleRuntimes"],
        "CompatibleArchitectures": [processor],
    }
    return {"Type": "AWS::Serverless::LayerVersion", "Properties": properties}


def _api(template: Mapping[str, Any]) -> dict[str, Any]:
    auth = template["Resources"][API]["Properties"]["Auth"]
    stand_in = {"FunctionArn": {"Fn::GetAtt": [AUTHORIZER, "Arn"]}}
    authorizers = dict.fromkeys(auth["Authorizers"], stand_in)
    properties = {
        "StageName": template["Parameters"]["StageName"]["Default"],
        "Auth": {**auth, "Authorizers": authorizers},
    }
    return {"Type": "AWS::Serverless::Api", "Properties": properties}
