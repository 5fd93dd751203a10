"""A run that never ran: small, drawn by chance, but every number in it is measured on its own predictions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from fashion_classifier.evaluation.choosing import measure_optimism
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.evaluation.confidence import Answers, fit_rules, measure_confidence
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.ladder import Climber, build_ladder
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.evaluation.near_duplicates import NearDuplicate
from fashion_classifier.evaluation.novelty import measure_novelty
from fashion_classifier.evaluation.repetition import measure_repeats
from fashion_classifier.evaluation.robustness import compare_robustness
from fashion_classifier.reporting.evidence import (
    AttackResult,
    DoubtfulImage,
    Evidence,
    LabelFindings,
    LearningPoint,
    NearDuplicates,
    RepeatedRung,
    RetrainingGain,
    SeedNoise,
)
from fashion_classifier.reporting.gallery import Gallery, choose_gallery
from fashion_classifier.reporting.predictions import ModelName, SplitName, predictions_table
from fashion_classifier.reporting.results import (
    DataFacts,
    Epoch,
    FamilyBest,
    ModelResult,
    RunResults,
    SearchFacts,
    TrialFacts,
)
from fashion_classifier.reporting.run_folder import write_gallery, write_predictions, write_results

SPLITS: tuple[SplitName, ...] = ("training", "validation", "test")

FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FakeRun:
    """What a run folder holds."""

    results: RunResults
    predictions: pl.DataFrame
    gallery: Gallery

    def write(self, folder: Path) -> Path:
        """Write it as the experiment would."""
        folder.mkdir(parents=True, exist_ok=True)
        write_results(folder, self.results)
        write_predictions(folder, [self.predictions])
        write_gallery(folder, self.gallery)
        return folder


def make_run(
    *,
    initial_skill: float = 3.0,
    optimized_skill: float = 4.2,
    overfit: float = 0.4,
    classes: tuple[str, ...] = FASHION,
    sizes: tuple[int, int, int] = (800, 400, 1000),
    image_shape: tuple[int, ...] = (12, 10),
    search: bool = True,
    is_sample: bool = False,
    ended_early: str = "",
    seed: int = 0,
    images: dict[str, np.ndarray] | None = None,
    labels: dict[str, np.ndarray] | None = None,
) -> FakeRun:
    """Make up a run; skills are what a model adds to the true class's logit (4 gives about 94 %).

    `images` and `labels` of each split take the place of the drawn ones.
    """
    rng = np.random.default_rng(seed)
    splits: dict[SplitName, int] = dict(zip(SPLITS, sizes, strict=True))
    labels = labels or {name: _labels(n, len(classes), rng) for name, n in splits.items()}
    images = images or {name: _draw(labels[name], image_shape, rng) for name in splits}
    hashes = {name: [hashlib.sha256(image.tobytes()).hexdigest() for image in images[name]] for name in splits}
    difficulty = {name: rng.normal(0, 1.3, (len(labels[name]), len(classes))) for name in splits}
    skills: dict[ModelName, float] = {"initial": initial_skill, "optimized": optimized_skill}
    probabilities = {
        model: {
            name: _answers(labels[name], skill + overfit * (name == "training"), difficulty[name], rng)
            for name in splits
        }
        for model, skill in skills.items()
    }
    predictions = pl.concat(
        predictions_table(model, name, hashes[name], labels[name], probabilities[model][name], classes=classes)
        for model in skills
        for name in splits
    )
    evaluations = {
        model: {name: evaluate(labels[name], probabilities[model][name], classes) for name in splits}
        for model in skills
    }
    comparison = compare(
        labels["test"],
        probabilities["initial"]["test"].argmax(axis=1),
        probabilities["optimized"]["test"].argmax(axis=1),
    )
    counts: dict[str, dict[str, int]] = {
        name: dict(zip(classes, np.bincount(labels[name], minlength=len(classes)).tolist(), strict=True))
        for name in splits
    }
    results = RunResults(
        run="2026-03-01T12-00-00-fashion-mnist",
        created="2026-03-01T12:00:00+00:00",
        data=DataFacts(
            name="Fashion-MNIST",
            container="six CSV parts",
            location="/home/person/data",
            fingerprint=hashlib.sha256(b"data").hexdigest(),
            classes=classes,
            height=image_shape[0],
            width=image_shape[1],
            channels=3 if len(image_shape) == 3 else 1,
            counts=counts,
            duplicates={"training": 4, "validation": 0, "test": 0, "across": 1},
            notes=("The source has no cross-validation set: 20 % of the training images were split off.",),
            is_sample=is_sample,
        ),
        initial=_model("Initial model", "mlp", {"widths": [128, 64], "dropout": 0.5}, evaluations["initial"]),
        optimized=_model(
            "Optimized model", "cnn", {"widths": [32, 128, 128], "dropout": 0.1}, evaluations["optimized"]
        ),
        comparison=comparison,
        search=_search(evaluations["optimized"]["validation"].accuracy.value, len(labels["validation"]), rng)
        if search
        else None,
        evidence=_evidence(labels, probabilities, rng),
        openings=({"time": "2026-03-01T12:04:40+00:00", "reason": "evaluation of both models"},),
        made_with={
            "command": "fashion run --data six-csv --minutes 5",
            "seed": str(seed),
            "fashion_classifier": "0.1.0",
            "torch": "2.13.0+cpu",
            "python": "3.11.2",
            "machine": "Linux x86_64, 2 cores",
            "threads": "2",
            "precision": "bfloat16, channels last",
        },
        timings={
            "data": 1.2, "initial model": 14.0, "search": 150.3, "retraining": 100.9, "evaluation": 4.4,
        },
        seconds=274.2,
        ended_early=ended_early,
    )  # fmt: skip
    gallery = choose_gallery(predictions, images["test"], hashes["test"])
    return FakeRun(results, predictions, gallery)


def _evidence(labels: dict[str, np.ndarray], probabilities: Any, rng: np.random.Generator) -> Evidence:
    """Measure the made-up answers as a run measures real ones."""
    validation, test = labels["validation"], labels["test"]
    rules = {name: fit_rules(Answers(validation, said["validation"])) for name, said in probabilities.items()}
    predicted = {name: said["validation"].argmax(axis=1) for name, said in probabilities.items()}
    right = [said["test"].argmax(axis=1) == test for said in probabilities.values()]
    corrupted = [answer & (rng.random((3, 5, len(test))) < np.linspace(0.95, 0.5, 5)[:, None]) for answer in right]
    k = probabilities["optimized"]["test"].shape[1]
    strange = {kind: rng.dirichlet(np.ones(k), 60).astype(np.float32) for kind in ("smooth noise", "letters")}
    return Evidence(
        confidence={
            name: measure_confidence(rules[name], Answers(test, said["test"])) for name, said in probabilities.items()
        },
        novelty=measure_novelty(rules["optimized"].refusal, probabilities["optimized"]["test"], strange),
        robustness=compare_robustness(("Gaussian noise", "Shift", "Contrast"), *corrupted, *right),
        ladder=build_ladder(
            validation,
            [
                Climber("Initial model", "as most would begin", predicted["initial"]),
                Climber("Chosen configuration", "another network, another recipe", predicted["optimized"]),
            ],
        ),
        seeds=None,
        learning_curve=(),
    )


def in_full(run: FakeRun) -> tuple[FakeRun, Gallery]:
    """Add what a full evaluation finds out, and give the images whose labels are doubtful."""
    rng = np.random.default_rng(7)
    k = len(run.results.data.classes)
    labels = _labels(400, k, rng)
    difficulty = rng.normal(0, 1.3, (len(labels), k))
    answers = [_answers(labels, skill, difficulty, rng) for skill in (3.0, 3.4, 4.0, 4.2)]
    right = [(said.argmax(1) == labels).astype(float).reshape(4, 100).mean(1) for said in answers]
    rungs = tuple(
        RepeatedRung(
            title=title,
            change=change,
            accuracy=measure_repeats(values[:3]),
            step=None if below is None else measure_repeats(values[:3] - below[:3]),
        )
        for title, change, values, below in zip(
            ("Initial model", "Trial 0, cnn", "Chosen configuration", "Averaged views"),
            ("as most would begin", "known to do well", "what the run chose", "averages of two views"),
            right,
            [None, *right[:-1]],
            strict=True,
        )
    )
    images = _draw(labels[:40], run.gallery.images.shape[1:], rng)
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    found = tuple(
        DoubtfulImage(
            image_sha256=name,
            given=run.results.data.classes[label],
            suggested=run.results.data.classes[(label + 1) % k],
            probability_given=0.02,
            probability_suggested=0.9,
        )
        for name, label in zip(hashes, labels.tolist(), strict=False)
    )
    attacks = tuple(
        AttackResult(attack, strength, 100, wilson(90 - 4 * strength, 100))
        for attack, strength in (("none", 0), ("FGSM", 2), ("FGSM", 4), ("PGD", 2), ("PGD", 4))
    )
    evidence = replace(
        run.results.evidence,
        seeds=SeedNoise(
            accuracies=tuple(right[3][:3].tolist()),
            losses=(0.21, 0.22, 0.2),
            steps=(900, 900, 900),
            seconds=(60.0, 61.0, 60.5),
            first_against_second=compare(labels, answers[2].argmax(1), answers[3].argmax(1)),
        ),
        learning_curve=tuple(
            LearningPoint(n_images=n, share=n / 800, training=wilson(n - n // 80, n), validation=wilson(n_right, 400))
            for n, n_right in ((8, 210), (40, 300), (160, 340), (800, 372))
        ),
        repeated_ladder=rungs,
        retraining=RetrainingGain(
            n_folds=5, growth=1.25, step=compare(labels, answers[2].argmax(1), answers[3].argmax(1))
        ),
        attacks={"initial": attacks, "optimized": attacks},
        labels=LabelFindings(n=1200, n_suspects=37, estimated_share=0.04, suspects=found[:20], hardest=found[20:]),
        near_duplicates=(
            NearDuplicates(
                first="test",
                second="training",
                n=1,
                n_first=1000,
                threshold=8.0,
                nearest=(NearDuplicate(3, 17, 4.2, mirrored=True, exact=False),),
            ),
        ),
    )
    gallery = Gallery(images, np.array(hashes, dtype=np.str_))
    return replace(run, results=replace(run.results, evidence=evidence)), gallery


def _labels(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Draw labels, as many of each class as of any other."""
    return rng.permutation(np.arange(n, dtype=np.int64) % k)


