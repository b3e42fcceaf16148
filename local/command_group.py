"""How the faults of commands end them, on both command lines."""

from __future__ import annotations

from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """Commands whose ``faults`` are told in a sentence or two and end with status 1."""

    faults: ClassVar[tuple[type[Exception], ...]]

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except self.faults as fault:
            told = [str(fault) or type(fault).__name__, *getattr(fault, "__notes__", ())]
            typer.echo("\n".join(told), err=True)
            raise typer.Exit(1) from None
