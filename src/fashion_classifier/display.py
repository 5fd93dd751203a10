"""What values show of themselves in a notebook: plain HTML tables, everything in them escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", notes: Sequence[str] = ()
) -> str:
    """Write a table without any style of its own, so that it follows the notebook's.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        Each as many cells as there are columns; the first names the row.
    caption
        Above the table, bold.
    notes
        Below the table, a paragraph each.

    Examples
    --------
    >>> html_table(["class", "images"], [["Bag & more", 12]])
    '<table><tr><th>class</th><th>images</th></tr><tr><th>Bag &amp; more</th><td>12</td></tr></table>'
    """
    lines = ["".join(f"<th>{escape(name)}</th>" for name in header)]
    for first, *others in rows:
        cells = "".join(f"<td>{escape(str(cell))}</td>" for cell in others)
        lines.append(f"<th>{escape(str(first))}</th>{cells}")
    above = f"<p><b>{escape(caption)}</b></p>" if caption else ""
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"{above}<table>{table}</table>{below}"
