"""What is built to ship runs on Lambda's runtime client and Python 3.13, with no container: every sample event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.functions import Function, functions, named
from local.sam.build import built_here
from local.sam.emulator import cannot_emulate, emulated
from local.sam.environment import environment
from local.samples.catalogue import SAMPLES
from local.samples.given import Given
from local.stack import PracticeStack
from tests.ministack.samples import assert_does_what_its_name_says, given_to_samples

LACKS = cannot_emulate()
pytestmark = pytest.mark.skipif(LACKS is not None, reason=LACKS or "")


@pytest.fixture(scope="module")
def built() -> Path:
    return built_here()


@pytest.fixture(scope="module")
def given(deployed: PracticeStack, clean_up_by_hand: None) -> Mapping[str, Given]:
    return given_to_samples(deployed, "prov-emulated")


@pytest.mark.parametrize("function", functions(), ids=lambda function: function.package)
def test_the_samples_of_a_built_function_do_what_their_names_say(
    deployed: PracticeStack, built: Path, given: Mapping[str, Given], function: Function
) -> None:
    with emulated(built, function, environment(deployed.aws, function)) as invoke:
        for sample in SAMPLES:
            if sample.function == function.package:
                assert_does_what_its_name_says(deployed, sample, given[sample.name], invoke)


def test_an_error_that_a_built_function_raises_is_a_fault(deployed: PracticeStack, built: Path) -> None:
    step = named("mark_archived")
    with emulated(built, step, environment(deployed.aws, step)) as invoke:
        told = invoke(b"{}")
    assert told.failed
    assert told.answer["errorType"] == "ValidationError"
