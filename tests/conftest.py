"""How the tests are run: how many examples, and which tests may be run side by side."""

from __future__ import annotations

import pytest
from hypothesis import settings

EVERY_TIME = settings(deadline=None, derandomize=True, print_blob=True)
"""The same examples every time; ``--hypothesis-profile`` says how many."""

settings.register_profile("quick", EVERY_TIME, max_examples=30)
settings.register_profile("whole", EVERY_TIME, max_examples=100)
settings.register_profile("soak", deadline=None, print_blob=True, max_examples=2_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something costly to set up: a deployed system, or the fixtures of a file."""
    for item in items:
        if "deployed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("deployed"))
        elif item.path.parent.name != "proof":
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
