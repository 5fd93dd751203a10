"""One search without end, or ours within its time: the process that `tuning.py` runs, one line of JSON a trial.

python benchmarks/searches.py ours 5 0 FOLDER         minutes, seed, and a folder for the study
python benchmarks/searches.py random 5 0 FOLDER
"""

from __future__ import annotations

import time

STARTED = time.perf_counter()

import json  # noqa: E402 - the clock starts before anything is imported
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import optuna  # noqa: E402

from common import official_data  # noqa: E402
from fashion_classifier.experiment.preparation import Prepared, prepare  # noqa: E402
from fashion_classifier.experiment.settings import RunConfig  # noqa: E402
from fashion_classifier.seeds import derive_seed  # noqa: E402
from fashion_classifier.training.recipes.recipe import Recipe, adapted  # noqa: E402
from fashion_classifier.training.train import TrainedModel  # noqa: E402
from fashion_classifier.tuning.config import TuneConfig  # noqa: E402
from fashion_classifier.tuning.plan import CAP, LEAST_EPOCHS, TrialPlan, plan_trials  # noqa: E402
from fashion_classifier.tuning.space import known_recipes, suggest_recipe  # noqa: E402
from fashion_classifier.tuning.study import Search  # noqa: E402
from fashion_classifier.tuning.trials import Trial  # noqa: E402

PLAIN_TRIALS = 10  # as many as the notebook made
TRAINING_SHARE = 0.75  # of a trial; the rest is for predicting
SAVING_S = 1.0  # as `fashion tune` keeps back
SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
}


@dataclass(frozen=True, eq=False)
class Task:
    """What every search is given: split and families; `plan` is the length of our trials, `plain` of the others'."""

    config: RunConfig
    prepared: Prepared
    plan: TrialPlan
    plain: TrialPlan
    seconds: float
    n_images: float

    @property
    def known(self) -> dict[str, Recipe]:
        """The recipes around which is searched."""
        return known_recipes(self.config.families, self.n_images)


def main() -> None:
    """Search."""
    method, minutes, seed, folder = sys.argv[1:]
    task = _task(float(minutes), int(seed))
    plan = task.plan if method == "ours" else task.plain
    print(json.dumps({"epochs_per_trial": plan.epochs}), flush=True)
    if method == "ours":
        _ours(task, Path(folder))
    else:
        _plain(task, SAMPLERS[method](int(seed)))


def _task(minutes: float, seed: int) -> Task:
    """Prepare as `fashion tune` does."""
    config = RunConfig(data=str(official_data()), minutes=minutes, seed=seed)
    prepared = prepare(config, used_s=time.perf_counter() - STARTED)
    seconds = max(1.0, prepared.clock.left_s - SAVING_S)
    n_images = prepared.workshop.images_per_second * seconds
    known = next(iter(known_recipes(config.families, n_images).values()))
    per_epoch = prepared.workshop.seconds_per_epoch(adapted(known, mirror=config.mirror))
    ours = plan_trials(per_epoch, seconds) or TrialPlan(1.0, seconds)
    affordable = TRAINING_SHARE * seconds / PLAIN_TRIALS
    plain = TrialPlan(max(LEAST_EPOCHS, affordable / per_epoch), CAP * affordable)
    return Task(config, prepared, ours, plain, seconds, n_images)


def _ours(task: Task, folder: Path) -> None:
    """Search as `fashion tune` does: known recipes first, TPE by groups, pruning, then finalists trained longer."""

    def tell(trial: Trial, _trained: TrainedModel | None) -> None:
        _tell(trial.state, trial.accuracy)

    config = TuneConfig(
        families=task.config.families,
        epochs=task.plan.epochs,
        trial_seconds=task.plan.seconds,
        seconds=task.seconds,
        n_images=task.n_images,
        seed=task.config.seed,
    )
    Search(folder, task.prepared.workshop, config).run(on_trial=tell)


def _plain(task: Task, sampler: optuna.samplers.BaseSampler) -> None:
    """Search the same space without known recipes and without pruning, until somebody ends it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=optuna.pruners.NopPruner())
    labels = task.prepared.split.validation.labels
    while True:
        trial = study.ask()
        trained = task.prepared.workshop.train(
            suggest_recipe(trial, task.known),
            seed=derive_seed(task.config.seed, "trial", trial.number),
            epochs=task.plain.epochs,
            seconds=task.plain.seconds,
            validations=1,
        )
        accuracy = float(np.mean(trained.validation_probabilities.argmax(1) == labels))
        study.tell(trial, accuracy)
        _tell("complete", accuracy)


def _tell(state: str, accuracy: float | None) -> None:
    """Print how a trial ended."""
    print(json.dumps({"state": state, "accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