def _draw(labels: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw a bright bar at a place that the class gives, in noise."""
    images = rng.integers(0, 60, (len(labels), *shape))
    for image, label in zip(images, labels, strict=True):
        row = int(label) % (shape[0] - 3)
        image[row : row + 4] += 150
    return images.astype(np.uint8)


def _answers(labels: np.ndarray, skill: float, difficulty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make up probabilities: what is hard for one is hard for the other; neighbouring classes are alike."""
    logits = difficulty + rng.normal(0, 0.5, difficulty.shape)
    k = difficulty.shape[1]
    every = np.arange(len(labels))
    logits[every, labels] += skill
    logits[every, (labels + 2 * (labels % 2 == 0)) % k] += 1.2
    logits[every, labels] += 1.0 * (labels % 2 == 1)
    return np.asarray(softmax(logits, axis=1))


def _model(title, family, config, evaluations) -> ModelResult:
    epochs, n_parameters = (10, 109_386) if family == "mlp" else (16, 512_345)
    final = evaluations["validation"]
    history = tuple(
        Epoch(
            epoch=float(number),
            step=number * 40,
            seconds=number * 4.5,
            learning_rate=0.1 * (1 - number / (epochs + 1)),
            training_loss=final.loss.value * (0.75 + 1.6 / number),
            training_accuracy=evaluations["training"].accuracy.value * (1 - 0.4 / number**1.5),
            validation_loss=final.loss.value * (1 + 1.2 / number + 0.01 * max(0, number - epochs + 3)),
            validation_accuracy=final.accuracy.value * (1 - 0.3 / number**1.5 * (number < epochs - 3)),
        )
        for number in range(1, epochs + 1)
    )
    return ModelResult(
        title=title,
        family=family,
        config=config,
        recipe={"optimizer": "adam", "learning_rate": 0.001, "batch_size": 128, "label_smoothing": 0.0},
        n_parameters=n_parameters,
        history=history,
        retraining=tuple(replace(epoch, validation_loss=None, validation_accuracy=None) for epoch in history),
        stopped_because="the validation loss had not improved for 3 epochs",
        steps=epochs * 40,
        retraining_steps=epochs * 50,
        seconds=epochs * 4.5,
        training=evaluations["training"],
        validation=evaluations["validation"],
        test=evaluations["test"],
    )


def _search(best: float, n_validation: int, rng: np.random.Generator) -> SearchFacts:
    trials = []
    for number in range(12):
        state = "failed" if number == 7 else "pruned" if number in {4, 9} else "complete"
        family = "mlp" if number % 4 == 1 else "cnn"
        accuracy = min(best + 0.002, 0.99) if number == 8 else best - 0.01 - float(rng.random()) * 0.04
        trials.append(
            TrialFacts(
                number=number,
                state=state,
                purpose="confirmation" if number >= 10 else "search",
                family=family if number < 10 else "cnn",
                settings={
                    "learning_rate": 10 ** float(rng.uniform(-3, -1)),
                    "dropout": float(rng.random()) * 0.5,
                }
                if number not in {8, 10, 11}
                else {"learning_rate": 0.08, "dropout": 0.1},
                accuracy=None if state == "failed" else accuracy,
                loss=None if state == "failed" else 1.5 * (1 - accuracy) * 2,
                n_parameters=None if state == "failed" else 100_000 + 40_000 * number,
                seconds=12.5,
                started_after=12.5 * number,
                reason={"failed": "the loss was not a number", "pruned": "below the median", "complete": ""}[state],
            )
        )
    leaderboard = tuple(
        FamilyBest(
            family=trial.family,
            trial=trial.number,
            accuracy=wilson(round(trial.accuracy * n_validation), n_validation),
            loss=trial.loss,
            n_parameters=trial.n_parameters,
            seconds=trial.seconds,
            n_trials=n_trials,
            settings=trial.settings,
        )
        for trial, n_trials in ((trials[8], 7), (trials[1], 3))
        if trial.accuracy is not None and trial.loss is not None and trial.n_parameters is not None
    )
    labels = np.zeros(n_validation, dtype=np.int64)
    before = (rng.random(n_validation) > 0.15).astype(np.int64)
    return SearchFacts(
        trials=tuple(trials),
        leaderboard=leaderboard,
        chosen=8,
        gain=compare(labels, 1 - before, np.where(rng.random(n_validation) < 0.6, 0, 1 - before)),
        importance={"cnn": {"learning_rate": 0.62, "dropout": 0.27, "weight_decay": 0.11}},
        epochs_per_trial="3 epochs",
        seconds=150.0,
        optimism=measure_optimism(rng.random((10, n_validation)) < best),
    )


@pytest.fixture(name="make_run", scope="session")
def _make_run():
    """Give the factory of runs."""
    return make_run


@pytest.fixture(scope="session")
def fake_run() -> FakeRun:
    """Give one run in which the optimized model is the better one."""
    return make_run()
