"""Kill anything, lose nothing: `fashion run` killed (SIGKILL) at random moments, continued, compared with a whole one.

Kinds of runs: a search with pruned trials, a run whose search's best trial takes the place of the training, a network
with averaged weights (EMA), an ensemble; on drawn images, and a search on the official ones. A run is killed up to four
times. Each kill is a row: its moment, what it hit, what was unreadable then; trials that were lost, and what differs at
the end, to the bit, from the run that nobody killed. It goes on until there are so many kills, those of earlier calls
counted, so that it can be stopped at any time.

python benchmarks/reliability.py                     180 kills on drawn images and 20 on the official ones: three hours
python benchmarks/reliability.py --kills 10 --official-kills 0
python benchmarks/reliability.py --summary           what the rows say
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from common import SOURCES, Row, commit, machine, official_data, parser, read_rows, record
from killing import CASES, OFFICIAL, Attempt, Case, Victims, drawn_for, write_sample

NAME = "reliability"
PATHS = (*SOURCES, "benchmarks/killing.py", "benchmarks/killed_program.py", "benchmarks/whole_files.py")


def main() -> None:
    """Kill what is still to be killed, and print what came of all kills."""
    arguments = _arguments()
    if not arguments.summary:
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            kill_more(CASES, write_sample(place / "drawn.npz"), arguments.kills, place, arguments)
            if n_kills(OFFICIAL, arguments) < arguments.official_kills:
                kill_more(OFFICIAL, official_data(), arguments.official_kills, place, arguments)
    rows = read_rows(NAME, arguments.results)
    print(summary(rows))
    sys.exit(any(row["unreadable"] or row["unreadable_at_end"] or row["lost"] or row["differs"] for row in rows))


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--kills", type=int, default=180, help="on drawn images")
    made.add_argument("--official-kills", type=int, default=20, help="on the official images, in FASHION_DATA")
    made.add_argument("--fresh", action="store_true", help="count only kills of the sources as they are now")
    made.add_argument("--summary", action="store_true", help="kill nothing")
    return made.parse_args()


def kill_more(cases: Mapping[str, Case], data: Path, wanted: int, place: Path, arguments: argparse.Namespace) -> None:
    """Attempt runs of all kinds in turn, until there are as many kills as are wanted."""
    victims: dict[str, Victims] = {}
    while n_kills(cases, arguments) < wanted:
        rows = read_rows(NAME, arguments.results)
        attempts = {name: len({row["attempt"] for row in rows if row["case"] == name}) for name in cases}
        name = min(attempts, key=lambda name: attempts[name])
        if name not in victims:
            (place / name).mkdir()
            victims[name] = Victims(cases[name], data, place / name)
        number = 1 + max((row["attempt"] for row in rows if row["case"] == name), default=-1)
        _write_down(name, number, victims[name].attempt(drawn_for(name, number)), arguments.results)


def n_kills(cases: Mapping[str, Case], arguments: argparse.Namespace) -> int:
    """Count the kills that there are."""
    rows = [row for row in read_rows(NAME, arguments.results) if row["case"] in cases and row["kill"] is not None]
    if arguments.fresh:
        rows = [row for row in rows if row["commit"] == commit(PATHS) and row["machine"] == machine()]
    return len(rows)


def _write_down(name: str, number: int, attempt: Attempt, folder: Path) -> None:
    """Append a row for each kill of an attempt; one without a number where the run came to its end before the first."""
    end = {
        "unreadable_at_end": attempt.unreadable,
        "left_over": attempt.left_over,
        "lost": attempt.lost,
        "differs": attempt.differs,
    }
    nothing: Row = {"kill": None, "unreadable": []}
    kills = [{"kill": n_before, **killed.row()} for n_before, killed in enumerate(attempt.kills)] or [nothing]
    for facts in kills:
        record(NAME, {"case": name, "attempt": number, **facts, **end}, folder=folder, paths=PATHS)


def summary(rows: list[Row]) -> str:
    """Say how many kills there were, what they hit, and what came of it."""
    kills = [row for row in rows if row["kill"] is not None]
    faults = {
        "unreadable files": sum(len(row["unreadable"]) + len(row["unreadable_at_end"]) for row in kills),
        "finished trials lost": sum(len(row["lost"]) for row in kills),
        "runs that ended differently": len({(row["case"], row["attempt"]) for row in kills if row["differs"]}),
        "runs with something left over": len({(row["case"], row["attempt"]) for row in kills if row["left_over"]}),
    }
    groups = {
        "case": Counter(row["case"] for row in kills),
        "stage": Counter(row["stage"] for row in kills),
        "inside a save": Counter("yes" for row in kills if any(name.endswith(".part") for name in row["inside"])),
        "inside the database": Counter("yes" for row in kills if "study.db-journal" in row["inside"]),
        "commit": Counter(row["commit"] for row in kills),
    }
    lines = [f"{len(kills)} kills", *(f"{n} {fault}" for fault, n in faults.items())]
    lines += [f"{group}: {', '.join(f'{name} {n}' for name, n in counts.items())}" for group, counts in groups.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
