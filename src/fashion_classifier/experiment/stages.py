"""What a stage leaves in the run folder: a model, what is known of it, its probabilities; and how it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fashion_classifier.data.dataset import Dataset
from fashion_classifier.data.kept_arrays import read_kept
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evidence.trainings import JUDGED_TRAINING_IMAGES
from fashion_classifier.experiment.facts import model_result
from fashion_classifier.experiment.record import STAGES, RunFolder
from fashion_classifier.inference.bundle import Model, load_model, save_model
from fashion_classifier.reporting.results import ModelResult
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.storage import atomic_folder, read_json, write_json
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel

TRIAL_IMAGES = 64  # on which the ONNX that is written is compared with the network
MODEL_FOLDER, RESULT, PROBABILITIES = "model", "result.json", "probabilities.npz"
LOSSES = "losses"  # beside the probabilities
ONE_VIEW = "validation, one view"
HELD_BACK = "held back"
_REMEDY = "Start the run anew"

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MadeModel:
    """A model of the run.

    Parameters
    ----------
    model
        As it is now: after retraining, if it was retrained.
    result
        What is known of it.
    probabilities
        For "training" (its first images) and "validation" what the model gave before retraining, (n, k) each, at
        temperature 1; for "validation, one view" where its predictions are averages of several; and for "held back"
        what the retrained model gave for the cross-validation images that it had not learned from yet.
    losses
        Each training image's loss, in nats, when it was last learned from before retraining.
    """

    model: Model
    result: ModelResult
    probabilities: dict[str, Probabilities]
    losses: NDArray[np.float32]


def judged_training_images(split: Split) -> Dataset:
    """Return the training images on which models are evaluated; the canonical order makes them a random sample."""
    return split.training.take(np.arange(min(JUDGED_TRAINING_IMAGES, len(split.training))))


def assess(title: str, trained: TrainedModel, split: Split, *, one_view: bool = True) -> MadeModel:
    """Evaluate a freshly trained model on training and cross-validation data.

    Parameters
    ----------
    one_view
        Whether to predict the cross-validation images from one view as well, where answers are averages of several.
    """
    sample = judged_training_images(split)
    probabilities = {
        "training": trained.model.predict(sample.images),
        "validation": trained.validation_probabilities,
    }
    if one_view and trained.model.how.views != "single":
        alone = replace(trained.model, how=replace(trained.model.how, views="single"))
        probabilities[ONE_VIEW] = alone.predict(split.validation.images)
    classes = trained.model.classes
    training = evaluate(sample.labels, probabilities["training"], classes)
    validation = evaluate(split.validation.labels, probabilities["validation"], classes)
    result = model_result(title, trained, training, validation)
    return MadeModel(trained.model, result, probabilities, trained.fit.losses)


def retrained(before: MadeModel, after: TrainedModel, said: Probabilities | None = None) -> MadeModel:
    """Put a retrained model in the place of the one whose cross-validation figures are kept.

    Parameters
    ----------
    said
        What it says of the images that were held back, if some were.
    """
    result = replace(
        before.result,
        retraining=after.fit.history,
        retraining_steps=after.fit.steps,
        seconds=before.result.seconds + after.fit.seconds,
    )
    probabilities = before.probabilities if said is None else {**before.probabilities, HELD_BACK: said}
    return MadeModel(after.model, result, probabilities, before.losses)


def joined_late(before: MadeModel, after: TrainedModel) -> MadeModel:
    """Put a model that has learned from the images as well that were held back in the place of the one before."""
    result = replace(
        before.result,
        retraining_steps=before.result.retraining_steps + after.fit.steps,
        seconds=before.result.seconds + after.fit.seconds,
    )
    model = replace(after.model, provenance=before.model.provenance)  # whose seed and steps these few do not change
    return replace(before, model=model, result=result)


def trained_by(made: MadeModel) -> Recipe:
    """Return the recipe by which a model was trained."""
    return Recipe(made.model.config, TrainConfig.from_dict(made.result.recipe))


def losses_so_far(losses: NDArray[np.float32], said: Probabilities, split: Split) -> NDArray[np.float32]:
    """Return how hard training and cross-validation images are for a model, in nats, in the order of the retraining.

    Parameters
    ----------
    losses
        Of the training images.
    said
        Probabilities that it gave for the cross-validation images.
    """
    given = said[np.arange(len(split.validation)), split.validation.labels]
    return np.concatenate([losses, -np.log(np.maximum(given, 1e-12))]).astype(np.float32)


def keep(folder: RunFolder, stage: str, made: MadeModel) -> None:
    """Write what a stage made, in one step; then the stage is finished.

    The model is written to its place in the run folder as well, "initial" or "optimized", so that there is a usable
    model from the first stage on.
    """
    with atomic_folder(folder.path / STAGES / stage) as place:
        save_model(made.model, place / MODEL_FOLDER, onnx=False)
        with (place / PROBABILITIES).open("wb") as file:
            np.savez(file, **made.probabilities, **{LOSSES: made.losses})  # type: ignore[arg-type]
        write_json(place / RESULT, to_json(made.result))
    save_model(made.model, folder.path / ("initial" if stage == "initial" else "optimized"), replace=True, onnx=False)
    folder.event("stage finished", stage=stage)


def kept(folder: RunFolder, stage: str, *, device: str = "cpu") -> MadeModel | None:
    """Read back what a finished stage left, its model on `device`; None if it is not finished.

    Raises
    ------
    DataError, ModelError
        If something of it is damaged.
    """
    place = folder.path / STAGES / stage
    if not place.is_dir():
        return None
    content = read_json(place / RESULT, "result of a stage", _REMEDY)
    result = from_json(ModelResult, content, place=str(place / RESULT))
    probabilities = read_kept(place / PROBABILITIES, "the answers", _REMEDY)
    losses = probabilities.pop(LOSSES, None)
    if losses is None:
        raise DataError(Fault(str(place / PROBABILITIES), f"the answers cannot be read ({LOSSES} lack)", _REMEDY))
    model = load_model(place / MODEL_FOLDER)
    model.network.to(device)
    return MadeModel(model, result, probabilities, losses)
