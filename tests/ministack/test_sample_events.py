"""Every sample event of the running practice does what its name says, on the deployed functions."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local.samples.catalogue import SAMPLES, Sample
from local.samples.given import Given
from local.stack import PracticeStack
from tests.ministack.samples import assert_does_what_its_name_says, deployed_function, given_to_samples


@pytest.fixture(scope="module")
def given(deployed: PracticeStack, clean_up_by_hand: None) -> Mapping[str, Given]:
    return given_to_samples(deployed, "prov-samples")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_event_does_what_its_name_says(
    deployed: PracticeStack, given: Mapping[str, Given], sample: Sample
) -> None:
    invoke = deployed_function(deployed, sample.function)
    assert_does_what_its_name_says(deployed, sample, given[sample.name], invoke)
