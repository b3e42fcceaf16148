"""One trial: a mutation is made in memory, in a process of its own, and the tests that a rule cites are run.

Nothing is written to disk: the mutated text is compiled when its module is imported.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

import pytest
from hypothesis import Phase, settings

from tests.rules.citations import Cited
from tests.rules.mutation import SOURCES, DoesNotApply, Mutation

PROFILE = "mutated"
OPTIONS = ["--exitfirst", "--assert=plain", f"--hypothesis-profile={PROFILE}", "-pno:cacheprovider"]


class Verdict(StrEnum):
    """The result of a trial."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    DOES_NOT_APPLY = "does not apply"
    DOES_NOT_RUN = "does not run"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and the first test that failed, or what else went wrong."""

    verdict: Verdict
    detail: str = ""


class _MutatedLoader(SourceFileLoader):
    """Loads a module with the text of one place replaced."""

    mutation: Mutation

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname)
        mutated = self.mutation.applied(source or "")
        return compile(mutated, self.path, "exec", dont_inherit=True)


class _Mutating(MetaPathFinder):
    """Finds the one module that a mutation is in."""

    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutation.module:
            return None
        found = PathFinder.find_spec(fullname, path)
        assert found is not None
        assert found.origin is not None
        loader = _MutatedLoader(fullname, found.origin)
        loader.mutation = self._mutation
        return spec_from_file_location(fullname, found.origin, loader=loader)


@dataclass(eq=False)
class _CitedOnly:
    """A plugin that runs the cited tests of the files alone, and notes what fails."""

    tests: Sequence[Cited]
    run: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        names = {test.name for test in self.tests}
        chosen = [item for item in items if getattr(item, "originalname", item.name) in names]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.run.add(report.nodeid)
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}")


def _forget_the_code() -> None:
    """Have each module of the code imported again, as the mutations themselves were read from some."""
    packages = {path.name for source in SOURCES for path in source.iterdir()}
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


def tried(mutation: Mutation | None, tests: Sequence[Cited]) -> Finding:
    """Run cited tests with a mutation, or with none. To be called once in a process: a mutation stays.

    Args:
        mutation: what is mutated; what has imported its module before keeps the code as it is.
        tests: the tests, in the order in which they are to be run.
    """
    if mutation:
        try:
            mutation.check()
        except DoesNotApply as reason:
            return Finding(Verdict.DOES_NOT_APPLY, str(reason))
        _forget_the_code()
        sys.meta_path.insert(0, _Mutating(mutation))
    settings.register_profile(PROFILE, derandomize=True, deadline=None, max_examples=30, phases=[Phase.generate])
    chosen = _CitedOnly(tests)
    files = list(dict.fromkeys(test.file for test in tests))
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = pytest.main([*OPTIONS, *files], plugins=[chosen])
    if chosen.failed and not chosen.errors:
        return Finding(Verdict.CAUGHT, chosen.failed[0])
    if code == pytest.ExitCode.OK and chosen.run:
        return Finding(Verdict.SURVIVED, f"{len(chosen.run)} cited tests pass")
    return Finding(Verdict.DOES_NOT_RUN, next(iter(chosen.errors), output.getvalue().strip()[-300:]))
