"""Loading the six CSV files: ours, a second time from the cache, and pandas, in turn in one run.

python benchmarks/loading.py        5 rounds: about a minute (pandas must be installed: pip install pandas)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from common import FASHION, official_data, parser, read_rows, record, rounds
from tables import SUMMARIES, print_table

NAME = "loading"

PANDAS = """
parts = [pandas.read_csv(file) for file in files]
table = pandas.concat(parts, ignore_index=True)
labels, images = table["label"].to_numpy(), table.drop(columns="label").to_numpy(dtype="uint8").reshape(-1, 28, 28)
"""
TIMED = """
import sys, time
from pathlib import Path
folder = sys.argv[1]
files = sorted(Path(folder).glob("*.csv"))
{imports}
begin = time.perf_counter()
{work}
print(time.perf_counter() - begin)
"""


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("-n", type=int, default=5)
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        parts = Path(temporary) / "parts"
        os.environ["FASHION_CACHE"] = str(Path(temporary) / "cache")
        command = [*FASHION, "data", "convert", str(official_data()), str(parts)]
        subprocess.run([*command, "--to", "csv-parts"], check=True, stdout=subprocess.DEVNULL)
        (parts / "Fashion Test Data.csv").rename(parts.parent / "test.csv")  # the claim is about the six
        ours = "from fashion_classifier.data.sources import ReadOptions, find_source\nimport polars"
        read = "raw = find_source(Path(folder)).read(options=ReadOptions())"
        programs = {
            "pandas": ("import pandas", PANDAS),
            "ours": (ours, read),
            "second": ("from fashion_classifier.data.load import load", "collection = load(folder)"),
        }
        works = {name: partial(_time, *program, parts) for name, program in programs.items()}
        seconds, medians = rounds(works, arguments.n)  # the round that does not count fills the cache
    facts = {
        "n": arguments.n,
        "seconds": seconds,
        "ours_to_pandas": round(medians["ours"] / medians["pandas"], 3),
        "second_to_pandas": round(medians["second"] / medians["pandas"], 4),
    }
    record(NAME, facts, folder=arguments.results)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


def _time(imports: str, work: str, folder: Path) -> float:
    """Time a piece of work in a process of its own, its imports not counted."""
    program = TIMED.format(imports=imports, work=work)
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
