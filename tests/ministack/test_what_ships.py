"""``make run PYTHON=python3.13`` deploys what ships, as it is built."""

from __future__ import annotations

import pytest

from local.functions import named
from local.invoking import invoke_remotely
from local.package import Code
from local.sam.build import built_here, runs_what_ships
from local.stack import Nobody, deployed_system
from local.template import ROOT


@pytest.mark.skipif(not runs_what_ships(), reason="What ships runs on Python 3.13, and the SAM CLI must be here.")
def test_a_build_answers_on_the_local_aws() -> None:
    code = Code(built_here() / "template.yaml", built=True)
    event = (ROOT / "events/practice_settings.json").read_bytes()
    with deployed_system(code=code, watcher=Nobody()) as (aws, _):
        told = invoke_remotely(aws, named("practice"), event)
    assert (told.failed, told.answer["statusCode"]) == (False, 200)
