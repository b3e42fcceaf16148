"""What a mutation is: one place of the code, said otherwise, so that one rule no longer holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.template import ROOT

SOURCES = (ROOT / "layers" / "common", ROOT / "functions")


class DoesNotApply(Exception):
    """The code does not have the text that a mutation replaces, or more than once."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break a rule: ``old``, which stands once in the module, becomes ``new``.

    ``rule`` is the number of the rule whose cited tests have to fail, ``what`` says how it is broken.
    """

    rule: str
    what: str
    module: str
    old: str
    new: str

    @property
    def file(self) -> Path:
        """The file that the module is in."""
        places = [source.joinpath(*self.module.split(".")).with_suffix(".py") for source in SOURCES]
        return next((place for place in places if place.exists()), places[0])

    def applied(self, source: str) -> str:
        """Return the text of the module as mutated.

        Raises:
            DoesNotApply: the text to be replaced does not stand there exactly once.
        """
        if (times := source.count(self.old)) != 1:
            raise DoesNotApply(f"{self.module} has {times} times: {self.old.strip().splitlines()[0]}")
        return source.replace(self.old, self.new)

    def check(self) -> None:
        """Raise ``DoesNotApply`` unless the mutation fits the code as it is."""
        if not self.file.exists():
            raise DoesNotApply(f"there is no module {self.module}")
        self.applied(self.file.read_text(encoding="utf-8"))
