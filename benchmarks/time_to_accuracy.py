"""Time to accuracy: how accurate a model is after so much wall time of the whole process `fashion train --minutes N`.

The wall time is taken from outside: start of Python, data from the cache, training, the saved model. Accuracies are of
the cross-validation images; with --final the model learns from training + cross-validation data and is then, outside of
the timed part, evaluated on the test set, which is opened once a row. Rows are appended; those that exist for the same
commit, machine and settings are not measured again, so that an interrupted measurement goes on where it stopped.

python benchmarks/time_to_accuracy.py                    budgets of 0.25, 1 and 5 minutes, 5 seeds each: 35 minutes
python benchmarks/time_to_accuracy.py --final            the same on the test set
python benchmarks/time_to_accuracy.py --minutes 30 --seeds 3 --final
python benchmarks/time_to_accuracy.py --isa avx2         as on a machine without AVX-512 and AMX
python benchmarks/time_to_accuracy.py --asked residual --minutes 1 --seeds 1      a recipe by its name
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from common import ISA, Row, check_committed, fashion, fill_cache, is_measured, official_data, parser, read_rows, record
from tables import print_table, summary_of_runs

NAME = "time_to_accuracy"


def main() -> None:
    """Measure what is not measured yet, and print the table."""
    arguments = _arguments()
    if arguments.final:
        check_committed()
    fill_cache()
    for seed in range(arguments.seeds):
        for minutes in arguments.minutes:
            identity = _identity(arguments, minutes, seed)
            if not is_measured(NAME, identity, folder=arguments.results):
                record(NAME, {**identity, **_measure(identity, arguments.keep)}, folder=arguments.results)
    print_table(summary_of_runs(read_rows(NAME, arguments.results)))


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--minutes", type=float, nargs="+", default=[0.25, 1.0, 5.0])
    made.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, …")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the models here")
    made.add_argument("--final", action="store_true", help="open the test set")
    made.add_argument("--device", default="auto")
    made.add_argument("--threads", type=int, default=0)
    made.add_argument("--asked", default="", metavar="RECIPE", help="a recipe, instead of the best known for the time")
    made.add_argument("--isa", choices=tuple(ISA), default="native")
    return made.parse_args()


def _identity(arguments: argparse.Namespace, minutes: float, seed: int) -> Row:
    """Return what tells one run from another."""
    kind = "test" if arguments.final else "validation"
    settings = {"device": arguments.device, "threads": arguments.threads, "isa": arguments.isa}
    asked = {"asked": arguments.asked} if arguments.asked else {}
    return {"kind": kind, "minutes": minutes, "seed": seed, **settings, **asked}


def _measure(identity: Row, keep: Path | None) -> Row:
    """Train once; return accuracy in per cent, wall time in seconds, and what the command says of the model."""
    environment = ISA[identity["isa"]]
    data = ("--data", str(official_data()))
    final = identity["kind"] == "test"
    with tempfile.TemporaryDirectory() as temporary:
        name = "-".join(str(value) for value in identity.values())
        folder = str((keep or Path(temporary)) / name)
        options = [
            text for name in ("minutes", "seed", "device", "threads") for text in (f"--{name}", str(identity[name]))
        ]
        options += ["--recipe", identity["asked"]] if "asked" in identity else []
        on = ("--on", "all" if final else "training")
        facts, seconds = fashion("train", *data, *options, *on, "--out", folder, environment=environment)
        judged = facts["validation"]
        if final:
            command = ("evaluate", folder, *data, "--device", identity["device"])
            judged = fashion(*command, environment=environment)[0]["test"]
    about = {name: facts[name] for name in ("recipe", "family", "n_parameters", "precision", "steps")}
    return {"accuracy": round(100 * judged["accuracy"], 3), "seconds": round(seconds, 2), **about}


if __name__ == "__main__":
    main()
