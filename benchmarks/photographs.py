"""From a photograph to a garment: how many photographs of six kinds of garments a Fashion-MNIST model names rightly.

The aim: 75 % balanced accuracy over six kinds (t-shirt, pants, longsleeve, dress, outwear, shirt) by the best guess;
60 % of hats, shorts and skirts, none of which is one of the ten classes, refused where 90 % of the six are accepted.

python benchmarks/photographs.py PHOTOS --half develop                      half a minute for 150 photographs
python benchmarks/photographs.py PHOTOS --half locked --model models/mine

PHOTOS holds a folder of photographs for each kind, named as above and `shoes hat shorts skirt`; those of
alexeygrigorev/clothing-dataset-small (CC0) are. Of the sorted names of each kind, every second from the first on is
the half on which the path was developed, and the others are the half that nobody looked at: it is for one measurement
at the end, and chooses nothing. Baselines on the same photographs: grey and resized; grey, negated and resized; and
the recipe of Fashion-MNIST's authors (arXiv:1708.07747, section 2) alone, which expects a garment on plain white.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from common import parser, record
from fashion_classifier.data.garments.photograph import SIDE
from fashion_classifier.data.pictures import Pixels, read_picture, to_array
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.refusal import strangeness
from fashion_classifier.experiment.lookup import locate_model
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.photograph_rules import doubt
from fashion_classifier.inference.photographs.answering import answer_photographs, probabilities_of
from fashion_classifier.inference.photographs.seen import look

NAME = "photographs"
MEANT = {
    "t-shirt": {"T-shirt/top"},
    "pants": {"Trouser"},
    "longsleeve": {"Pullover"},
    "dress": {"Dress"},
    "outwear": {"Coat"},
    "shirt": {"Shirt"},
    "shoes": {"Sandal", "Sneaker", "Ankle boot"},  # told beside: most are pairs seen from above
}
SIX = ("t-shirt", "pants", "longsleeve", "dress", "outwear", "shirt")
STRANGE = ("hat", "shorts", "skirt")
ACCEPTED = 0.9
N_FOLDS, N_DRAWS = 5, 10_000
Array = NDArray[np.float64]


def main() -> None:
    """Measure, print and record."""
    arguments = parser(__doc__)
    arguments.add_argument("photographs", type=Path, metavar="PHOTOS")
    arguments.add_argument("--half", choices=["develop", "locked"], required=True)
    arguments.add_argument("--model", type=Path, help="a model or run folder; by default the model that is shipped")
    asked = arguments.parse_args()
    place = locate_model(asked.model or Path("fashion-mnist"))
    model = open_model(place.path)
    files = {kind: half_of(asked.photographs / kind, asked.half) for kind in (*MEANT, *STRANGE)}
    kinds = np.array([kind for kind, paths in files.items() for _ in paths])
    pictures = [read_picture(path, near=(SIDE, SIDE)) for paths in files.values() for path in paths]
    begun = time.process_time()
    seen = [look(picture, model.shape) for picture in pictures]
    looking_s = (time.process_time() - begun) / len(seen)
    answers = answer_photographs(model, seen)
    refused = np.array([answer.refused for answer in answers])
    facts = {
        "half": asked.half,
        "model": place.name,
        "n": {kind: len(paths) for kind, paths in files.items()},
        "ours": named_rightly(model, kinds, probabilities_of(model, seen)),
        "refusal": refusal(kinds, doubts(model, probabilities_of(model, seen)), refused),
        "sets": sets(kinds, answers),
        "cpu_seconds_per_photograph": round(looking_s, 3),
        "baselines": {
            name: named_rightly(model, kinds, model.predict(np.stack([way(picture, model) for picture in pictures])))
            for name, way in BASELINES.items()
        },
    }
    record(NAME, facts, folder=asked.results)


def half_of(folder: Path, half: str) -> list[Path]:
    """Return every second file of a folder, by name: from the first on ("develop") or from the second on ("locked")."""
    return sorted(folder.iterdir())[0 if half == "develop" else 1 :: 2]


def named_rightly(model: OpenedModel, kinds: NDArray[np.str_], probabilities: NDArray[np.float32]) -> dict[str, object]:
    """Return the balanced accuracy over the six kinds, with its standard error and 95 % interval, and each kind's."""
    guesses = np.array(model.classes)[probabilities.argmax(1)]
    right = {kind: np.isin(guesses[kinds == kind], list(meant)) for kind, meant in MEANT.items()}
    shares = {kind: float(hits.mean()) for kind, hits in right.items()}
    rng = np.random.default_rng(0)
    draws = np.mean([rng.choice(right[kind], (N_DRAWS, len(right[kind]))).mean(1) for kind in SIX], axis=0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "balanced_accuracy": round(float(np.mean([shares[kind] for kind in SIX])), 4),
        "standard_error": round(float(draws.std()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "per_kind": {kind: round(share, 4) for kind, share in shares.items()},
        "guessed": {kind: counted(guesses[kinds == kind]) for kind in (*MEANT, *STRANGE)},
    }


def sets(kinds: NDArray[np.str_], answers: list[Answer]) -> dict[str, object] | None:
    """Return how many of the six kinds' sets hold the class that is meant, and how large they are."""
    of_the_six = [
        (answer.classes, MEANT[kind]) for kind, answer in zip(kinds.tolist(), answers, strict=True) if kind in SIX
    ]
    if any(classes is None for classes, _ in of_the_six):
        return None
    held = wilson(sum(not meant.isdisjoint(classes or ()) for classes, meant in of_the_six), len(of_the_six))
    return {
        "coverage": round(held.value, 4),
        "interval": [round(end, 4) for end in held.as_list],
        "mean_size": round(float(np.mean([len(classes or ()) for classes, _ in of_the_six])), 3),
    }


def doubts(model: OpenedModel, probabilities: NDArray[np.float32]) -> Array:
    """Return the score by which the model refuses photographs; where it has no rule for them, that of its images."""
    return strangeness(probabilities) if model.photographs is None else doubt(probabilities, model.photographs.doubts)


def counted(names: NDArray[np.str_]) -> dict[str, int]:
    """Count names."""
    found, counts = np.unique(names, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def refusal(kinds: NDArray[np.str_], scores: Array, refused: NDArray[np.bool_]) -> dict[str, object]:
    """Return how many strange photographs are refused where 90 % of the known are accepted, and by the model's rule."""
    known, strange = np.isin(kinds, SIX), np.isin(kinds, STRANGE)
    threshold = float(np.quantile(scores[known], ACCEPTED))
    caught = wilson(int((scores[strange] > threshold).sum()), int(strange.sum()))
    accepted, across = folded(scores[known], scores[strange])
    return {
        "at_90_accepted": round(caught.value, 4),
        "interval": [round(end, 4) for end in caught.as_list],
        "threshold": round(threshold, 4),
        "threshold_of_other_folds": {"accepted": round(accepted, 4), "refused": round(across, 4)},
        "rule_in_force": {
            "accepted": round(float(1 - refused[known].mean()), 4),
            "refused": round(float(refused[strange].mean()), 4),
            "per_kind": {kind: round(float(refused[kinds == kind].mean()), 4) for kind in (*MEANT, *STRANGE)},
        },
        "area_under_curve": round(float((scores[known][:, None] < scores[strange]).mean()), 4),
    }


def folded(known: Array, strange: Array) -> tuple[float, float]:
    """Return what is accepted and refused by thresholds from four fifths of the known, on what they were not from."""
    order = np.random.default_rng(0).permutation(len(known))
    accepted, refused = [], []
    for fold in range(N_FOLDS):
        held_out = order[fold::N_FOLDS]
        threshold = np.quantile(np.delete(known, held_out), ACCEPTED)
        accepted += (known[held_out] <= threshold).tolist()
        refused.append(float((strange > threshold).mean()))
    return float(np.mean(accepted)), float(np.mean(refused))


def negated(picture: Image.Image, model: OpenedModel) -> Pixels:
    """Grey, negated and resized."""
    return 255 - to_array(picture.convert("L"), model.shape)


def by_recipe(picture: Image.Image, model: OpenedModel) -> Pixels:
    """Trimmed where it is near the corners' colour, longest side to 28, sharpened, on the middle of white, negated."""
    pixels = np.asarray(picture.convert("RGB")).astype(np.float64)
    corners = np.median([pixels[0, 0], pixels[0, -1], pixels[-1, 0], pixels[-1, -1]], axis=0)
    garment = np.abs(pixels - corners).max(axis=2) > 0.05 * 255
    rows, columns = np.flatnonzero(garment.any(1)), np.flatnonzero(garment.any(0))
    if len(rows):
        picture = picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    small = picture.convert("L")
    small.thumbnail((model.shape.width, model.shape.height))
    small = small.filter(ImageFilter.UnsharpMask(radius=1, percent=100, threshold=0))
    paper = Image.new("L", (model.shape.width, model.shape.height), 255)
    paper.paste(small, ((paper.width - small.width) // 2, (paper.height - small.height) // 2))
    return 255 - np.asarray(paper)


BASELINES: dict[str, Callable[[Image.Image, OpenedModel], Pixels]] = {
    "grey": lambda picture, model: to_array(picture, model.shape),
    "negated": negated,
    "authors' recipe": by_recipe,
}


if __name__ == "__main__":
    main()
