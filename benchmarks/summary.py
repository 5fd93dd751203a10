"""The last measurements of everything that has been measured, as tables: what `make bench` ends with.

python benchmarks/summary.py
"""

from __future__ import annotations

from common import parser, read_rows
from tables import SUMMARIES, print_table


def main() -> None:
    """Print the tables."""
    arguments = parser(__doc__).parse_args()
    for name, summary in SUMMARIES.items():
        rows = read_rows(name, arguments.results)
        if rows:
            print_table(summary(rows))


if __name__ == "__main__":
    main()
