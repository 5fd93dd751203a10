"""`fashion cache`: what is kept to save time, and taking it away."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fashion_classifier.cli.asking import Yes, agreed
from fashion_classifier.cli.help import Command, GroupWithFirst
from fashion_classifier.cli.options import Json
from fashion_classifier.cli.output import output

app = typer.Typer(
    cls=GroupWithFirst,
    help="Show what the cache holds, data that was read and the official files, and clear it.\n\n"
    "Without a command: show.\n\nExamples:\n\n  fashion cache\n\n  fashion cache clear",
    add_completion=False,
)


class Part(StrEnum):
    """A part of the cache."""

    PARSED = "parsed"
    DOWNLOADS = "downloads"


@app.command(cls=Command)
def show(as_json: Json = False) -> None:
    """Show where the cache is and what it holds.

    Example:

      fashion cache
    """
    from fashion_classifier.data.cache import cache_folder
    from fashion_classifier.data.cache_contents import contents
    from fashion_classifier.limits import in_words

    with output(as_json=as_json) as out_to:
        kept = contents()
        rows = [[part.what, f"{part.n:,}", in_words(part.n_bytes)] for part in kept]
        out_to.table(f"Cache in {cache_folder()}", ["part", "number", "size"], rows)
        facts = {str(part.what): {"n": part.n, "bytes": part.n_bytes} for part in kept}
        out_to.result("cache", {"folder": str(cache_folder()), **facts})


@app.command(cls=Command)
def clear(
    only: Annotated[
        Part | None,
        typer.Option("--only", help="This part alone: data that was read, or the official files that were downloaded."),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take away what the cache holds: it is made or fetched again when it is needed.

    It asks first. What the program did not put there stays.

    Examples:

      fashion cache clear

      fashion cache clear --only parsed --yes
    """
    from fashion_classifier.data.cache import cache_folder
    from fashion_classifier.data.cache_contents import clear as clear_part
    from fashion_classifier.data.cache_contents import contents
    from fashion_classifier.limits import in_words

    with output(as_json=as_json) as out_to:
        kept = [part for part in contents() if only in {None, part.what} and part.n_bytes]
        for part in kept:
            out_to.remark(str(part))
        n_bytes = sum(part.n_bytes for part in kept)
        freed = 0
        if n_bytes == 0:
            out_to.tell(f"Nothing is to be cleared in {cache_folder()}.")
        elif agreed(out_to, f"Clear {in_words(n_bytes)} in {cache_folder()}?", yes=yes):
            for part in kept:
                freed += clear_part(part.what)
            out_to.tell(f"Cleared: {in_words(freed)} in {cache_folder()}")
        out_to.result("cache-clear", {"folder": str(cache_folder()), "freed_bytes": freed})
