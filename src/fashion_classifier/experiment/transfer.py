"""A person's own kinds: a model's weights trained on for other classes, and what that gained over none.

So few images cannot spare a part for early stopping and another for judging. The length of the training is fixed
beforehand instead, and every image is judged by a model that has not seen it: in five folds the network is trained from
the model's weights and from nothing, equally long, on the same images. What is kept then learns from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.dataset import Dataset, SealedTestSet
from fashion_classifier.data.split import Split, fold_numbers
from fashion_classifier.errors import Interrupted, UsageError
from fashion_classifier.evaluation.comparison import Comparison, compare
from fashion_classifier.evaluation.confidence import Answers, fit_rules
from fashion_classifier.evaluation.metrics import Evaluation, evaluate
from fashion_classifier.evaluation.temperature import tempered
from fashion_classifier.evidence.folds import LEAST_PER_CLASS, N_FOLDS, can_be_folded
from fashion_classifier.experiment.answering import own_photograph_rules, with_rules
from fashion_classifier.experiment.budget import SAVING_S
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.judging import Compared, compared_by, judged_images, open_model
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.preparation import Prepared
from fashion_classifier.experiment.record import at_free_place, check_can_be_made
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import TRIAL_IMAGES
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.models.catalogue import build
from fashion_classifier.progress import Progress
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe, adapted
from fashion_classifier.training.recipes.transfer import FROM_MODEL, FROM_NOTHING
from fashion_classifier.training.train import TrainedModel

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Transferred:
    """What came of it.

    Parameters
    ----------
    model
        Where the model lies that went on from another's weights.
    from_nothing
        Where the one lies that did not; None where there is no comparison.
    trained
        The first of the two.
    images
        From which both have learned, each of them held out from a network of either making once.
    said
        What those networks said of them: "model" and, where there is a comparison, "nothing" -> probabilities.
    judged
        The first by the images held out in each fold.
    judged_from_nothing, gain
        The second likewise, and the first against it on the same images; None where there is no comparison.
    """

    model: Path
    from_nothing: Path | None
    trained: TrainedModel
    images: Dataset
    said: dict[str, Probabilities]
    judged: Evaluation
    judged_from_nothing: Evaluation | None
    gain: Comparison | None


def take_over(source: Model, classes: tuple[str, ...], statistics: tuple[Tensor, Tensor], *, seed: int) -> Model:
    """Build a model's network for other classes, with its weights but for the last layer, which is drawn anew.

    Parameters
    ----------
    source
        Whose weights are taken, with its mean and standard deviation; where its classes are the very same, the last
        layer too.
    classes
        To tell apart.
    statistics
        Mean and standard deviation of each channel, of which the new network is built before it takes the source's.
    seed
        Of the weights that are drawn.
    """
    networks = [build(source.config, source.shape, len(classes) + more, statistics, seed=seed) for more in (0, 1)]
    network, larger = networks[0], networks[1].state_dict()
    weights = network.state_dict()
    if source.classes != classes:  # what depends on the number of classes is the last layer
        kept = {name for name, tensor in weights.items() if tensor.shape == larger[name].shape}
    else:
        kept = set(weights)
    known = source.network.state_dict()
    network.load_state_dict({name: known[name] if name in kept else tensor for name, tensor in weights.items()})
    return replace(source, network=network, classes=classes, sets=None, refusal=None)


def folders_of(folder: Path, *, comparing: bool) -> list[Path]:
    """Return the folders that are made for a model, and beside it for the one trained from nothing."""
    return [folder, folder.with_name(f"{folder.name}-from-nothing")] if comparing else [folder]


def transfer(
    source: Model,
    name: str,
    config: RunConfig,
    prepared: Prepared,
    folder: Path,
    *,
    comparing: bool = True,
    progress: Progress,
) -> Transferred:
    """Train a model's weights on for the data's classes, save what comes of it, and measure what it gained.

    Parameters
    ----------
    source, name
        The model to go on from, and what it is called.
    config
        Its epochs replace the recipe's; its minutes limit all trainings together.
    prepared
        Of images in the source's shape.
    folder
        The model's folder, which must not be there yet; the one trained from nothing lies beside it, its name ending in
        "-from-nothing". Both have a number if others were made there meanwhile.
    comparing
        Whether to train from nothing as well.

    Raises
    ------
    UsageError
        If a folder is there, or a class has too few images.
    NotEnoughMemoryError
        If memory would not suffice.
    Interrupted
        If the person stopped the work; nothing is kept then.
    """
    places = folders_of(folder, comparing=comparing)
    for place in places:
        check_can_be_made(place)
    everything = prepared.split.everything_but_test
    _check_size(everything)
    recipe = Recipe(source.config, FROM_MODEL)
    check_memory(prepared.split, [recipe], prepared.workshop.device, evaluated=False)
    with Interruption() as interruption:
        made = _Maker(source, config, prepared, comparing, interruption, progress)
        said = made.folds(everything)
        from_model, *others = [made.final(way) for way in made.ways]
    labels = everything.labels
    judged = [evaluate(labels, said[way], everything.classes) for way in made.ways]
    gain = compare(labels, *(said[way].argmax(1) for way in reversed(made.ways))) if comparing else None
    seed = config.seed
    for number, (trained, way) in enumerate(zip((from_model, *others), made.ways, strict=True)):
        rules = fit_rules(Answers(labels, said[way]), seed=seed)
        model = with_rules(trained.model, rules, prepared.split, seed=seed)
        held_out = tempered(said[way], rules.temperature)
        model = replace(model, photographs=own_photograph_rules(model, everything, held_out, seed=seed))
        origin = {"taken_over_from": name} if way == "model" else {}
        facts = {**model.provenance, **origin, "held_out_accuracy": float((said[way].argmax(1) == labels).mean())}
        write = partial(save_model, replace(model, provenance=facts), images=everything.images[:TRIAL_IMAGES])
        places[number] = at_free_place(places[number], write)
    beside, of_nothing = (places[1], judged[1]) if comparing else (None, None)
    return Transferred(places[0], beside, from_model, everything, said, judged[0], of_nothing, gain)


def gain_over_nothing(found: Transferred, collection: Collection, *, command: str, seed: int) -> Compared:
    """Compare what went on from a model with what began from nothing, for a page: by the images held out in folds.

    Raises
    ------
    UsageError
        If there is no comparison.
    """
    if found.from_nothing is None:
        raise UsageError("Nothing was trained from nothing: there is no gain to tell of.")
    models = (open_model(found.from_nothing), open_model(found.model))
    judged = judged_images(collection, found.images.counts, collection.notes, folds=N_FOLDS)
    said = (found.said["nothing"], found.said["model"])
    return compared_by(models, judged, found.images, said, command=command, seed=seed)


@dataclass(eq=False)
class _Maker:
    """Makes the trainings: from the model's weights and, to compare, from nothing."""

    source: Model
    config: RunConfig
    prepared: Prepared
    comparing: bool
    interruption: Interruption
    progress: Progress
    seconds: float | None = field(init=False)

    def __post_init__(self) -> None:
        n_trainings = len(self.ways) * (N_FOLDS + 1)
        left = self.prepared.clock.left_s - SAVING_S * len(self.ways)
        self.seconds = None if self.config.minutes is None else max(0.5, left / n_trainings)

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways of beginning."""
        return ("model", "nothing") if self.comparing else ("model",)

    def folds(self, everything: Dataset) -> dict[str, Probabilities]:
        """Return for each way what is said of every image by a model that has not learned from it."""
        fold = fold_numbers(everything, N_FOLDS, derive_seed(self.config.seed, "folds"))
        said = {way: np.zeros((len(everything), len(everything.classes)), np.float32) for way in self.ways}
        for number in range(N_FOLDS):
            held = everything.take(np.flatnonzero(fold == number))
            rest = everything.take(np.flatnonzero(fold != number))
            split = replace(self.prepared.split, training=rest, validation=held, test=SealedTestSet(held))
            for way in self.ways:
                task = f"Fold {number + 1} of {N_FOLDS}, from {'the model' if way == 'model' else 'nothing'}"
                trained = self._train(way, split, f"fold {number}", task, on_everything=False)
                said[way][fold == number] = trained.validation_probabilities
        return said

    def final(self, way: str) -> TrainedModel:
        """Train on all images but the test set's."""
        task = f"All images, from {'the model' if way == 'model' else 'nothing'}"
        return self._train(way, self.prepared.split, "final", task, on_everything=True)

    def _train(self, way: str, split: Split, purpose: str, task: str, *, on_everything: bool) -> TrainedModel:
        """Make one training; the two ways differ in where they begin and in the rate alone."""
        if self.interruption.asked() is not None:
            raise Interrupted("Stopped before there was a model; nothing was kept.")
        workshop = replace(self.prepared.workshop, split=split)
        seed = derive_seed(self.config.seed, "transfer", purpose)
        settings: TrainConfig = FROM_MODEL if way == "model" else FROM_NOTHING
        recipe = adapted(
            Recipe(self.source.config, settings), mirror=self.config.mirror, class_weights=self.config.class_weights
        )
        start = None
        if way == "model":
            start = take_over(self.source, split.training.classes, workshop.statistics, seed=seed)
        trained = workshop.train(
            recipe,
            seed=seed,
            epochs=self.config.epochs,
            seconds=self.seconds,
            on_everything=on_everything,
            start=start,
            stop_asked=self.interruption.asked,
            progress=self.progress,
            task=task,
        )
        if self.interruption.asked() is not None:
            raise Interrupted("Stopped before there was a model; nothing was kept.")
        return trained


def _check_size(everything: Dataset) -> None:
    """Check that every fold can hold images of every class."""
    if can_be_folded(everything):
        return
    name, n = min(everything.counts.items(), key=lambda count: count[1])
    raise UsageError(
        f"The class {name} has {n} images beside the test set; at least {LEAST_PER_CLASS} are needed, which about "
        f"{round(LEAST_PER_CLASS / 0.85)} images of each class leave. Add images of it, or leave the class out."
    )
