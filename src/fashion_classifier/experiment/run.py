"""The whole life of a classifier, stage by stage; each stage is finished once, so that a run can be continued."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_classifier.data.load import load, locate
from fashion_classifier.data.split import split
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
from fashion_classifier.experiment.listener import Listener
from fashion_classifier.experiment.machine import choose_device
from fashion_classifier.experiment.memory import check_memory
from fashion_classifier.experiment.outcome import RunOutcome
from fashion_classifier.experiment.planning import Plan, sure_recipes
from fashion_classifier.experiment.preparation import reopen
from fashion_classifier.experiment.record import RunFolder, check_can_be_made
from fashion_classifier.experiment.retraining import retrain
from fashion_classifier.experiment.session import Session
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.stages import (
    MadeModel,
    assess,
    keep,
)
from fashion_classifier.experiment.tracked import begin_run, concluded_run, ended, following, trial_made
from fashion_classifier.limits import explained
from fashion_classifier.reporting.results import SearchFacts
from fashion_classifier.reporting.serialisation import from_json, to_json
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.outcome import FAILURES
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
        If the data is broken, the folder is already there, a device is missing, or memory would not suffice.
    """
    listener = listener or Listener()
    if config.minutes is not None and config.minutes < SHORTEST_RUN_MINUTES:
        raise UsageError(f"`minutes >= {SHORTEST_RUN_MINUTES}` must hold for a run, but got minutes={config.minutes}.")
    check_can_be_made(folder)
    choose_device(config.device)
    clock = Clock(config.limit_s, used_s)
    with clock.paused():
        place = locate(config.data, progress=listener.progress)
    collection = load(place, options=config.read_options, progress=listener.progress)
    parts = split(collection, config.split_config)
    check_memory(parts, sure_recipes(config), choose_device(config.device))
    RunFolder.create(folder, config, command=command, fingerprint=collection.fingerprint, identity=collection.identity)
    with RunFolder.writing(folder) as record:
        return _Run(Session(record, collection, parts, clock, listener)).execute()


def resume(folder: Path, *, used_s: float = 0.0, listener: Listener | None = None) -> RunOutcome:
    """Go on with a run that was stopped, killed or cut off.

    Raises
    ------
    UnavailableError
        If there is no run at that place, or another process is at work on it.
    UsageError
        If the run is finished, or its data has changed.
    NotEnoughMemoryError
        If memory would not suffice for what is left.
    """
    listener = listener or Listener()
    with RunFolder.writing(folder) as record:
        if record.facts.get("finished"):
            raise UsageError(f"{folder}: this run is finished. Start another like it, or make its report again.")
        clock = Clock(record.config.limit_s, used_s + float(record.facts["used_s"]))
        collection, parts = reopen(record, clock, progress=listener.progress)
        check_memory(parts, sure_recipes(record.config), choose_device(record.config.device))
        record.event("resumed", used_s=clock.used_s)
        return _Run(Session(record, collection, parts, clock, listener)).execute()


@dataclass(frozen=True)
class _Found:
    """What the search ended with: a recipe, and the search's facts and rungs if there was one."""

    recipe: Recipe
    facts: SearchFacts | None
    rungs: Sequence[SearchedRung] = ()


