"""Start-up: what `fashion --help` and the prediction of one image take from a cold process, beside bare programs.

The aims: `fashion --help` takes at most twelve times as long as `python -c pass` (a bare Typer program: about
fourteen), `fashion predict` of one image at most 1.5 s. Whether predicting imported torch is written into the row.

python benchmarks/start_up.py                     20 rounds: about two minutes
python benchmarks/start_up.py --model models/mine
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from PIL import Image

from common import FASHION, model_folder, official_data, parser, read_rows, record, rounds, timed
from fashion_classifier import load, split
from tables import SUMMARIES, print_table

NAME = "start_up"
BARE_TYPER = '''
import typer

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    """Say hello."""
    print(name)


app()
'''


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("-n", type=int, default=20)
    made.add_argument("--model", type=Path, help="a model folder; one is trained for half a minute if none is named")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as temporary, model_folder(arguments.model) as model:
        typer, image = Path(temporary) / "bare.py", Path(temporary) / "image.png"
        typer.write_text(BARE_TYPER)
        Image.fromarray(split(load(official_data())).validation.images[0]).save(image)
        predict = [*FASHION, "predict", str(image), "--model", str(model)]
        commands = {
            "pass": [sys.executable, "-c", "pass"],
            "bare typer": [sys.executable, str(typer), "--help"],
            "help": [*FASHION, "--help"],
            "predict": predict,
        }
        seconds, medians = rounds({name: partial(_seconds, line) for name, line in commands.items()}, arguments.n)
        facts = {
            "help_to_pass": round(medians["help"] / medians["pass"], 2),
            "typer_to_pass": round(medians["bare typer"] / medians["pass"], 2),
            "predict_imports_torch": _imports_torch(predict),
        }
    record(NAME, {"n": arguments.n, "seconds": seconds, **facts}, folder=arguments.results)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


def _seconds(command: list[str]) -> float:
    """Return the wall time of a whole process."""
    return timed(command)[1]


def _imports_torch(command: list[str]) -> bool:
    """Tell whether a command imports torch, by Python's own list of imports."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(traced, check=True, capture_output=True, text=True)
    return any(line.rpartition("|")[2].strip() == "torch" for line in done.stderr.splitlines())


if __name__ == "__main__":
    main()
