"""Predicting for a folder of PNG files: the whole process `fashion predict FOLDER` against decoding them alone.

The aim: at least half as fast as decoding. Decoding is a process that opens each file with Pillow and makes an array of
it: one after the other, and, as the harder comparison, with as many threads as there are cores. The files are images of
the training part.

python benchmarks/predict_folder.py                     10,000 files, 3 rounds: about two minutes
python benchmarks/predict_folder.py --model models/mine --files 1000
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from common import FASHION, model_folder, official_data, parser, read_rows, record, rounds, timed
from fashion_classifier import load, split
from fashion_classifier.limits import available_cores
from tables import SUMMARIES, print_table

NAME = "predict_folder"
DECODE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy
from PIL import Image
files = sorted(Path(sys.argv[1]).iterdir())
def decode(file):
    with Image.open(file) as image:
        return numpy.asarray(image)
with ThreadPoolExecutor(int(sys.argv[2])) as pool:
    images = list(pool.map(decode, files)) if int(sys.argv[2]) > 1 else [decode(file) for file in files]
assert len(images) == len(files)
"""


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("-n", type=int, default=3)
    made.add_argument("--files", type=int, default=10_000)
    made.add_argument("--model", type=Path, help="a model folder; one is trained for half a minute if none is named")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary, model_folder(arguments.model) as model:
        pictures = Path(temporary) / "pictures"
        _write_pictures(pictures, arguments.files)
        count = iter(range(1_000_000))

        def predict() -> float:
            rows = Path(temporary) / f"rows-{next(count)}.csv"
            options = ["--model", str(model), "--format", "csv", "--output", str(rows)]
            seconds = timed([*FASHION, "predict", str(pictures), *options])[1]
            assert len(rows.read_text().splitlines()) == arguments.files + 1
            return seconds

        def decode(threads: int) -> float:
            return timed([sys.executable, "-c", DECODE, str(pictures), str(threads)])[1]

        works = {
            "decode": lambda: decode(1),
            "decode in threads": lambda: decode(available_cores()),
            "predict": predict,
        }
        seconds, medians = rounds(works, arguments.n)
    facts = {
        "files": arguments.files,
        "predict_to_decode": round(medians["predict"] / medians["decode"], 2),
        "predict_to_decode_in_threads": round(medians["predict"] / medians["decode in threads"], 2),
    }
    record(NAME, {"n": arguments.n, "seconds": seconds, **facts}, folder=arguments.results)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


def _write_pictures(folder: Path, n_files: int) -> None:
    """Write images of the training part as PNG files."""
    folder.mkdir()
    images = split(load(official_data())).training.images
    for number in range(n_files):
        Image.fromarray(images[number % len(images)]).save(folder / f"{number:05d}.png")


if __name__ == "__main__":
    main()
