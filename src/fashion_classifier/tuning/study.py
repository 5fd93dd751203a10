"""The search: Optuna trials in a study, each a short training, the best few confirmed with other seeds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState

from fashion_classifier.errors import DataError, FashionError, Fault
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.limits import explained
from fashion_classifier.progress import Progress, silent
from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.recipes.recipe import Recipe, adapted
from fashion_classifier.training.train import TrainedModel, Workshop
from fashion_classifier.tuning import sharing
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.importance import importance_of
from fashion_classifier.tuning.plan import LEAST_TRIALS, MOST_EPOCHS, SEARCH_PART, Round, TrainingLength
from fashion_classifier.tuning.sharing import Session, UnfinishedError, Work
from fashion_classifier.tuning.space import known_recipes, point_of, recipe_of, sampler_of, suggest_recipe
from fashion_classifier.tuning.storage import StudyFolder, StudyStorage
from fashion_classifier.tuning.table import trials_table
from fashion_classifier.tuning.trials import Trial, kept_as, note_trial, outcome_of, pruning, read_labels, read_trial

SEARCH, CONFIRMATION = "search", "confirmation"
VALIDATIONS = 3  # in the course of a trial, for the pruner
VALIDATION_IMAGES = 3000  # of them, for what the pruner looks at; a trial is judged by all
WANTED_TRIALS = 8  # before these are made, only trial 0 and one other have their confirmation's time kept back
LEAST_CONFIRMATION_S = 1.0
TOLERANCE = 0.85  # of a confirmation that must fit in: what was kept of the one before it took some time too
WAITING, LOOK_EVERY_S = "Waiting for the trials of other processes", 1.0
JUDGING_MARGIN = 1.5  # times what judging is expected to take
CONFIRMATION_S = 30.0  # for less than this a third finalist is not worth the time that it takes from the other two


class Search:
    """A study, which any number of calls continue.

    Parameters
    ----------
    place
        Where it lies: a folder, or what other machines reach.
    workshop
        Trains and evaluates recipes on one split.
    config
        What is searched, and for how long.
    alone
        Whether no other process works on the study.
    """

    def __init__(
        self, place: Path | StudyStorage, workshop: Workshop, config: TuneConfig, *, alone: bool = True
    ) -> None:
        self.storage = StudyFolder(place) if isinstance(place, Path) else place
        self.workshop, self.config = workshop, config
        self.known = known_recipes(config.families, config.n_images)
        with sharing.explained(self.storage):
            self._studies, self._beaten = sharing.open_studies(self.storage, (SEARCH, CONFIRMATION), alone=alone)

    def _repr_html_(self) -> str:
        return trials_table([*self.trials(), *self.confirmed()], self.chosen())

    def trials(self, purpose: str = SEARCH) -> list[Trial]:
        """Return the finished trials in their order."""
        return [read_trial(trial, purpose) for trial in sharing.finished(self._studies[purpose]).values()]

    def trial(self, index: int) -> Trial:
        """Return a finished trial.

        Raises
        ------
        DataError
            If it is not in the study.
        """
        for trial in self.trials():
            if trial.index == index:
                return trial
        fault = Fault(self.storage.shown, f"trial {index}, which was finished, is not in it", "Start the run anew")
        raise DataError(fault)

    def run(
        self,
        *,
        stop_asked: Callable[[], StopReason | None] = lambda: None,
        on_trained: Callable[[float, TrainedModel], None] = lambda _accuracy, _model: None,
        on_trial: Callable[[Trial, TrainedModel | None], None] = lambda _trial, _model: None,
        progress: Progress = silent,
    ) -> None:
        """Go on with the search until its trials or its time are used up, or a stop is asked for.

        Parameters
        ----------
        stop_asked
            Asked before every step; a reason stops the search.
        on_trained
            Told of each model that came to its end before its trial counts as finished, with its accuracy: a process
            that is killed meanwhile makes the trial again.
        on_trial
            Told of each finished trial.
        progress
            Told of every fraction of a second.

        Raises
        ------
        UnavailableError
            If the study cannot be written.
        """
        started = time.perf_counter()
        session = Session(started, stop_asked, on_trained, on_trial, progress)
        with sharing.explained(self.storage):
            self._work(SEARCH, lambda: self._next_trial(started), session)
            finalists = self.finalists()
            if not finalists or stop_asked() is not None:
                return
            last_round = self._last_round(finalists, started)
            self._work(CONFIRMATION, lambda: self._next_confirmation(finalists, last_round, started), session)

    def _work(self, purpose: str, choose: Callable[[], Work | None], session: Session) -> None:
        """Make trials until there are none to choose; where nothing but their number limits them, all are awaited."""
        while session.stop_asked() is None:
            if self._try_next(purpose, choose, session):
                continue
            if self.config.seconds is not None or not sharing.under_way(self._studies[purpose]):
                return
            session.progress(WAITING, 0.0, 1.0)
            time.sleep(LOOK_EVERY_S)
            session.progress(WAITING, 1.0, 1.0)

    def _next_trial(self, started: float) -> Work | None:
        """Say which trial is next."""
        index = sharing.next_index(self._studies[SEARCH])
        if index >= (self.config.trials or 10_000):
            return None
        if self._is_finalists_turn(time.perf_counter() - started, len(self.trials())):
            return None
        known = [point_of(recipe) for recipe in self.known.values()]
        how = TrainingLength(self.config.epochs, self.config.trial_seconds)
        params = known[index] if index < len(known) else None
        return Work(index=index, how=how, seed=self.config.seed, params=params)

    def _next_confirmation(self, finalists: list[Trial], last_round: Round, started: float) -> Work | None:
        """Say which finalist is to be confirmed next."""
        study = self._studies[CONFIRMATION]
        # In this order: one that ends meanwhile is in both.
        begun = [*sharing.under_way(study).values(), *self._confirmations(last_round.after)]
        done = {trial.user_attrs["confirms"] for trial in begun if trial.state != TrialState.WAITING}
        finalist = next((trial for trial in finalists[: last_round.n_finalists] if trial.index not in done), None)
        if finalist is None or not self._has_time_for(last_round, time.perf_counter() - started):
            return None
        study.set_user_attr("round", last_round.to_dict())
        return Work(
            index=sharing.next_index(study),
            how=last_round.how,
            seed=derive_seed(self.config.seed, "confirmation"),
            params=finalist.params,
            facts={"confirms": finalist.index, "round": last_round.after},
        )

    def finalists(self) -> list[Trial]:
        """Return trial 0 and the best others, best first after trial 0; empty where there is nothing to decide."""
        complete = [trial for trial in self.trials() if trial.state == "complete"]
        if len(complete) < 2 or self.config.finalists < 2:
            return []
        ranked = sorted(complete, key=lambda trial: -(trial.accuracy or 0.0))
        first = [trial for trial in complete if trial.index == 0]
        others = [trial for trial in ranked if trial.index != 0]
        return (first + others)[: self.config.finalists]

    def confirmed(self) -> list[Trial]:
        """Return the complete confirmations of the last round in which two can be compared; else of the last round.

        One that time cut off before it had trained as long as the trial that it confirms says less than that trial.
        """
        searched = {trial.index: trial.steps or 0 for trial in self.trials()}
        complete = [
            trial
            for trial in self._confirmations()
            if trial.state == TrialState.COMPLETE
            and trial.user_attrs["steps"] >= searched.get(trial.user_attrs["confirms"], 0)
        ]
        rounds = [trial.user_attrs.get("round", 0) for trial in complete]
        by_round: dict[int, list[optuna.trial.FrozenTrial]] = {}
        for trial, after in zip(complete, rounds, strict=True):
            by_round.setdefault(after, []).append(trial)
        comparable = [trials for trials in by_round.values() if len(trials) > 1]
        last = (comparable or list(by_round.values()) or [[]])[-1]
        return [read_trial(trial, CONFIRMATION) for trial in last]

    def _confirmations(self, after: int | None = None) -> list[optuna.trial.FrozenTrial]:
        """Return all finished confirmations, or those of one round."""
        trials = sharing.finished(self._studies[CONFIRMATION]).values()
        return [trial for trial in trials if after is None or trial.user_attrs.get("round", 0) == after]

    def chosen(self) -> Trial | None:
        """Return the trial whose recipe is chosen, or None if none is complete.

        Trial 0, the recipe that is known to do well in a full training, is kept unless another is distinguishably
        better on the same cross-validation images: in confirmations where there are any, whose seeds had no part in
        making a finalist, else in the search. Where both were confirmed it must have been ahead in the search as well:
        two short trainings that say different things say nothing.
        """
        confirmations = {trial.params["confirms"]: trial for trial in self.confirmed()}
        confirmed = [trial for trial in self.finalists() if trial.index in confirmations]
        candidates = confirmed if len(confirmed) > 1 else [t for t in self.trials() if t.state == "complete"]
        judged = {
            trial.index: (confirmations if len(confirmed) > 1 else {}).get(trial.index, trial) for trial in candidates
        }
        better = [trial for trial in candidates if trial.index == 0 or self._beats_trial_0(trial)]
        return max(better, key=lambda trial: judged[trial.index].accuracy or 0.0, default=None)

    def _beats_trial_0(self, trial: Trial) -> bool:
        """Tell whether a trial is distinguishably better than trial 0, or has no trial 0 to be compared with."""
        pair = self.paired_predictions(trial)
        first = next((other for other in self.trials() if other.index == 0 and other.state == "complete"), None)
        if first is not None and (trial.accuracy or 0.0) <= (first.accuracy or 0.0):
            return False
        return pair is None or compare(self.workshop.split.validation.labels, *pair).verdict == "better"

    def recipe(self, trial: Trial) -> Recipe:
        """Return the recipe of a trial."""
        recipe = recipe_of(trial.params, self.known, mirror=self.config.mirror)
        return adapted(recipe, mirror=self.config.mirror, class_weights=self.config.class_weights)

    def paired_predictions(self, chosen: Trial) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return the labels that trial 0 and the chosen trial predicted for the cross-validation images.

        Of their confirmations where both have one: those were no part of choosing. None if trial 0 was chosen, or
        has no predictions.
        """
        if chosen.index == 0:
            return None
        confirmed = {trial.params["confirms"]: trial.index for trial in self.confirmed()}
        if 0 in confirmed and chosen.index in confirmed:
            first, second = (self._predicted(CONFIRMATION, confirmed[index]) for index in (0, chosen.index))
        else:
            first, second = (self._predicted(SEARCH, index) for index in (0, chosen.index))
        return None if first is None or second is None else (first, second)

    def predicted(self, trial: Trial) -> NDArray[np.int64] | None:
        """Return the labels that a trial of the search predicted for the cross-validation images, if there are any."""
        return self._predicted(SEARCH, trial.index)

    def importance(self) -> dict[str, dict[str, float]]:
        """Return for each family with enough finished trials the importance of its hyperparameters."""
        return importance_of(sharing.finished(self._studies[SEARCH]).values(), self.config.families)

    def _is_finalists_turn(self, elapsed: float, n_trials: int) -> bool:
        """Tell whether the rest of the time is the finalists'."""
        if self.config.seconds is None or n_trials == 0:  # without a first trial a search says nothing
            return False
        reserve = self.config.finalists if n_trials >= WANTED_TRIALS else min(2, self.config.finalists)
        over = n_trials >= LEAST_TRIALS and elapsed > SEARCH_PART * self.config.seconds
        its_part_is_over = over and len(self.finalists()) > 0
        return its_part_is_over or not self._time_for_another(elapsed, reserve)

    def _last_round(self, finalists: list[Trial], started: float) -> Round:
        """Say how finalists are confirmed: as many epochs each as trial 0 can have in its share of what time is left.

        A round that has begun is in the study, so that a search that is continued confirms the others as it confirmed
        the first; after further trials there is a new round, and only confirmations of one round are compared.
        """
        if self.config.seconds is None:
            return Round(0, len(finalists), TrainingLength(self.config.epochs, None))
        n_trials = len(self.trials())
        there = self._studies[CONFIRMATION].user_attrs.get("round")
        if there is not None and there["after"] == n_trials and there["seconds"] is not None:
            return Round.from_dict(there)
        end, n = started + self.config.seconds, len(finalists)
        n = n if (end - time.perf_counter()) / n >= CONFIRMATION_S else min(2, n)
        n_images = len(self.workshop.split.validation)
        judging_s = max(self.workshop.prediction_seconds(self.recipe(trial), n_images) for trial in finalists[:n])
        seconds_per_epoch = self.workshop.seconds_per_epoch(self.recipe(finalists[0]))
        share = (end - time.perf_counter()) / n
        seconds = max(LEAST_CONFIRMATION_S, share - JUDGING_MARGIN * judging_s)
        epochs = max(self.config.epochs, min(seconds / seconds_per_epoch, MOST_EPOCHS))
        return Round(n_trials, n, TrainingLength(epochs, seconds))

    def _has_time_for(self, last_round: Round, elapsed: float) -> bool:
        """Tell whether a confirmation fits into the time."""
        limit, seconds = self.config.seconds, last_round.how.seconds
        return limit is None or seconds is None or elapsed + TOLERANCE * seconds <= limit

    def _time_for_another(self, elapsed: float, reserve: int) -> bool:
        """Tell whether a further trial fits into the time, so many confirmations kept in reserve."""
        if self.config.seconds is None:
            return True
        durations = [trial.seconds for trial in self.trials() if trial.state == "complete"]
        expected = sum(durations) / max(1, len(durations))  # nothing is known before the first
        return elapsed + expected * (1 + reserve) <= self.config.seconds

    def _try_next(self, purpose: str, choose: Callable[[], Work | None], session: Session) -> bool:
        """Claim a trial, train it, and tell its result; return whether there was one to claim."""
        study = self._studies[purpose]
        numbers: list[int] = []
        made: list[tuple[int, TrainedModel | None]] = []
        own: list[ValueError] = []  # not Optuna's, which says so where a trial was given up by others
        with ExitStack() as turn:
            turn.enter_context(self.storage.turn())
            sharing.queue_stale(study)
            work = choose()
            if work is None:
                return False
            if work.params is not None and sharing.queued(study) is None:
                study.enqueue_trial(work.params, user_attrs=work.facts)
            study.sampler = sampler_of(derive_seed(work.seed, "sampler", work.index))

            def objective(trial: optuna.Trial) -> float:
                numbers.append(trial.number)
                self._beaten.wait()
                claimed = sharing.claim(trial, work)
                turn.close()
                try:
                    return self._train(trial, purpose, claimed, session, made)
                except ValueError as error:
                    own.append(error)
                    raise

            self._beaten.clear()
            try:
                study.optimize(objective, n_trials=1, catch=(UnfinishedError,))
            except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
                if own or not numbers or not sharing.was_lost(study, numbers[0]):
                    raise
                made.clear()
        for index, model in made:
            session.on_trial(read_trial(sharing.finished(study)[index], purpose), model)
        return True

    def _train(
        self,
        trial: optuna.Trial,
        purpose: str,
        work: Work,
        session: Session,
        made: list[tuple[int, TrainedModel | None]],
    ) -> float:
        """Train a trial's recipe, write down what is known of it, and return its accuracy; its model goes to `made`.

        Raises
        ------
        UnfinishedError
            If it failed, or was interrupted; having no index, it is then done again.
        TrialPruned
            If it was behind the others.
        """
        begin = time.perf_counter()
        trial.set_user_attr("started_after", begin - session.started)
        recipe = suggest_recipe(trial, self.known, mirror=self.config.mirror)
        recipe = adapted(recipe, mirror=self.config.mirror, class_weights=self.config.class_weights)
        label = f"{'Trial' if purpose == SEARCH else 'Confirmation'} {work.index}: {recipe.model.family}"
        trained: TrainedModel | None = None
        try:
            sharing.check_survived(trial.study, work.index)
            trained = self.workshop.train(
                recipe,
                seed=derive_seed(work.seed, "trial", work.index),
                epochs=work.how.epochs,
                seconds=work.how.seconds,
                validations=VALIDATIONS,
                validation_images=VALIDATION_IMAGES,
                stop_asked=session.stop_asked,
                on_validation=pruning(trial) if purpose == SEARCH else (lambda _: None),
                progress=session.progress,
                task=label,
            )
            state, reason = outcome_of(trained)
        except optuna.exceptions.UpdateFinishedTrialError:
            raise
        except (FashionError, RuntimeError, MemoryError) as error:
            state, reason = TrialState.FAIL, f"{type(error).__name__}: {explained(error)}"
        if trained is not None and trained.fit.stopped_because == StopReason.INTERRUPTED:
            trial.set_user_attr(sharing.INTERRUPTED, value=True)
            raise UnfinishedError
        seconds, labels = time.perf_counter() - begin, self.workshop.split.validation.labels
        keep = partial(self.storage.keep, kept_as(purpose, work.index))
        accuracy = note_trial(trial, work.index, trained, labels, keep, seconds, reason)
        made.append((work.index, trained if state == TrialState.COMPLETE else None))
        if trained is not None and state == TrialState.COMPLETE:
            session.on_trained(accuracy, trained)
        if state == TrialState.FAIL:
            raise UnfinishedError
        if state == TrialState.PRUNED:
            raise optuna.TrialPruned
        return accuracy

    def _predicted(self, purpose: str, index: int) -> NDArray[np.int64] | None:
        """Return the labels that a trial predicted, if there are any."""
        name, validation = kept_as(purpose, index), self.workshop.split.validation
        content = self.storage.kept(name)
        place = f"{self.storage.shown}: {name}"
        return None if content is None else read_labels(content, place, len(validation), len(validation.classes))
