"""Loading the six CSV files: ours, a second time from the cache, and pandas, in turn in one run.

python benchmarks/loading.py        (pandas must be installed: pip install pandas)
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import official_data, record

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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5)
    repeats = parser.parse_args().n
    with tempfile.TemporaryDirectory() as temporary:
        parts = Path(temporary) / "parts"
        os.environ["FASHION_CACHE"] = str(Path(temporary) / "cache")
        command = [sys.executable, "-m", "fashion_classifier", "data", "convert", str(official_data()), str(parts)]
        subprocess.run([*command, "--to", "csv-parts"], check=True, stdout=subprocess.DEVNULL)
        (parts / "Fashion Test Data.csv").rename(parts.parent / "test.csv")  # the claim is about the six
        ours = "from fashion_classifier.data.sources import ReadOptions, find_source\nimport polars"
        read = "raw = find_source(Path(folder)).read(options=ReadOptions())"
        programs = {
            "pandas": ("import pandas", PANDAS),
            "ours": (ours, read),
            "second": ("from fashion_classifier.data.load import load", "collection = load(folder)"),
        }
        _time(*programs["second"], parts)  # fills the cache
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(repeats):
            for name, (imports, work) in programs.items():
                times[name].append(_time(imports, work, parts))
    medians = {name: statistics.median(values) for name, values in times.items()}
    record(
        "loading",
        {
            "n": repeats,
            "seconds": {name: [round(value, 4) for value in values] for name, values in times.items()},
            "ours_to_pandas": round(medians["ours"] / medians["pandas"], 3),
            "second_to_pandas": round(medians["second"] / medians["pandas"], 4),
        },
    )


def _time(imports: str, work: str, folder: Path) -> float:
    """Time a piece of work in a process of its own, its imports not counted."""
    program = TIMED.format(imports=imports, work=work)
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
