"""RESULTS.md and docs/scale.md: their generated parts say what the rows in results/*.jsonl say, and nothing else.

python benchmarks/results_table.py            write them anew
python benchmarks/results_table.py --check    fail if one differs from the rows
"""

from __future__ import annotations

import sys
from pathlib import Path

from common import HERE, RESULTS, ROOT, parser, read_rows
from scaling_page import page, summary
from tables import SUMMARIES, markdown

FILE, SCALE = HERE / "RESULTS.md", ROOT / "docs" / "scale.md"
BEGIN = "<!-- From here on generated from results/*.jsonl by results_table.py; do not edit. -->"
END = "<!-- End of the generated part. -->"


def generated(results: Path = RESULTS) -> str:
    """Return the tables of all that has rows."""
    summaries = {**SUMMARIES, "scaling": summary}
    tables = [summaries[name](rows) for name in summaries if (rows := read_rows(name, results))]
    return "\n\n".join(map(markdown, tables))


def updated(text: str, tables: str) -> str:
    """Return a text with these tables between its markers."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    inside = f"\n\n{tables}\n\n" if tables else "\n\n"
    return f"{before}{BEGIN}{inside}{END}{after}"


def main() -> None:
    """Write or check."""
    made = parser(__doc__)
    made.add_argument("--check", action="store_true")
    arguments = made.parse_args()
    pages = {FILE: generated(arguments.results), SCALE: page(read_rows("scaling", arguments.results))}
    for file, tables in pages.items():
        there = file.read_text()
        wanted = updated(there, tables)
        if arguments.check and there != wanted:
            sys.exit(f"{file} does not say what the rows say. Run python benchmarks/results_table.py and commit both.")
        if there != wanted:
            file.write_text(wanted)


if __name__ == "__main__":
    main()
