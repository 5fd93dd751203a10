"""What a command says: sentences, progress and tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.progress import Progress, TaskID

PLAIN_EVERY_S = 5.0
SAMPLE_WARNING = (
    "This is the built-in sample of drawn garments: good for trying the program out, but what is found on it says "
    "nothing about real garments. Name your own data, or 'fashion-mnist'."
)


class Output:
    """Where a command's words go.

    Parameters
    ----------
    as_json
        Everything for people goes to standard error, and `result` prints one JSON object to standard output.
    rows_on_stdout
        Standard output is for rows alone; everything else goes to standard error.
    """

    def __init__(self, *, as_json: bool, rows_on_stdout: bool = False) -> None:
        from rich.console import Console

        self.as_json = as_json
        self.console = Console(stderr=as_json or rows_on_stdout, highlight=False, soft_wrap=True)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._plain_shown = 0.0

    def tell(self, sentence: str) -> None:
        """Say a sentence to the person."""
        self.console.print(sentence, markup=False)

    def warn(self, sentence: str) -> None:
        """Say a sentence that must not be overlooked."""
        self.console.print(sentence, style="bold yellow", markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
        """Show a table; its first `left` columns are texts, the others numbers."""
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(title) if title else None, title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        for number, column in enumerate(columns):
            justify: JustifyMethod = "left" if number < left else "right"
            table.add_column(column, justify=justify, no_wrap=number >= left, header_style="dim")
        for row in rows:
            table.add_row(*map(Text, row))  # names are texts, not markup
        self.console.print(table)

    def progress(self, task: str, done: float, total: float, detail: str = "") -> None:
        """Show progress: a bar on a terminal, else a line now and then."""
        if not self.console.is_terminal:
            self._plain(task, done, total, detail)
            return
        if self._bars is None:
            self._bars = _bars(self.console)
            self._bars.start()
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total, detail=detail)
        self._bars.update(self._tasks[task], completed=done, total=total, detail=detail)
        if done >= total:
            self._bars.remove_task(self._tasks.pop(task))
            if not self._tasks:
                self.close()

    def result(self, schema: str, facts: dict[str, Any]) -> None:
        """Print the one JSON object, if that is what was asked for."""
        self.close()
        if self.as_json:
            sys.stdout.write(json.dumps({"schema": f"fashion.{schema}/1", **facts}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._tasks = None, {}

    def _plain(self, task: str, done: float, total: float, detail: str) -> None:
        """Show progress as a line, at most every few seconds."""
        now = time.perf_counter()
        begun = self._begun.setdefault(task, now)
        if done >= total:
            del self._begun[task]
            return
        if now - max(self._plain_shown, begun) < PLAIN_EVERY_S or total <= 0:
            return
        self._plain_shown = now
        share = done / total
        left = f", {(now - begun) * (1 - share) / share:.0f} s left" if share > 0.01 else ""
        self.tell(f"{task}: {share:.0%}{left}{f' ({detail})' if detail else ''}")


def _bars(console: Console) -> Progress:
    """Return the bars: task, share, time left, detail."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[detail]}", markup=False, style="dim"),
        console=console,
        transient=True,
        redirect_stdout=not console.stderr,  # rows on standard output stay there
    )


@contextmanager
def output(*, as_json: bool, rows_on_stdout: bool = False) -> Iterator[Output]:
    """Give a command its output, and leave the terminal tidy whatever happens."""
    out = Output(as_json=as_json, rows_on_stdout=rows_on_stdout)
    try:
        yield out
    finally:
        out.close()


def percent(value: float) -> str:
    """Write a share as per cent with two decimals."""
    return f"{100 * value:.2f} %"


def between(low: float, high: float) -> str:
    """Write an interval of shares."""
    return f"{100 * low:.2f} to {100 * high:.2f}"


def show_collection(out: Output, collection: Any, parts: Any) -> None:
    """Say what is worked on, and what must be known of it."""
    if collection.is_sample:
        out.warn(SAMPLE_WARNING)
    counts = {name: sum(part.values()) for name, part in parts.counts.items()}
    out.tell(
        f"{collection.name} ({collection.container}): {counts['training']:,} training, "
        f"{counts['validation']:,} cross-validation and {counts['test']:,} test images, {collection.shape}, "
        f"{len(collection.classes)} classes"
    )
    for note in (*collection.notes, *parts.notes):
        out.tell(f"Note: {note}")
