"""Shows what is going on: bars and colour on a terminal, one plain line per event anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 120


class _Count(MofNCompleteColumn):
    """How much of how much is done, once that is known."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


class Screen:
    """Standard output as the demo uses it."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False)
        if not self._console.is_terminal:
            self._console.width = PLAIN_WIDTH

    def heading(self, text: str) -> None:
        """Begin a new part."""
        self._console.print()
        self._console.print(text, style="bold cyan")

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._console.print(text)

    def raw(self, text: str) -> None:
        """Print a line as it is, however long, so that it can be copied."""
        self._console.print(text, soft_wrap=True)

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Show on a terminal that something is waited for; standard output has nothing of it."""
        with Console(stderr=True).status(title):
            yield

    def json(self, text: str) -> None:
        """Print JSON, indented; text that is none, or nothing, as it is."""
        try:
            self._console.print_json(text, ensure_ascii=False)
        except ValueError:
            self.raw(text)

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Show a step while it runs and, when it has ended well, how long it took."""
        began = time.monotonic()
        with self._progress() as progress:
            task = progress.add_task(title, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
        taken = Text(f"{time.monotonic() - began:5.1f} s", style="dim")
        self._console.print(Text.assemble(("✓ ", "green"), f"{title:<48}", taken))

    def _progress(self) -> Progress:
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=32),
            _Count(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        numbers: Sequence[str] = (),
        totals: Sequence[str] | None = None,
    ) -> None:
        """Print a table.

        Args:
            title: what it shows.
            columns: the headings.
            rows: the cells.
            numbers: the headings of columns that are aligned to the right.
            totals: a last row, set apart.
        """
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            box=box.SIMPLE,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            show_footer=totals is not None,
        )
        for place, column in enumerate(columns):
            table.add_column(
                column, footer=totals[place] if totals else "", justify="right" if column in numbers else "left"
            )
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
