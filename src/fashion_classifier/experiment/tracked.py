"""What trackers are told of a run, a training or a search: while it goes on, or of a finished run from its folder."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate
from pathlib import Path

from fashion_classifier.data.collection import Collection
from fashion_classifier.errors import UnavailableError
from fashion_classifier.evaluation.metrics import Evaluation
from fashion_classifier.experiment.facts import plain_settings
from fashion_classifier.experiment.lookup import RUN
from fashion_classifier.experiment.record import RunFolder
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.reporting.model_card import MODEL_CARD
from fashion_classifier.reporting.results import Epoch, ModelResult, RunResults, TrialFacts
from fashion_classifier.reporting.run_folder import PREDICTIONS, RECORD, RESULTS, read_results
from fashion_classifier.tracking.following import Tracking
from fashion_classifier.tracking.journal import JOURNAL, Reader
from fashion_classifier.tracking.records import (
    Begun,
    Concluded,
    Ended,
    Fact,
    Measured,
    Record,
    State,
    TrialMade,
    flat,
)
from fashion_classifier.training.train import TrainedModel
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH, Search
from fashion_classifier.tuning.trials import Trial

INITIAL, TRAINING, RETRAINING = "initial", "training", "retraining"
OPTIMIZED = "optimized"
# What of a run's folder trackers keep, besides the optimized model.
_FILES = ("report.html", MODEL_CARD, RECORD, RESULTS, PREDICTIONS, "figures")


def about_work(config: RunConfig, collection: Collection) -> dict[str, Fact]:
    """Describe what is trained on what."""
    return {**flat(config.to_dict()), "fingerprint": collection.fingerprint}


def begin_run(tracking: Tracking, folder: RunFolder) -> None:
    """Tell that a run begins or goes on."""
    tracking.begin(folder.path, _about_run(folder), identity=_identity(folder))


def following(tracking: Tracking, series: str) -> Callable[[Epoch], None]:
    """Return what tells of each validation of a training."""
    return lambda epoch: tracking.record(measured(series, epoch, time.time()))


def measured(series: str, epoch: Epoch, at: float) -> Measured:
    """Tell of a validation."""
    figures = {name: value for name, value in vars(epoch).items() if value is not None and name != "step"}
    return Measured(series=series, step=epoch.step, figures=figures, time=at)


def trial_made(trial: Trial) -> TrialMade:
    """Tell of a trial that was finished just now."""
    return TrialMade(
        name=f"{trial.purpose} {trial.index}",
        state=trial.state,
        settings={"family": trial.params["family"], **flat(plain_settings(trial))},
        figures=_figures_of(trial),
        time=time.time(),
    )


def concluded_run(results: RunResults) -> Concluded:
    """Tell what came of a run."""
    models = {INITIAL: results.initial, OPTIMIZED: results.optimized}
    figures = {f"{name}/{key}": value for name, model in models.items() for key, value in _of_model(model).items()}
    about = {name: flat({"family": model.family, **model.config, **model.recipe}) for name, model in models.items()}
    return Concluded(
        figures={**figures, "gain": results.comparison.difference.value, "p_value": results.comparison.p_value},
        about=flat({**about, "made with": results.made_with}),
        files=_FILES,
        model=OPTIMIZED,
    )


def concluded_training(trained: TrainedModel, judged: Evaluation | None) -> Concluded:
    """Tell what came of a training whose folder is the model's."""
    figures = {} if judged is None else _of_evaluation("validation", judged)
    config = trained.recipe.training.to_dict()
    return Concluded(
        figures={**figures, "seconds": trained.fit.seconds, "steps": trained.fit.steps},
        about=flat({"family": trained.model.config.family, "recipe": config, "precision": trained.model.how.precision}),
        model=".",
    )


def conclude_search(tracking: Tracking, search: Search, chosen: Trial | None) -> None:
    """Tell what came of a search so far, with the trials that other processes made of it."""
    for trial in (*search.trials(SEARCH), *search.trials(CONFIRMATION)):
        tracking.record(trial_made(trial))
    if chosen is not None:
        figures = {f"chosen/{name}": value for name, value in _figures_of(chosen).items()}
        tracking.record(Concluded(figures=figures, about={"chosen": chosen.index}, model="best"))