class _Run:
    """The stages of a run, gone through in one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.folder, self.config, self.clock = session.folder, session.config, session.clock
        self.split, self.workshop, self.tell = session.split, session.workshop, session.tell
        self.tracking = session.listener.tracking
        self.plan = Plan(session.folder, session.workshop)

    def execute(self) -> RunOutcome:
        """Go through all stages that are not finished."""
        session = self.session
        session.listener.announce(session.collection, self.split)
        begin_run(self.tracking, self.folder)
        with session.interruption:
            initial = session.timed("initial model", self._initial)
            shares = share_out(self.clock)
            found = session.timed("search", lambda: self._search(shares))
            optimized = session.timed("training", lambda: self._train(found, shares, initial))
            optimized = session.timed("retraining", lambda: retrain(session, optimized))
            instead = str(self.folder.facts.get("instead", ""))
            if session.ended_early:
                self.tell(f"The run was {session.ended_early}; what there is is evaluated.")
            results, report = evaluate_and_write(
                self.folder,
                self.split,
                initial,
                optimized,
                data=data_facts(session.collection, self.split),
                search=found.facts,
                climbers=climb(
                    initial,
                    [rung.climber for rung in found.rungs],
                    optimized,
                    len(self.split.training),
                    is_chosen=not instead,
                ),
                made_with=made_with(self.config, self.workshop, session.threads, self.folder.facts.get("command", "")),
                timings=session.timings,
                clock=self.clock,
                ended_early=session.ended_early,
                instead=instead,
                progress=session.listener.progress,
            )
        session.remember()
        self.folder.update(finished=not session.ended_early)
        self.folder.event("finished", ended_early=session.ended_early)
        self.tracking.record(concluded_run(results))
        self.tracking.record(ended(session.ended_early))
        return RunOutcome(self.folder.path, results, report, self.clock.used_s)

    def _initial(self) -> MadeModel:
        """Train the initial model as the notebook did."""
        if (there := self.session.kept("initial")) is not None:
            return there
        trained = self.workshop.train(
            self._adapted(INITIAL),
            seed=derive_seed(self.config.seed, "initial"),
            seconds=initial_seconds(self.clock),
            stop_asked=self.session.asked,
            on_validation=following(self.tracking, "initial"),
            checkpoint=self.session.checkpoint("initial"),
            progress=self.session.listener.progress,
            task="Initial model",
        )
        made = assess("Initial model", trained, self.split)
        if not self.session.stopped("initial model's training"):
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
            return self._found(search, search.trial(facts.chosen), facts)
        begin = self.clock.used_s
        search.run(
            stop_asked=self.session.asked,
            on_trained=self._keep_if_best,
            on_trial=self._on_trial,
            progress=self.session.listener.progress,
        )
        best = search.chosen()
        if best is None:
            self.session.stopped("search")
            return _Found(self.plan.known_recipe(shares), None)
        seconds = self.session.timings.get("search", 0.0) + self.clock.used_s - begin
        facts = search_facts(search, best, seconds, length_of(config), seed=self.config.seed)
        if not self.session.stopped("search"):
            self.folder.finish_stage("search", to_json(facts))
        settings = ", ".join(f"{name} {short(value)}" for name, value in plain_settings(best).items())
        n = len(search.trials())
        kept = "; no other was confirmed to be better" if best.index == 0 and n > 1 else ""
        self.tell(
            f"Chosen of {n} trial{'s' * (n != 1)}: trial {best.index}, {best.params['family']} ({settings}){kept}"
        )
        return self._found(search, best, facts)

    def _found(self, search: Search, chosen: Trial, facts: SearchFacts) -> _Found:
        """Gather what later stages need of a search."""
        rungs = climb_search(search, chosen, INITIAL.model)
        keep_rungs(self.folder, rungs)
        return _Found(search.recipe(chosen), facts, rungs)

    def _adapted(self, recipe: Recipe) -> Recipe:
        """Bring what the run's settings say of the data into a recipe."""
        return adapted(recipe, mirror=self.config.mirror, class_weights=self.config.class_weights)

    def _keep_if_best(self, accuracy: float, trained: TrainedModel) -> None:
        """Keep a trial's model if it is the best so far, before the trial is finished: later it could be lost."""
        best = self.session.kept("best-trial")
        if best is None or accuracy > _accuracy(best):
            keep(self.folder, "best-trial", assess("Optimized model", trained, self.split))

    def _on_trial(self, trial: Trial, trained: TrainedModel | None) -> None:
        """Tell of a trial."""
        self.tracking.record(trial_made(trial))
        family = trial.params["family"]
        why = {"reason": trial.reason} if trial.reason else {}
        self.folder.event(
            "trial", index=trial.index, purpose=trial.purpose, state=trial.state, accuracy=trial.accuracy, **why
        )
        name = f"{'Trial' if trial.purpose == 'search' else 'Confirmation'} {trial.index}"
        if trained is None:
            self.tell(f"{name}: {family} {trial.state}, {trial.reason}")
            return
        self.tell(f"{name}: {family} {trial.accuracy:.2%} after {trial.seconds:.0f} s")
        self.session.remember()

    def _train(self, found: _Found, shares: Shares, initial: MadeModel) -> MadeModel:
        """Train the chosen configuration on the training part, stopping early."""
        kept = self.session.kept
        if (there := kept("joining") or kept("retraining") or kept("training")) is not None:
            return there
        best_trial = self.session.kept("best-trial")
        if self.session.stopped("search"):
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
                stop_asked=self.session.asked,
                on_validation=following(self.tracking, "training"),
                checkpoint=self.session.checkpoint("training"),
                progress=self.session.listener.progress,
                task="Chosen configuration",
            )
        except FAILURES as error:
            self.session.failed("training", error)
            self._take_instead(f"The full training of the chosen configuration failed ({explained(error)})")
            return _better_than_nothing(best_trial, initial)
        made = assess("Optimized model", trained, self.split, one_view=self._has_time_for_views())
        if self.session.stopped("training"):
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


def _accuracy(made: MadeModel) -> float:
    """Return the share of the cross-validation images that are right."""
    return made.result.validation.accuracy.value


def _as_optimized(initial: MadeModel) -> MadeModel:
    """Return the initial model in the optimized model's place, where nothing better came to be."""
    return replace(initial, result=replace(initial.result, title="Optimized model"))


def _better_than_nothing(best_trial: MadeModel | None, initial: MadeModel) -> MadeModel:
    """Return what there is where the full training came to nothing."""
    return best_trial or _as_optimized(initial)
