"""Small images that are easily told apart, in the forms in which scikit-learn's users have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tests.conftest import blobs

from fashion_classifier import FashionClassifier

NAMES = np.array(["Ankle boot", "Bag", "Coat"])


def drawn(n: int = 120, *, size: int = 12, colour: bool = False, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images and their labels, as names."""
    data = blobs(n, size=size, colour=colour, seed=seed)
    return data.images, NAMES[data.labels]


def fetch_openml(name: str, **_: Any) -> tuple[pd.DataFrame, pd.Series]:
    """Images in the form in which `sklearn.datasets.fetch_openml` gives Fashion-MNIST."""
    assert name == "Fashion-MNIST"
    images, labels = drawn(150)
    columns = [f"pixel{number}" for number in range(1, 145)]
    return pd.DataFrame(images.reshape(len(images), -1).astype(np.int64), columns=columns), pd.Series(labels)


def quick(**settings: Any) -> FashionClassifier:
    """An estimator that learns for a moment."""
    return FashionClassifier(**{"epochs": 2, "model": "mlp", "random_state": 0, **settings})
