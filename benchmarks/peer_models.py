"""One scikit-learn classifier on the pixels of a file: the process that `peers.py` times.

python benchmarks/peer_models.py forest pixels.npz 0
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from pixels import read_pixels

# What differs from scikit-learn's own defaults, and why: the network has twice the units of the notebook's largest, and
# stops early on a tenth of what it learns from, as 200 epochs would only overfit; the forest uses all cores and three
# times the trees, which never harms it. Boosting stands as it is.
SETTINGS: Mapping[str, dict[str, Any]] = {
    "mlp": {"hidden_layer_sizes": (512, 256), "early_stopping": True, "n_iter_no_change": 5},
    "forest": {"n_estimators": 300, "n_jobs": -1},
    "boosting": {},
}
CLASSIFIERS: Mapping[str, Callable[..., Any]] = {
    "mlp": MLPClassifier,
    "forest": RandomForestClassifier,
    "boosting": HistGradientBoostingClassifier,
}


def main() -> None:
    """Fit, judge, and print one JSON object."""
    name, file, seed = sys.argv[1:]
    pixels = read_pixels(Path(file))
    classifier = CLASSIFIERS[name](**SETTINGS[name], random_state=int(seed))
    images, labels = pixels.lesson
    classifier.fit(_flat(images), labels)
    judged, truth = pixels.judged
    accuracy = float(np.mean(classifier.predict(_flat(judged)) == truth))
    facts = {"settings": SETTINGS[name], "peer_versions": {"scikit-learn": sklearn.__version__}}
    print(json.dumps({"accuracy": accuracy, **facts}))


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return one row of values between 0 and 1 an image."""
    return np.divide(images.reshape(len(images), -1), 255, dtype=np.float32)


if __name__ == "__main__":
    main()
