"""The whole life of a classifier, stage by stage; each stage is finished once, so that a run can be continued."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from fashion_classifier.data.collection import Collection
from fashion_classifier.data.load import load, locate
from fashion_classifier.data.split import Split, split
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.budget import (
    MOST_EPOCHS,
    Clock,
    Shares,
    initial_seconds,
    report_seconds,
    share_out,
    training_seconds,
)
from fashion_classifier.experiment.climbing import SearchedRung, climb, climb_search, keep_rungs
from fashion_classifier.experiment.facts import (
    data_facts,
    length_of,
    made_with,
    plain_settings,
    search_facts,
    short,
)
from fashion_classifier.experiment.finish import evaluate_and_write
from fashion_classifier.experiment.interruption import Interruption
from fashion_classifier.experiment.joining import held_back, joining_recipe, learned_first, losses_for_joining
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.machine import choose_device, use_threads
from fashion_classifier.experiment.outcome import RunOutcome
from fashion_classifier.experiment.planning import Plan, retraining_recipe
from fashion_classifier.experiment.preparation import reopen, workshop_of
from fashion_classifier.experiment.record import RunFolder, check_free
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import (
    HELD_BACK,
    MadeModel,
    assess,
    joined_late,
    keep,
    kept,
    losses_so_far,
    retrained,
    trained_by,
)
from fashion_classifier.reporting.results import SearchFacts
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.outcome import DivergedError
from fashion_classifier.training.recipes.initial import INITIAL
from fashion_classifier.training.recipes.recipe import Recipe, adapted
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.study import Search
from fashion_classifier.tuning.trials import Trial

SHORTEST_RUN_MINUTES = 0.5
PATIENCE_EPOCHS = 8  # of the chosen configuration's training
LEAST_RETRAINING_S = 2.0
LEAST_FOR_VIEWS_S = 120.0  # of a run's time: shorter ones need it for the training
NOTE_EVERY_S = 10.0


def run(
    config: RunConfig,
    folder: Path,
    *,
    command: str = "",
    used_s: float = 0.0,
    listener: Listener | None = None,
) -> RunOutcome:
    """Take data through the whole life of a classifier.

    Loads and splits the data, trains the initial model, searches, trains the chosen configuration, retrains it on
    training + cross-validation data, opens the test set once for both models, and writes figures and report.

    Parameters
    ----------
    config
        The settings.
    folder
        The run folder, which is made.
    command
        The command line, for the record.
    used_s
        Seconds that count already (the program's start).
    listener
        Told how it goes on.

    Raises
    ------
    FashionError
        If the data is broken, the folder is already there, or a device is missing.
    """
    listener = listener or Listener()
    if config.minutes is not None and config.minutes < SHORTEST_RUN_MINUTES:
        raise UsageError(f"`minutes >= {SHORTEST_RUN_MINUTES}` must hold for a run, but got minutes={config.minutes}.")
    check_free(folder)
    choose_device(config.device)
    clock = Clock(config.limit_s, used_s)
    with clock.paused():
        place = locate(config.data, progress=listener.progress)
    collection = load(place, options=config.read_options, progress=listener.progress)
    parts = split(collection, config.split_config)
    record = RunFolder.create(
        folder, config, command=command, fingerprint=collection.fingerprint, identity=collection.identity
    )
    return _Run(record, collection, parts, clock, listener).execute()


def resume(folder: Path, *, used_s: float = 0.0, listener: Listener | None = None) -> RunOutcome:
    """Go on with a run that was stopped, killed or cut off.

    Raises
    ------
    UnavailableError
        If there is no run at that place.
    UsageError
        If the run is finished, or its data has changed.
    """
    listener = listener or Listener()
    record = RunFolder(folder)
    if record.facts.get("finished"):
        raise UsageError(f"{folder}: this run is finished. Start another like it, or make its report again.")
    clock = Clock(record.config.limit_s, used_s + float(record.facts["used_s"]))
    collection, parts = reopen(record, clock, progress=listener.progress)
    record.event("resumed", used_s=clock.used_s)
    return _Run(record, collection, parts, clock, listener).execute()


@dataclass(frozen=True)
class _Found:
    """What the search ended with: a recipe, and the search's facts and rungs if there was one."""

    recipe: Recipe
    facts: SearchFacts | None
    rungs: Sequence[SearchedRung] = ()


_Result = TypeVar("_Result")


class _Run:
    """One session of a run."""

    def __init__(
        self,
        folder: RunFolder,
        collection: Collection,
        parts: Split,
        clock: Clock,
        listener: Listener,
    ) -> None:
        self.folder, self.collection, self.config, self.clock = folder, collection, folder.config, clock
        self.split = replace(parts, test=parts.test.recorded_by(folder.note_opening))
        self.listener, self.tell = listener, listener.tell
        self.threads = use_threads(self.config.threads)
        self.workshop = workshop_of(folder, collection, self.split)
        self.plan = Plan(folder, self.workshop)
        self.interruption = Interruption()
        self.timings: dict[str, float] = dict(folder.facts.get("timings", {}))
        self.timings.setdefault("start and data", clock.used_s)
        self.ended_early = ""
        self.noted_s = clock.used_s

    def execute(self) -> RunOutcome:
        """Go through all stages that are not finished."""
        self.listener.announce(self.collection, self.split)
        with self.interruption:
            initial = self._timed("initial model", self._initial)
            shares = share_out(self.clock)
            found = self._timed("search", lambda: self._search(shares))
            optimized = self._timed("training", lambda: self._train(found, shares, initial))
            optimized = self._timed("retraining", lambda: self._join(self._retrain(optimized)))
            instead = str(self.folder.facts.get("instead", ""))
            if self.ended_early:
                self.tell(f"The run was {self.ended_early}; what there is is evaluated.")
            results, report = evaluate_and_write(
                self.folder,
                self.split,
                initial,
                optimized,
                data=data_facts(self.collection, self.split),
                search=found.facts,
                climbers=climb(
                    initial,
                    [rung.climber for rung in found.rungs],
                    optimized,
                    len(self.split.training),
                    is_chosen=not instead,
                ),
                made_with=made_with(self.config, self.workshop, self.threads, self.folder.facts.get("command", "")),
                timings=self.timings,
                clock=self.clock,
                ended_early=self.ended_early,
                instead=instead,
                progress=self.listener.progress,
            )
        self._remember()
        self.folder.update(finished=not self.ended_early)
        self.folder.event("finished", ended_early=self.ended_early)
        return RunOutcome(self.folder.path, results, report, self.clock.used_s)

    def _timed(self, stage: str, work: Callable[[], _Result]) -> _Result:
        """Do a stage's work and add its time to the record."""
        begin = self.clock.used_s
        result = work()
        self.timings[stage] = self.timings.get(stage, 0.0) + self.clock.used_s - begin
        self._remember()
        return result

    def _remember(self) -> None:
        """Write down what a continued run must know."""
        precisions = {name: vars(choice) for name, choice in self.workshop.precisions.items()}
        self.folder.update(used_s=self.clock.used_s, timings=self.timings, precisions=precisions)

    def _asked(self) -> StopReason | None:
        """Tell whether a stop was asked for; now and then write down the time that has been used."""
        if self.clock.used_s - self.noted_s > NOTE_EVERY_S:
            self.noted_s = self.clock.used_s
            self.folder.update(used_s=self.noted_s)
        return self.interruption.asked()

    def _stopped(self, stage: str) -> bool:
        """Tell whether a stop was asked for, and note where."""
        if self.interruption.asked_for and not self.ended_early:
            self.ended_early = f"interrupted during the {stage}"
        return bool(self.ended_early)

    def _checkpoint(self, stage: str) -> CheckpointPlan:
        """Return where a stage's training saves its state."""
        return CheckpointPlan(self.folder.path / "checkpoints" / f"{stage}.safetensors")

    def _kept(self, stage: str) -> MadeModel | None:
        """Return what a finished stage left, on the run's device; None if it is not finished."""
        return kept(self.folder, stage, device=self.workshop.device)

    def _initial(self) -> MadeModel:
        """Train the initial model as the notebook did."""
        if (there := self._kept("initial")) is not None:
            return there
        trained = self.workshop.train(
            self._adapted(INITIAL),
            seed=derive_seed(self.config.seed, "initial"),
            seconds=initial_seconds(self.clock),
            stop_asked=self._asked,
            checkpoint=self._checkpoint("initial"),
            progress=self.listener.progress,
            task="Initial model",
        )
        made = assess("Initial model", trained, self.split)
        if not self._stopped("initial model's training"):
            keep(self.folder, "initial", made)
        self.tell(f"Initial model: {made.result.validation.accuracy.value:.1%} of the cross-validation images right")
        return made

    def _search(self, shares: Shares) -> _Found:
        """Search for the best recipe."""
        config = self.plan.search(shares)
        if config is None:
            self.tell("No search, for want of time or by request: the recipe that is known to work is trained at once.")
            return _Found(self.plan.known_recipe(shares), None)
        search = Search(self.folder.path, self.workshop, config)
        if (finished := self.folder.stage("search")) is not None:
            facts = from_json(SearchFacts, finished, place="the search's stage")
            chosen = next(trial for trial in search.trials() if trial.index == facts.chosen)
            return self._found(search, chosen, facts)
        begin = self.clock.used_s
        search.run(stop_asked=self._asked, on_trial=self._on_trial, progress=self.listener.progress)
        best = search.chosen()
        if best is None:
            self._stopped("search")
            return _Found(self.plan.known_recipe(shares), None)
        seconds = self.timings.get("search", 0.0) + self.clock.used_s - begin
        facts = search_facts(search, best, seconds, length_of(config), seed=self.config.seed)
        if not self._stopped("search"):
            self.folder.finish_stage("search", to_json(facts))
        settings = ", ".join(f"{name} {short(value)}" for name, value in plain_settings(best).items())
        self.tell(f"Chosen of {len(search.trials())} trials: trial {best.index}, {best.params['family']} ({settings})")
        return self._found(search, best, facts)

    def _found(self, search: Search, chosen: Trial, facts: SearchFacts) -> _Found:
        """Gather what later stages need of a search."""
        rungs = climb_search(search, chosen, INITIAL.model)
        keep_rungs(self.folder, rungs)
        return _Found(search.recipe(chosen), facts, rungs)

    def _adapted(self, recipe: Recipe) -> Recipe:
        """Bring what the run's settings say of the data into a recipe."""
        return adapted(recipe, mirror=self.config.mirror, class_weights=self.config.class_weights)

    def _on_trial(self, trial: Trial, trained: TrainedModel | None) -> None:
        """Tell of a trial, and keep its model if it is the best so far."""
        family = trial.params["family"]
        self.folder.event("trial", index=trial.index, purpose=trial.purpose, state=trial.state, accuracy=trial.accuracy)
        name = f"{'Trial' if trial.purpose == 'search' else 'Confirmation'} {trial.index}"
        if trained is None:
            self.tell(f"{name}: {family} {trial.state}, {trial.reason}")
            return
        self.tell(f"{name}: {family} {trial.accuracy:.2%} after {trial.seconds:.0f} s")
        best = self._kept("best-trial")
        if best is None or (trial.accuracy or 0.0) > _accuracy(best):
            keep(self.folder, "best-trial", assess("Optimized model", trained, self.split))
        self._remember()

    def _train(self, found: _Found, shares: Shares, initial: MadeModel) -> MadeModel:
        """Train the chosen configuration on the training part, stopping early."""
        if (there := self._kept("joining") or self._kept("retraining") or self._kept("training")) is not None:
            return there
        best_trial = self._kept("best-trial")
        if self._stopped("search"):
            return _better_than_nothing(best_trial, initial)
        recipe = self.plan.with_more_views(found.recipe, self.clock.left_s)
        recipe = replace(recipe, training=replace(recipe.training, patience_epochs=PATIENCE_EPOCHS))
        left = self.clock.left_s - report_seconds(self.clock.limit_s) if self.clock.limit_s is not None else math.inf
        try:
            trained = self.workshop.train(
                recipe,
                seed=derive_seed(self.config.seed, "training"),
                epochs=self.config.epochs or MOST_EPOCHS,
                seconds=None if shares.training is None else training_seconds(left),
                stop_asked=self._asked,
                checkpoint=self._checkpoint("training"),
                progress=self.listener.progress,
                task="Chosen configuration",
            )
        except (DivergedError, RuntimeError, MemoryError) as error:
            self.folder.event("training failed", reason=f"{type(error).__name__}: {error}")
            self._take_instead(f"The full training of the chosen configuration failed ({error})")
            return _better_than_nothing(best_trial, initial)
        made = assess("Optimized model", trained, self.split, one_view=self._has_time_for_views())
        if self._stopped("training"):
            return max(made, best_trial or made, key=_accuracy)
        self.tell(
            f"Chosen configuration: {_accuracy(made):.1%} of the cross-validation images right "
            f"after {trained.fit.steps:,} steps; {trained.fit.stopped_because}"
        )
        if _accuracy(made) < _accuracy(initial):
            self._take_instead(
                f"The chosen configuration, trained in full, had only {_accuracy(made):.1%} of the cross-validation "
                f"images right, fewer than the initial model ({_accuracy(initial):.1%})"
            )
            made = max(_better_than_nothing(best_trial, initial), _as_optimized(initial), key=_accuracy)
        keep(self.folder, "training", made)
        return made

    def _take_instead(self, why: str) -> None:
        """Note that the best model so far takes the place of the chosen configuration, and why."""
        sentence = f"{why}; the optimized model is the best that there was besides."
        self.tell(sentence)
        self.folder.update(instead=sentence)

    def _has_time_for_views(self) -> bool:
        """Tell whether there is time to learn what averaging views gains, a rung of the ladder."""
        limit = self.clock.limit_s
        return limit is None or limit >= LEAST_FOR_VIEWS_S

    def _retrain(self, optimized: MadeModel) -> MadeModel:
        """Train on, with all but the test set, for as many steps as early stopping chose, scaled."""
        if optimized.result.retraining or self._stopped("training") or self._kept("training") is None:
            return optimized
        left = None if self.clock.limit_s is None else self.clock.left_s - report_seconds(self.clock.limit_s)
        if left is not None and left < LEAST_RETRAINING_S:
            self.tell("There is no time left for the retraining; the model trained on the training part is kept.")
            return optimized
        held = held_back(self.split, self.config.seed)
        first = learned_first(self.split, held)
        recipe = retraining_recipe(trained_by(optimized))
        n_later = joining_recipe(recipe, len(held), self._n_images)[1] if len(held) else 0
        n_steps = round(optimized.result.steps * len(first) / len(self.split.training))
        try:
            trained = self.workshop.train(
                recipe,
                seed=derive_seed(self.config.seed, "retraining"),
                start=optimized.model,
                only=first,
                losses=losses_so_far(optimized.losses, optimized.probabilities["validation"], self.split)[first],
                steps=n_steps,
                seconds=None if left is None else left * n_steps / (n_steps + n_later),
                on_everything=True,
                stop_asked=self._asked,
                checkpoint=self._checkpoint("retraining"),
                progress=self.listener.progress,
                task="Retraining on training + cross-validation data",
            )
        except (DivergedError, RuntimeError, MemoryError) as error:
            self.folder.event("retraining failed", reason=f"{type(error).__name__}: {error}")
            self.tell(f"The retraining failed, the model before it is kept: {error}")
            return optimized
        if self._stopped("retraining"):
            return optimized
        said = trained.model.predict(self.split.validation.images[held]) if len(held) else None
        made = retrained(optimized, trained, said)
        keep(self.folder, "retraining", made)
        return made

    @property
    def _n_images(self) -> int:
        """Training and cross-validation images."""
        return len(self.split.training) + len(self.split.validation)

    def _join(self, optimized: MadeModel) -> MadeModel:
        """Learn from the images as well that were held back from the retraining, now that they have told enough."""
        if HELD_BACK not in optimized.probabilities or self._kept("joining") or self._stopped("retraining"):
            return optimized
        held = held_back(self.split, self.config.seed)
        recipe, n_steps = joining_recipe(retraining_recipe(trained_by(optimized)), len(held), self._n_images)
        try:
            trained = self.workshop.train(
                recipe,
                seed=derive_seed(self.config.seed, "joining"),
                start=optimized.model,
                losses=losses_for_joining(self.split, held),
                steps=n_steps,
                on_everything=True,
                progress=self.listener.progress,
                task="Learning from the images that were held back",
            )
        except (DivergedError, RuntimeError, MemoryError) as error:
            self.folder.event("joining failed", reason=f"{type(error).__name__}: {error}")
            self.tell(f"Learning from the images that were held back failed, the model before it is kept: {error}")
            return optimized
        made = joined_late(optimized, trained)
        keep(self.folder, "joining", made)
        return made


def _accuracy(made: MadeModel) -> float:
    """Return the share of the cross-validation images that are right."""
    return made.result.validation.accuracy.value


def _as_optimized(initial: MadeModel) -> MadeModel:
    """Return the initial model in the optimized model's place, where nothing better came to be."""
    return replace(initial, result=replace(initial.result, title="Optimized model"))


def _better_than_nothing(best_trial: MadeModel | None, initial: MadeModel) -> MadeModel:
    """Return what there is where the full training came to nothing."""
    return best_trial or _as_optimized(initial)
