"""What each model answered for each image, as a table: the columns of `predictions.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fashion_classifier.errors import UsageError

ModelName = Literal["initial", "optimized"]  # of a run
PairName = Literal["a", "b"]  # of two models that are compared
AnyModel = ModelName | PairName
SplitName = Literal["training", "validation", "test"]

MODELS: tuple[ModelName, ModelName] = ("initial", "optimized")
PAIR: tuple[PairName, PairName] = ("a", "b")
KEY = ("split", "image_sha256", "occurrence")


def predictions_table(
    model: AnyModel,
    split: SplitName,
    image_sha256: Sequence[str],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    *,
    classes: tuple[str, ...],
) -> pl.DataFrame:
    """Write one model's answers for one split as rows.

    Parameters
    ----------
    image_sha256
        For each of the n images the SHA-256 of its content, as hexadecimal text; both models' tables
        are in one order of images.
    labels
        int64 array of shape (n,), indices into `classes`.
    probabilities
        Floating array of shape (n, k).
    classes
        Names of the k classes.

    Returns
    -------
    Columns model, split, image_sha256, occurrence (0 for the first image with this content, 1 for its first
    duplicate in the split, and so on), label, predicted (enumerations of the class names), p_0 … p_{k-1}
    (float32).
    """
    n, k = len(image_sha256), len(classes)
    if labels.shape != (n,) or probabilities.shape != (n, k):
        raise UsageError(
            f"{n} images and {k} classes have labels of shape ({n},) and probabilities of shape ({n}, {k}), "
            f"but got {labels.shape} and {probabilities.shape}"
        )
    names = np.array(classes, dtype=object)
    columns = {
        "label": pl.Series(names[labels], dtype=pl.Enum(classes)),
        "predicted": pl.Series(names[probabilities.argmax(axis=1)], dtype=pl.Enum(classes)),
    } | {f"p_{i}": pl.Series(probabilities[:, i].astype(np.float32)) for i in range(k)}
    return pl.DataFrame({"image_sha256": pl.Series(image_sha256, dtype=pl.String)} | columns).select(
        pl.lit(model).alias("model"),
        pl.lit(split).alias("split"),
        "image_sha256",
        (pl.int_range(pl.len()).over("image_sha256")).cast(pl.UInt32).alias("occurrence"),
        *columns,
    )


def classes_of(predictions: pl.DataFrame) -> tuple[str, ...]:
    """Give the class names, in the order of the columns p_0 … p_k."""
    kind = predictions.schema["label"]
    assert isinstance(kind, pl.Enum), kind
    return tuple(kind.categories)


def judged_split(predictions: pl.DataFrame) -> SplitName:
    """Give the split that the models are judged by: test, or validation until both have answered for that."""
    return "test" if predictions.filter(split="test")["model"].n_unique() == 2 else "validation"


def answers(predictions: pl.DataFrame, model: AnyModel, split: SplitName) -> pl.DataFrame:
    """Give one model's answers for one split, with how sure it was.

    Returns
    -------
    Columns split, image_sha256, occurrence, label, predicted, probability (of what was predicted) and
    true_probability.
    """
    rows = predictions.filter(model=model, split=split)
    probabilities = rows.select(f"p_{i}" for i in range(len(classes_of(rows)))).to_numpy()
    every = np.arange(len(rows))
    predicted, label = (rows[name].to_physical().to_numpy() for name in ("predicted", "label"))
    return rows.select(*KEY, "label", "predicted").with_columns(
        probability=pl.Series(probabilities[every, predicted], dtype=pl.Float64),
        true_probability=pl.Series(probabilities[every, label], dtype=pl.Float64),
    )


_OTHER: dict[AnyModel, AnyModel] = {"initial": "optimized", "optimized": "initial", "a": "b", "b": "a"}


def both_answers(predictions: pl.DataFrame, model: AnyModel, split: SplitName | None = None) -> pl.DataFrame:
    """Give one model's answers beside the other's for the same images.

    Parameters
    ----------
    split
        None for the split that the models are judged by.

    Returns
    -------
    The columns of `answers` for `model`, and other_predicted and other_probability for the other model.
    """
    other = _OTHER[model]
    split = split or judged_split(predictions)
    others = answers(predictions, other, split).select(
        *KEY, other_predicted="predicted", other_probability="probability"
    )
    return answers(predictions, model, split).join(others, on=KEY, how="inner", validate="1:1")
