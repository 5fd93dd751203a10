"""What a command says: sentences, progress and tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fashion_classifier.cli.shared import current_call
from fashion_classifier.errors import Interrupted

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.progress import Progress, TaskID

PLAIN_EVERY_S = 5.0
NOT_READ = 141  # the exit code where whoever reads the output has had enough, as of a program that SIGPIPE ends
_SHORT = 12  # letters of a table's cell that are never broken
_NO_EDGE = 10_000  # letters: a file or another program has no edge at which names would have to be broken
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
SAMPLE_WARNING = (
    "This is the built-in sample of drawn garments: good for trying the program out, but what is found on it says "
    "nothing about real garments. Name your own data, or 'fashion-mnist'."
)


def printable(text: str) -> str:
    """Return a text that may hold anything, such as a file's name, so that it cannot steer a terminal.

    Control characters, those that turn the direction of writing, and halves of characters are written as escapes.
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Output:
    """Where a command's words go.

    Parameters
    ----------
    as_json
        Everything for people goes to standard error, and `result` prints one JSON object to standard output.
    rows_on_stdout
        Standard output is for rows alone; everything else goes to standard error.
    uses_settings
        Whether the command goes by what it took from a file of settings.

    Where the call is to be quiet, results and warnings are all that is said; with `as_json` the object is the result.
    """

    def __init__(self, *, as_json: bool, rows_on_stdout: bool = False, uses_settings: bool = True) -> None:
        self.as_json = as_json
        call = current_call()
        self.taken = call.taken if uses_settings else None
        self.quiet = call.quiet
        self._tells = not (call.quiet and as_json)
        self.console = _console(stderr=as_json or rows_on_stdout)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._plain_shown = 0.0
        self.interrupted = False

    def tell(self, sentence: str) -> None:
        """Say what came out."""
        if self._tells:
            self.console.print(printable(sentence), markup=False)

    def remark(self, sentence: str) -> None:
        """Say what the person may like to know meanwhile."""
        if not self.quiet:
            self.tell(sentence)

    def warn(self, sentence: str) -> None:
        """Say a sentence that must not be overlooked."""
        self.console.print(printable(sentence), style="bold yellow", markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
        """Show a table; its first `left` columns are texts, the others numbers."""
        if not self._tells:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(printable(title)) if title else None,
            title_justify="left",
            title_style="bold",
            box=None,
            pad_edge=False,
            show_header=any(columns),
        )
        for number, column in enumerate(columns):
            justify: JustifyMethod = "left" if number < left else "right"
            short = number >= left or all(len(row[number]) <= _SHORT for row in rows)
            table.add_column(column, justify=justify, no_wrap=short, header_style="dim", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))  # names are texts, not markup
        self.console.print(table)

    def progress(self, task: str, done: float, total: float, detail: str = "") -> None:
        """Show progress: a bar on a terminal, else a line now and then."""
        if self.quiet:
            return
        task, detail = printable(task), printable(detail)
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
            taken = self.taken and {"file": self.taken.file, "settings": dict(self.taken.settings)}
            from_file = {"settings_from": taken} if taken else {}
            sys.stdout.write(
                json.dumps({"schema": f"fashion.{schema}/1", **facts, **from_file}, ensure_ascii=False) + "\n"
            )

    def end_as_interrupted(self) -> None:
        """Have the command end with the exit code of an interruption, though it kept and told what there was."""
        self.interrupted = True

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
        self.remark(f"{task}: {share:.0%}{left}{f' ({detail})' if detail else ''}")


def _console(*, stderr: bool) -> Console:
    """Return a console that tells of a reader who has had enough, where Rich's own would end the program."""
    from rich.console import Console

    class Telling(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Telling(stderr=stderr, highlight=False, soft_wrap=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _NO_EDGE
    return console


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
def output(*, as_json: bool, rows_on_stdout: bool = False, uses_settings: bool = True) -> Iterator[Output]:
    """Give a command its output, and leave the terminal tidy whatever happens."""
    out = Output(as_json=as_json, rows_on_stdout=rows_on_stdout, uses_settings=uses_settings)
    try:
        if out.taken is not None:
            out.remark(str(out.taken))
        yield out
    except KeyboardInterrupt as error:
        raise Interrupted("Interrupted.") from error
    except BrokenPipeError as error:
        drop_output()
        raise typer.Exit(NOT_READ) from error
    finally:
        out.close()
    if out.interrupted:
        raise typer.Exit(Interrupted.exit_code)


def drop_output() -> None:
    """Have what could not be printed forgotten, as Python would try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    out.remark(
        f"{collection.name} ({collection.container}): {counts['training']:,} training, "
        f"{counts['validation']:,} cross-validation and {counts['test']:,} test images, {collection.shape}, "
        f"{len(collection.classes)} classes"
    )
    for note in (*collection.notes, *parts.notes):
        out.remark(f"Note: {note}")


def told_place(what: str, place: Path, wanted: Path, out_to: Output) -> Path:
    """Return where something was made, and say so if that is not where it was to be."""
    if place != wanted:
        out_to.warn(f"{wanted} was made by something else meanwhile: {what} is in {place}.")
    return place
