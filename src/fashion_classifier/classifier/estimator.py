"""`FashionClassifier`: images, or rows of numbers, learned from and classified as scikit-learn's tools expect it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.classifier.images import predict_images, train_on_images
from fashion_classifier.classifier.inputs import AUTO_SHAPE, find_shape, to_images, to_rows
from fashion_classifier.classifier.keeping import (
    Facts,
    Learned,
    load_learned,
    n_features,
    pack_learned,
    save_learned,
    unpack_learned,
)
from fashion_classifier.classifier.parameters import check_table_model, family_and_recipe, run_config
from fashion_classifier.classifier.tables import TABLE_RECIPE, TableModel, train_table
from fashion_classifier.data.dataset import Dataset
from fashion_classifier.errors import MissingExtraError
from fashion_classifier.experiment.lookup import locate_model
from fashion_classifier.experiment.machine import choose_device
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import AUTO_MODEL

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_array, check_consistent_length, check_random_state, check_X_y
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as error:
    raise MissingExtraError(
        f"FashionClassifier needs scikit-learn ({error.name} is not installed): "
        "pip install 'fashion-images-classifier[scikit-learn]'."
    ) from error


class FashionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier of images, as an estimator of scikit-learn.

    Images are learned from as ``fashion train`` does: the best recipe that is known for the time, part of the images
    held back to see how sure the answers may be. Rows of numbers that are no images, as scikit-learn's tables are, are
    learned from by a small multilayer perceptron.

    Parameters
    ----------
    model
        "auto" for the best that is known for the budget; a family: "cnn", "mlp" or "resnet"; or a recipe by its name,
        such as "one-minute" (`fashion_classifier.RECIPES`). Tables have "auto" and "mlp" alone.
    minutes
        Time that `fit` may take, at least 0.2; None for a number of epochs.
    epochs
        Passes over the training images at most. None for as many as the time allows, or without a time for the
        recipe's own, ten mostly. An epoch of a table has ten steps at least.
    validation_fraction
        Share of the images that is not learned from, on which temperature, refusals and sets are fitted; 0 to below 1.
        Tables are always learned from as a whole.
    mirror
        Whether a mirrored image is one of the same class (false for digits and letters).
    class_weight
        None, "balanced", or a weight for each label.
    image_shape
        (height, width) or (height, width, channels) of images that come as rows of pixels; None if X is a table
        whatever it looks like. "auto" takes for images what has three or four axes, and rows of whole numbers from 0 to
        255 that are as many as a square has pixels, or three times as many, from 8x8 on.
    device
        "auto", "cpu", "cuda" or "mps"; tables are computed on the CPU.
    random_state
        Seed, `numpy.random.RandomState` or None. A whole number is what ``--seed`` is to the commands.

    Attributes
    ----------
    classes_
        The labels, sorted, of the type that was given.
    n_features_in_
        Pixels of an image with their channels, or columns of a table.
    feature_names_in_
        Names of the columns, where X was a data frame that had some.
    image_shape_
        (height, width, channels) of the images; None where X was a table.
    recipe_
        The recipe that was trained, "table" for tables; empty for a model that no estimator has made.
    model_
        The trained model; of images, a `fashion_classifier.inference.bundle.Model`.
    history_
        A record of each validation on images (`fashion_classifier.reporting.results.Epoch`); not saved.

    Examples
    --------
    >>> import numpy as np
    >>> from fashion_classifier import FashionClassifier
    >>> X = np.random.default_rng(0).integers(0, 90, (80, 12, 12), dtype=np.uint8)
    >>> y = np.repeat(["dark", "light"], 40)
    >>> X[y == "light"] += 120
    >>> FashionClassifier(epochs=2, random_state=0).fit(X, y).score(X, y)
    1.0
    """

    def __init__(
        self,
        *,
        model: str = AUTO_MODEL,
        minutes: float | None = None,
        epochs: float | None = None,
        validation_fraction: float = 0.2,
        mirror: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        image_shape: tuple[int, ...] | str | None = AUTO_SHAPE,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.model = model
        self.minutes = minutes
        self.epochs = epochs
        self.validation_fraction = validation_fraction
        self.mirror = mirror
        self.class_weight = class_weight
        self.image_shape = image_shape
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from X.

        Parameters
        ----------
        X
            Images: array-like of shape (n, height, width), (n, height, width, 1 or 3) or (n, pixels), grey levels,
            whole numbers from 0 to 255. Or a table: numbers of shape (n, columns). Data frames are rows of either.
        y
            Labels, array-like of shape (n,), of whatever kind.
        sample_weight
            How much each row counts, array-like of shape (n,); all alike by default. What counts nothing is left out.

        Raises
        ------
        ValueError
            If X, y or a parameter cannot be; those of this package are a `DataError` or `UsageError` as well.
        """
        validate_data(self, X, skip_check_array=True, ensure_2d=False)  # sets `feature_names_in_`
        values, labels = check_X_y(X, y, allow_nd=True, estimator=self)
        check_classification_targets(labels)
        weights = self._weights(sample_weight, labels)
        if weights is not None:
            values, labels, weights = (array[weights > 0] for array in (values, labels, weights))
            weights = weights / weights.mean()
        shape = find_shape(values, self.image_shape)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"All labels are of one class ({classes[0]}): a classifier needs at least two.")
        names = tuple(map(str, classes.tolist()))
        codes = codes.astype(np.int64)
        if shape is None:
            learned = self._fit_table(to_rows(values), codes, weights, names)
        else:
            learned = self._fit_images(Dataset(to_images(values, shape), codes, names), weights)
        self.n_features_in_ = int(np.prod(values.shape[1:]))
        self._take(learned, classes)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row, an array of shape (n,).

        Raises
        ------
        ValueError
            If X does not have the form that was learned from.
        """
        probabilities = self.predict_proba(X)
        found: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each of `classes_`, an array of shape (n, k); errors as for `predict`.

        A row's answer does not depend on which others are asked for with it.
        """
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True, ensure_2d=False)
        values = check_array(X, allow_nd=True, estimator=self, input_name="X")
        found = int(np.prod(values.shape[1:]))
        if found != self.n_features_in_:
            raise ValueError(
                f"X has {found} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                "input."
            )
        if isinstance(self.model_, TableModel):
            return self.model_.predict(to_rows(values))
        return predict_images(self.model_, to_images(values, self.model_.shape), choose_device(self.device))

    def save(self, folder: str | Path, *, replace: bool = False) -> None:
        """Write a model folder: JSON and safetensors, never pickle. One of images serves every command.

        Parameters
        ----------
        folder
            Where it shall be.
        replace
            Whether a model folder that is there is replaced.

        Raises
        ------
        UsageError
            If the folder is already there and is not to be replaced or is no model folder, or the labels are neither
            numbers nor texts nor booleans.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        facts = Facts(self.classes_, names, self.recipe_, self.get_params(deep=False))
        save_learned(self.model_, facts, Path(folder), replacing=replace)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Open a model folder that `save`, a command or a run has made, or by its name one that comes with the package.

        A model that no estimator has made has its classes' names as labels, and default parameters.

        Raises
        ------
        UnavailableError
            If there is no model at that place.
        ModelError
            If it is damaged.
        """
        learned, facts = load_learned(locate_model(Path(folder)).path, set(cls().get_params()))
        made = cls(**facts.parameters)
        made.recipe_, made.history_ = facts.recipe, ()
        made.n_features_in_ = n_features(learned)
        if facts.feature_names is not None:
            made.feature_names_in_ = facts.feature_names
        made._take(learned, facts.labels)
        return made

    def _take(self, learned: Learned, classes: NDArray[Any]) -> None:
        """Take over what was learned."""
        self.classes_ = classes
        self.image_shape_ = None if isinstance(learned, TableModel) else tuple(learned.shape)
        self.model_: Any = learned  # which of the two, who asks knows

    def _fit_images(self, images: Dataset, weights: NDArray[np.float64] | None) -> Learned:
        """Train on images."""
        family, recipe = family_and_recipe(self.model)
        everything = self.validation_fraction == 0
        self.recipe_, trained = train_on_images(
            images, weights, self._config(), family=family, recipe=recipe, on_everything=everything
        )
        self.history_ = trained.fit.history
        return trained.model

    def _fit_table(
        self,
        rows: NDArray[np.float64],
        labels: NDArray[np.int64],
        weights: NDArray[np.float64] | None,
        names: tuple[str, ...],
    ) -> Learned:
        """Train on rows of numbers."""
        check_table_model(self.model)
        self.recipe_, self.history_ = TABLE_RECIPE, ()
        config = self._config()
        counts = np.ones(len(rows)) if weights is None else weights
        return train_table(rows, labels, counts, names, seed=config.seed, epochs=self.epochs, seconds=config.limit_s)

    def _config(self) -> RunConfig:
        """Return the parameters as settings; a seed that is a whole number itself, else one that is drawn."""
        state, given = check_random_state(self.random_state), self.random_state
        return run_config(
            model=self.model,
            minutes=self.minutes,
            epochs=self.epochs,
            validation_fraction=self.validation_fraction,
            mirror=self.mirror,
            device=self.device,
            seed=int(given if isinstance(given, int | np.integer) else state.randint(np.iinfo(np.int32).max)),
        )

    def _weights(self, sample_weight: Any, labels: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return what each row counts, by itself and by its class; None where all count alike."""
        if sample_weight is None and self.class_weight is None:
            return None
        weights = np.ones(len(labels))
        if sample_weight is not None:
            weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
            check_consistent_length(weights, labels)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, labels)
        if weights.ndim != 1 or (weights < 0).any() or not (weights > 0).any():
            raise ValueError(
                "sample_weight and class_weight must give one number for each row, none of them negative and not all "
                "of them zero."
            )
        return weights

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "model_" in state:  # for joblib's workers; what is kept goes into a folder
            state["model_"] = pack_learned(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.get("model_")
        super().__setstate__(state if packed is None else {**state, "model_": unpack_learned(*packed)})