def ended(cut_short: str | bool) -> Ended:
    """Tell that the work is over."""
    state: State = "interrupted" if cut_short else "finished"
    return Ended(state=state)


def records_of(folder: Path) -> Iterator[Record]:
    """Tell all of a finished run from its folder; of a training or a search what its journal holds.

    Raises
    ------
    UnavailableError
        If there is neither.
    DataError
        If something of the run is damaged.
    """
    if (folder / RUN).is_file():
        return iter([*_records_of_run(RunFolder(folder))])
    if (folder / JOURNAL).is_file():
        return Reader(folder / JOURNAL).new()
    raise UnavailableError(
        f"{folder}: there is no finished run here, and no training or search that a tracker was told of; how those "
        "went is kept only then."
    )


def _records_of_run(folder: RunFolder) -> Iterator[Record]:
    """Tell all of a finished run; at which time each training began is reckoned from the run's timings."""
    results = read_results(folder.path)
    yield Begun(name=folder.path.name, identity=_identity(folder), about=_about_run(folder))
    began = _beginnings(results)
    of_training = (results.optimized.history, began["training"])
    of_retraining = (results.optimized.retraining, began["retraining"])
    trainings = {INITIAL: (results.initial.history, began["initial model"]), TRAINING: of_training}
    for series, (history, begin) in (trainings | {RETRAINING: of_retraining}).items():
        for epoch in history:
            yield measured(series, epoch, begin + epoch.seconds)
    if results.search is not None:
        searched = sum(facts.purpose == SEARCH for facts in results.search.trials)
        for facts in results.search.trials:
            index = facts.number if facts.purpose == SEARCH else facts.number - searched
            yield _told_trial(facts, index, began["search"])
    yield concluded_run(results)
    yield ended(results.ended_early)


def _told_trial(facts: TrialFacts, index: int, search_began: float) -> TrialMade:
    """Tell of a trial of a finished run."""
    return TrialMade(
        name=f"{facts.purpose} {index}",
        state=facts.state,
        settings={"family": facts.family, **flat(facts.settings)},
        figures=_figures_of(facts),
        time=search_began + facts.started_after + facts.seconds,
    )


def _beginnings(results: RunResults) -> dict[str, float]:
    """Return when each stage of a run began, in seconds since 1970."""
    begin = datetime.fromisoformat(results.created).timestamp()
    ends = list(accumulate(results.timings.values(), initial=begin))
    began = dict(zip(results.timings, ends, strict=False))
    return {stage: began.get(stage, begin) for stage in ("initial model", "search", "training", "retraining")}


def _about_run(folder: RunFolder) -> dict[str, Fact]:
    """Describe a run by what its record says from the beginning on."""
    facts = {name: folder.facts.get(name) for name in ("fingerprint", "command")}
    return flat({**folder.config.to_dict(), **facts})


def _identity(folder: RunFolder) -> str:
    """Return by what a run is known, whatever its folder is called by now."""
    told = [folder.facts["created"], folder.facts.get("identity"), folder.config.to_dict()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _figures_of(trial: Trial | TrialFacts) -> dict[str, float]:
    """Return what was measured of a trial."""
    names = ("accuracy", "loss", "n_parameters", "seconds")
    found = {name: getattr(trial, name) for name in names}
    return {name: float(value) for name, value in found.items() if value is not None}


def _of_model(model: ModelResult) -> dict[str, float]:
    """Return what was measured of a run's model."""
    figures = {**_of_evaluation("training", model.training), **_of_evaluation("validation", model.validation)}
    if model.test is not None:
        figures |= _of_evaluation("test", model.test)
    return {**figures, "n_parameters": model.n_parameters, "seconds": model.seconds}


def _of_evaluation(part: str, evaluation: Evaluation) -> dict[str, float]:
    """Return the headline figures of an evaluation, with the 95 % interval of the accuracy."""
    return {
        f"{part}/accuracy": evaluation.accuracy.value,
        f"{part}/accuracy_low": evaluation.accuracy.low,
        f"{part}/accuracy_high": evaluation.accuracy.high,
        f"{part}/loss": evaluation.loss.value,
        f"{part}/macro_f1": evaluation.macro_f1.value,
    }
