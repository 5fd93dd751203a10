"""All that can be found out about a finished run: the whole suite and attacks, then trainings again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, Fault, UsageError
from fashion_classifier.evidence.folds import (
    FOLD_SHARE,
    N_FOLDS,
    Retrain,
    can_be_folded,
    hold_each_out,
    retraining_gain,
)
from fashion_classifier.evidence.labels import audit
from fashion_classifier.evidence.learning_curve import affordable_shares, learning_curve
from fashion_classifier.evidence.repeats import RungRecipe, repeated_ladder, seed_noise, train_repeats
from fashion_classifier.evidence.trainings import Length, Trainings
from fashion_classifier.experiment.budget import Clock
from fashion_classifier.experiment.climbing import VIEWS, kept_rungs
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.machine import use_threads
from fashion_classifier.experiment.measuring import measured_once
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.planning import retraining_recipe
from fashion_classifier.experiment.preparation import reopen, workshop_of
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.sharing import Sharing
from fashion_classifier.experiment.stages import losses_so_far
from fashion_classifier.inference.bundle import Model, load_model
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.reporting.evidence import Evidence
from fashion_classifier.reporting.results import FULL_EVALUATION, RunResults
from fashion_classifier.reporting.run_folder import read_results, write_doubtful, write_results
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.storage import make_folder, read_json, write_json
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import TrainedModel, Workshop

FOLDER, PLAN, MEASURED = "evidence", "plan.json", "measured"
N_SEEDS = 3
PROBED = 1000  # images for which both models' time is told


@dataclass(frozen=True)
class FullOutcome:
    """What a full evaluation ended with.

    Parameters
    ----------
    results
        Of the run, with the evidence that there is now.
    report
        The page.
    finished
        Whether all that was planned is done; if not, the same call goes on.
    seconds
        Time that this session took.
    """

    results: RunResults
    report: Path
    finished: bool
    seconds: float


def evaluate_fully(
    path: Path, *, minutes: float | None, n_seeds: int = N_SEEDS, used_s: float = 0.0, listener: Listener | None = None
) -> FullOutcome:
    """Find out all about a finished run, and write its report anew.

    Parameters
    ----------
    path
        The run folder.
    minutes
        Time for all of it; trainings are then as long as it allows. None for trainings as long as the run's own.
    n_seeds
        Seeds over which the ladder is trained, two at least.
    used_s
        Seconds that count already (the program's start).

    Raises
    ------
    UnavailableError
        If there is no run, it did not get to its end, or another process is at work on it.
    UsageError
        If all of it is done already, its data has changed, or there is no time for anything.
    """
    listener = listener or Listener()
    if n_seeds < 2:
        raise UsageError(f"`seeds >= 2` must hold, but got {n_seeds}.")
    with RunFolder.writing(path) as folder:
        return _evaluate(folder, minutes, n_seeds, used_s, listener)


def _evaluate(folder: RunFolder, minutes: float | None, n_seeds: int, used_s: float, listener: Listener) -> FullOutcome:
    """Find out all about the run in a folder that this process alone writes into."""
    path = folder.path
    results = read_results(path)
    place = path / FOLDER
    if (plan := _read_plan(place / PLAN)) is not None and plan.finished:
        raise UsageError(f"{path} has been evaluated in full already. To do it anew, remove {place}.")
    clock = Clock(None if minutes is None else 60 * minutes, used_s)
    collection, parts = reopen(folder, clock, progress=listener.progress)
    use_threads(folder.config.threads)
    parts = replace(parts, test=parts.test.recorded_by(folder.note_opening))
    workshop = workshop_of(folder, collection, parts)
    models = {name: load_model(path / name) for name in ("initial", "optimized")}
    check_memory(parts, recipes_of(models, results), workshop.device)
    for model in models.values():
        model.network.to(workshop.device)
    with Interruption() as interruption:
        full = _Full(folder, results, workshop, models, clock, interruption, listener, n_seeds)
        evidence, finished = full.gather()
    seconds = clock.used_s
    results = replace(results, evidence=evidence, openings=tuple(folder.facts["openings"]))
    earlier = results.timings.get(FULL_EVALUATION, 0.0)
    results = replace(results, timings={**results.timings, FULL_EVALUATION: earlier + seconds})
    write_results(path, results)
    documents = write_documents(path, progress=listener.progress)
    folder.event("full evaluation", finished=finished)
    return FullOutcome(results, documents.report, finished, clock.used_s)


def recipes_of(models: dict[str, Model], results: RunResults) -> list[Recipe]:
    """Return how the initial and the optimized model were trained."""
    return [
        Recipe(models[name].config, TrainConfig.from_dict(result.recipe))
        for name, result in (("initial", results.initial), ("optimized", results.optimized))
    ]


@dataclass(frozen=True)
class _Plan:
    """How long each rung is trained, and whether all of it is done."""

    finished: bool
    lengths: tuple[Length, ...]


def _read_plan(file: Path, n_rungs: int | None = None) -> _Plan | None:
    """Read the plan of so many rungs; None if there is none yet.

    Raises
    ------
    DataError
        If it is damaged.
    """
    if not file.is_file():
        return None
    remedy = f"Remove {file.parent} to begin the full evaluation anew"
    try:
        plan = from_json(_Plan, read_json(file, "plan of a full evaluation", remedy), place=str(file))
    except UsageError as error:
        raise DataError(Fault(str(file), f"it is no plan of a full evaluation ({error})", remedy)) from error
    if n_rungs not in {None, len(plan.lengths)}:
        problem = f"it plans for {len(plan.lengths)} rungs; the run has {n_rungs}"
        raise DataError(Fault(str(file), problem, remedy))
    return plan


class _Full:
    """One session of a full evaluation."""

    def __init__(
        self,
        folder: RunFolder,
        results: RunResults,
        workshop: Workshop,
        models: dict[str, Model],
        clock: Clock,
        interruption: Interruption,
        listener: Listener,
        n_seeds: int,
    ) -> None:
        self.folder, self.results, self.workshop, self.models = folder, results, workshop, models
        self.clock, self.interruption, self.listener = clock, interruption, listener
        self.place = folder.path / FOLDER
        self.seed, self.split = folder.config.seed, workshop.split
        initial, optimized = recipes_of(models, results)
        self.chosen = optimized
        self.rungs = [
            RungRecipe("Initial model", "as most would begin", initial),
            *kept_rungs(folder),
            RungRecipe("Chosen configuration", "what the run chose in the end", optimized),
        ]
        self.shares = affordable_shares(self.split)
        self.folds = can_be_folded(self.split.everything_but_test)
        self.growth = 1 + len(self.split.validation) / len(self.split.training)
        self.n_seeds = n_seeds
        self.sharing = Sharing(
            workshop=workshop,
            clock=clock,
            recipes=[rung.recipe for rung in self.rungs],
            n_seeds=n_seeds,
            shares=self.shares,
            n_folds=N_FOLDS if self.folds else 0,
            growth=self.growth,
        )

    def gather(self) -> tuple[Evidence, bool]:
        """Measure and train what there is time for; tell whether it is all."""
        make_folder(self.place)
        if _read_plan(self.place / PLAN, len(self.rungs)) is None:
            self.sharing.check_affordable()
        measured = measured_once(
            self.place / MEASURED,
            self.models,
            self.results.evidence.confidence["optimized"].rules.refusal,
            self.split,
            seconds=self.sharing.measures_s,
            seconds_per_image=self._seconds_per_image(),
            seed=self.seed,
            interruption=self.interruption,
            progress=self.listener.progress,
        )
        evidence = self.results.evidence
        evidence = replace(
            evidence,
            robustness=measured.robustness or evidence.robustness,
            novelty=measured.novelty or evidence.novelty,
            attacks=measured.attacks,
            near_duplicates=measured.near_duplicates,
        )
        if self.interruption.asked_for:
            return evidence, False
        lengths = self._lengths()
        rungs = [replace(rung, length=length) for rung, length in zip(self.rungs, lengths, strict=True)]
        evidence = self._trained(evidence, rungs, self._trainings(lengths[-1]))
        finished = not self.interruption.asked_for
        write_json(self.place / PLAN, to_json(_Plan(finished, tuple(lengths))))
        return evidence, finished

    def _seconds_per_image(self) -> float:
        """Return what it takes to classify an image with both models."""
        recipes = self.rungs[0].recipe, self.chosen
        return sum(self.workshop.prediction_seconds(recipe, PROBED) for recipe in recipes) / PROBED

    def _trained(self, evidence: Evidence, rungs: Sequence[RungRecipe], trainings: Trainings) -> Evidence:
        """Train all that is planned, and say what it tells."""
        labels, everything = self.split.validation.labels, self.split.everything_but_test
        repeated = [
            (rung, train_repeats(trainings, rung, f"rung-{number}", range(self.n_seeds)))
            for number, rung in enumerate(rungs)
        ]
        self.listener.tell(f"Trained the ladder's {len(self.rungs)} rungs with {self.n_seeds} seeds each.")
        curve = learning_curve(trainings, self.chosen, self.shares, seed=self.seed)
        evidence = replace(
            evidence,
            seeds=seed_noise(labels, repeated[-1][1]),
            repeated_ladder=repeated_ladder(labels, repeated, views=VIEWS.get(self.chosen.training.views, "several")),
            learning_curve=curve,
        )
        held_out = (
            hold_each_out(trainings, self.chosen, self._retrain(trainings), seed=self.seed) if self.folds else None
        )
        if held_out is None:
            return evidence
        findings, gallery = audit(held_out, everything)
        write_doubtful(self.folder.path, gallery)
        return replace(evidence, retraining=retraining_gain(held_out, self.split), labels=findings)

    def _trainings(self, length: Length) -> Trainings:
        """Return what makes trainings."""
        return Trainings(
            self.place / "trainings",
            self.workshop,
            length,
            stop_asked=self.interruption.asked,
            progress=self.listener.progress,
        )

    def _lengths(self) -> list[Length]:
        """Return how long each rung is trained, as the plan says, which is made once."""
        plan = _read_plan(self.place / PLAN, len(self.rungs))
        if plan is None:
            lengths = self.sharing.lengths() or [Length(max(1, self.results.optimized.steps))] * len(self.rungs)
            self.listener.tell(self.sharing.told(lengths[-1]))
            plan = _Plan(finished=False, lengths=tuple(lengths))
            write_json(self.place / PLAN, to_json(plan))
        return list(plan.lengths)

    def _retrain(self, trainings: Trainings) -> Retrain:
        """Return how a run goes on with more images, to be imitated in each fold."""

        def retrain(first: TrainedModel, inner: Split) -> TrainedModel:
            recipe = retraining_recipe(Recipe(first.model.config, first.recipe.training))
            return trainings.train(
                recipe,
                inner,
                seed=self.seed,
                purpose="retraining of a fold",
                task="Retraining it with more images",
                share=FOLD_SHARE * self.growth,
                on_everything=True,
                start=first.model,
                losses=losses_so_far(first.fit.losses, first.validation_probabilities, inner),
            )

        return retrain
