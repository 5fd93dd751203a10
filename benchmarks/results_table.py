"""RESULTS.md: its generated part says what the rows in results/*.jsonl say, and nothing else.

python benchmarks/results_table.py            write it anew
python benchmarks/results_table.py --check    fail if it differs from the rows
"""

from __future__ import annotations

import sys
from pathlib import Path

from common import HERE, RESULTS, parser, read_rows
from tables import SUMMARIES, markdown

FILE = HERE / "RESULTS.md"
BEGIN = "<!-- From here on generated from results/*.jsonl by results_table.py; do not edit. -->"
END = "<!-- End of the generated part. -->"


def generated(results: Path = RESULTS) -> str:
    """Return the tables of all that has rows."""
    tables = [SUMMARIES[name](rows) for name in SUMMARIES if (rows := read_rows(name, results))]
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
    there = FILE.read_text()
    wanted = updated(there, generated(arguments.results))
    if arguments.check and there != wanted:
        sys.exit(
            f"{FILE} does not say what the rows say. Run python benchmarks/results_table.py and commit what it writes."
        )
    if there != wanted:
        FILE.write_text(wanted)


if __name__ == "__main__":
    main()
