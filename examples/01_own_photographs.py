"""Classify your own photographs with a model that is there.

Shows a folder of pictures answered one by one: a class, how sure that is, the classes that it may be, or that it is
none of them.

    python examples/01_own_photographs.py PHOTOGRAPHS [MODEL]

MODEL is a model folder, a run folder, or a shipped model's name; by default the one that comes with the program.
"""

import argparse
from pathlib import Path

from fashion_classifier.experiment.lookup import locate_model
from fashion_classifier.inference.files import find_pictures, predict_files
from fashion_classifier.inference.opening import open_model


def main() -> None:
    """Print an answer for each picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("model", type=Path, nargs="?", default=Path("fashion-mnist"))
    arguments = parser.parse_args()

    files = find_pictures([arguments.photographs])
    model = open_model(locate_model(arguments.model).path, n_images=len(files))
    for found in predict_files(model, files, model.pictures):
        if found.answer is None:
            print(f"{found.path.name}: {found.error}")
        elif found.answer.refused:
            print(f"{found.path.name}: none of these; nearest is {found.answer.predicted}")
        else:
            others = ", ".join(found.answer.classes or ())
            print(f"{found.path.name}: {found.answer.predicted} ({found.answer.probability:.0%}); may be {others}")


if __name__ == "__main__":
    main()
