"""The search finds, prunes, survives failures, and goes on as if it had never stopped."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import DataError, UsageError
from fashion_classifier.evaluation.comparison import compare
from fashion_classifier.training.early_stopping import StopReason
from fashion_classifier.training.outcome import DivergedError
from fashion_classifier.training.recipes.ladder import LADDERS
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning import sharing
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.sharing import CLAIM, INTERRUPTED, MOST_CUT_OFFS
from fashion_classifier.tuning.space import known_recipes, point_of, recipe_of, suggest_recipe
from fashion_classifier.tuning.storage import StudyFolder
from fashion_classifier.tuning.study import CONFIRMATION, SEARCH, Search
from fashion_classifier.tuning.trials import read_labels

CONFIG = TuneConfig(trials=5, epochs=0.5, families=("mlp", "cnn"))


@pytest.fixture(scope="module")
def split() -> Split:
    return Split(blobs(400), blobs(150, seed=1), SealedTestSet(blobs(50, seed=2)))


@pytest.fixture(scope="module")
def whole(split, tmp_path_factory) -> Search:
    """An exact search that nobody interrupted."""
    search = Search(tmp_path_factory.mktemp("whole"), Workshop(split, exact=True), CONFIG)
    search.run()
    return search


def outcome(search: Search):
    return [
        (trial.index, trial.state, trial.params, trial.accuracy, trial.loss)
        for purpose in ("search", CONFIRMATION)
        for trial in search.trials(purpose)
    ]


@pytest.mark.parametrize("n_images", [0.0, 1e6, 1e9])
def test_the_first_trials_are_the_recipes_that_are_known(n_images):
    known = known_recipes(tuple(LADDERS), n_images)
    for recipe in known.values():
        found = recipe_of(point_of(recipe), known)
        assert found.model == recipe.model
        training = replace(recipe.training, epochs=10.0, validations=0, views="mirrored")
        assert found.training == training


def test_without_mirror_images_no_point_mirrors():
    known = known_recipes(("cnn",), 1e6)
    found = recipe_of(point_of(known["cnn"]), known, mirror=False)
    assert not found.training.augmentation.mirror
    assert found.training.views == "single"


def test_what_would_change_nothing_is_not_searched():
    known = known_recipes(tuple(LADDERS), 0.0)
    named = {family: f"{family}_focus_hardest" in point_of(recipe) for family, recipe in known.items()}
    assert named == {"cnn": True, "mlp": False, "resnet": True}


def test_a_search_ends_with_a_choice_made_on_other_seeds(split, tmp_path):
    told = []
    search = Search(tmp_path, Workshop(split), CONFIG)
    search.run(on_trial=lambda trial, model: told.append((trial.purpose, trial.index, model is not None)))
    trials, confirmations = search.trials(), search.trials(CONFIRMATION)
    assert [trial.index for trial in trials] == [0, 1, 2, 3, 4]
    assert {trial.params["family"] for trial in trials} == {"mlp", "cnn"}
    assert len(confirmations) == min(3, sum(trial.state == "complete" for trial in trials))
    assert confirmations[0].params["confirms"] == 0
    assert len(told) == len(trials) + len(confirmations)
    chosen = search.chosen()
    judged = {trial.params["confirms"]: trial for trial in confirmations}
    assert search.recipe(chosen).model.family == chosen.params["family"]
    pair = search.paired_predictions(chosen)
    if chosen.index:
        labels = split.validation.labels
        assert compare(labels, *pair).verdict == "better"
        assert (pair[1] == labels).mean() == pytest.approx(judged[chosen.index].accuracy)
        assert (pair[0] == labels).mean() == pytest.approx(confirmations[0].accuracy)
    else:
        assert pair is None
    assert not split.test.openings


def test_a_stopped_search_goes_on_to_the_same_trials(split, whole, tmp_path):
    for limit in (1, 3, 4):
        Search(tmp_path / "parted", Workshop(split, exact=True), replace(CONFIG, trials=limit, finalists=1)).run()
    asked = iter(range(10_000))
    interrupted = Search(tmp_path / "parted", Workshop(split, exact=True), CONFIG)
    interrupted.run(stop_asked=lambda: StopReason.INTERRUPTED if next(asked) > 2 else None)
    abandoned = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / 'parted' / 'study.db'}")
    abandoned.ask()  # as a killed process leaves it: a trial that nobody works on
    resumed = Search(tmp_path / "parted", Workshop(split, exact=True), CONFIG)
    resumed.run()
    assert outcome(resumed) == outcome(whole)
    assert resumed.chosen().index == whole.chosen().index


@pytest.mark.parametrize(
    "n_before", [pytest.param(2, marks=pytest.mark.slow), 3, pytest.param(5, marks=pytest.mark.slow)]
)
def test_an_exact_search_that_is_interrupted_between_trials_ends_as_if_it_had_not_been(
    split, whole, tmp_path, n_before
):
    parted = Search(tmp_path / "parted", Workshop(split, exact=True), CONFIG)
    parted.run(stop_asked=lambda: StopReason.INTERRUPTED if len(parted.trials()) >= n_before else None)
    assert len(parted.trials()) == n_before
    resumed = Search(tmp_path / "parted", Workshop(split, exact=True), CONFIG)
    resumed.run()
    assert outcome(resumed) == outcome(whole)


def test_a_confirmation_that_failed_is_not_made_again(split, tmp_path, monkeypatch):
    train = Workshop.train

    def failing(self, recipe, **settings):
        if settings["task"].startswith("Confirmation 1"):
            raise DivergedError("The loss is nan at step 3: the training has diverged. Lower the learning rate.")
        return train(self, recipe, **settings)

    monkeypatch.setattr(Workshop, "train", failing)
    Search(tmp_path, Workshop(split, exact=True), CONFIG).run()
    monkeypatch.setattr(Workshop, "train", train)
    again = Search(tmp_path, Workshop(split, exact=True), CONFIG)
    before = outcome(again)
    again.run()
    assert outcome(again) == before
    assert [trial.state for trial in again.trials(CONFIRMATION)].count("failed") == 1


def test_a_failing_trial_is_recorded_and_does_not_stop_the_search(split, tmp_path, monkeypatch):
    train = Workshop.train

    def sometimes(self, recipe, **settings):
        if recipe.model.family == "mlp":
            raise DivergedError("The loss is nan at step 3: the training has diverged. Lower the learning rate.")
        return train(self, recipe, **settings)

    monkeypatch.setattr(Workshop, "train", sometimes)
    search = Search(tmp_path, Workshop(split), replace(CONFIG, trials=3, finalists=1))
    search.run()
    states = {trial.params["family"]: (trial.state, trial.reason) for trial in search.trials()}
    assert states["mlp"] == (
        "failed",
        "DivergedError: The loss is nan at step 3: the training has diverged. Lower the learning rate.",
    )
    assert search.chosen().params["family"] == "cnn"


@pytest.mark.parametrize("too_often", [False, True])
def test_a_trial_that_ends_its_processes_again_and_again_is_given_up(split, tmp_path, too_often):
    search = Search(StudyFolder(tmp_path), Workshop(split, exact=True), CONFIG)
    study = search._studies[SEARCH]
    for interrupted in [False] * (MOST_CUT_OFFS - 1 + too_often) + [True] * 3:  # a person may interrupt it at will
        attributes = {CLAIM: 1} | ({INTERRUPTED: True} if interrupted else {})
        study.add_trial(optuna.trial.create_trial(state=TrialState.FAIL, user_attrs=attributes))
    search.run()
    states = {trial.index: (trial.state, trial.reason) for trial in search.trials()}
    assert [state for index, (state, _) in states.items() if index != 1].count("failed") == 0
    assert (states[1][0] == "failed") == too_often
    assert (f"{MOST_CUT_OFFS} processes ended while they made it" in states[1][1]) == too_often


def test_a_trial_that_falls_silent_in_the_very_turn_of_another_keeps_its_index(split, tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "HEARTBEAT_S", 1)
    monkeypatch.setattr(sharing, "GRACE_S", 1)
    workshop = Workshop(split, exact=True)
    Search(tmp_path, workshop, replace(CONFIG, trials=2, finalists=1)).run()  # those that are known
    search = Search(tmp_path, workshop, CONFIG, alone=False)
    study = search._studies[SEARCH]
    study.enqueue_trial({**point_of(search.known["cnn"]), "cnn_learning_rate_muon": 0.0321})
    with pytest.warns(UserWarning, match="Heartbeat"):
        lost = study.ask()
    lost.set_user_attr(CLAIM, 2)
    suggest_recipe(lost, search.known, mirror=True)
    study._storage.record_heartbeat(lost._trial_id)  # type: ignore[attr-defined]
    looked: list[optuna.Study] = []

    def looking(study):
        queue_stale(study)
        looked.append(study)
        if len(looked) == 1:
            time.sleep(2.5)  # for Optuna it is silent a moment later, when trial 3 has been chosen

    queue_stale = sharing.queue_stale
    monkeypatch.setattr(sharing, "queue_stale", looking)
    search.run()
    trials = search.trials()
    assert [trial.index for trial in trials] == list(range(CONFIG.trials))
    assert trials[2].params == lost.params
    assert len(search.confirmed()) == len(search.finalists())


def test_time_ends_a_search(split, tmp_path):
    config = TuneConfig(seconds=1e-2, trial_seconds=0.2, epochs=100, families=("mlp",), finalists=1)
    search = Search(tmp_path, Workshop(split), config)
    search.run()
    assert len(search.trials()) == 1  # of the first nothing is known, so it is made in any case


@pytest.fixture
def given(monkeypatch):
    """The seconds that each training is given, by its task; each trains for the same few steps."""
    noted = []
    train = Workshop.train

    def noting(self, recipe, **settings):
        noted.append((settings["task"].split()[0], settings["seconds"]))
        return train(self, recipe, **{**settings, "seconds": None, "epochs": 0.5})

    monkeypatch.setattr(Workshop, "train", noting)
    return noted


def test_where_time_limits_a_search_its_finalists_share_what_the_trials_have_left(split, tmp_path, given):
    config = TuneConfig(seconds=60, trial_seconds=0.05, trials=3, families=("mlp",))
    begin = time.perf_counter()
    Search(tmp_path, Workshop(split), config).run()
    used = time.perf_counter() - begin
    confirmations = [seconds for task, seconds in given if task == "Confirmation"]
    assert len(confirmations) == 2  # a third of the minute is too little for each of three
    assert len(set(confirmations)) == 1
    assert (60 - used) / 2 - 5 < confirmations[0] < 30


def test_much_time_confirms_a_third_finalist(split, tmp_path, given):
    Search(tmp_path, Workshop(split), TuneConfig(seconds=600, trial_seconds=0.05, trials=5, families=("mlp",))).run()
    confirmations = [seconds for task, seconds in given if task == "Confirmation"]
    assert len(confirmations) == 3
    assert 150 < confirmations[0] < 200


def test_only_confirmations_of_one_length_are_compared(split, tmp_path, given):
    config = TuneConfig(seconds=60, trial_seconds=0.05, trials=3, families=("mlp",))
    first = Search(tmp_path, Workshop(split), config)
    first.run()
    assert len(first.confirmed()) == len(first.trials(CONFIRMATION)) == 2
    longer = Search(tmp_path, Workshop(split), replace(config, trials=4, seconds=80))
    longer.run()
    assert len(longer.trials(CONFIRMATION)) == 4
    assert [trial.index for trial in longer.confirmed()] == [2, 3]
    again = Search(tmp_path, Workshop(split), replace(config, trials=4, seconds=80))
    again.run()  # nothing is left to do
    assert len(again.trials(CONFIRMATION)) == 4


def test_a_search_that_was_cut_off_confirms_the_others_as_it_confirmed_the_first(split, tmp_path, given):
    config = TuneConfig(seconds=60, trial_seconds=0.05, trials=3, families=("mlp",))
    search = Search(tmp_path, Workshop(split), config)
    search.run(stop_asked=lambda: StopReason.INTERRUPTED if len(search.trials(CONFIRMATION)) else None)
    Search(tmp_path, Workshop(split), replace(config, seconds=600)).run()
    first, second = (seconds for task, seconds in given if task == "Confirmation")
    assert first == second


def test_confirmations_count_until_another_round_can_be_compared(split, tmp_path, given):
    config = TuneConfig(seconds=60, trial_seconds=0.05, trials=3, families=("mlp",))
    first = Search(tmp_path, Workshop(split), config)
    first.run()
    more = Search(tmp_path, Workshop(split), replace(config, trials=4))
    more.run(stop_asked=lambda: StopReason.INTERRUPTED if len(more.trials(CONFIRMATION)) == 3 else None)
    assert len(more.trials(CONFIRMATION)) == 3
    assert [trial.index for trial in more.confirmed()] == [0, 1]


def test_confirmations_that_a_busy_machine_cut_off_choose_nothing(split, tmp_path, monkeypatch):
    train = Workshop.train

    def hindered(self, recipe, **settings):
        cut_off = {"epochs": 0.05} if settings["task"].startswith("Confirmation") else {}
        return train(self, recipe, **{**settings, "seconds": None, **cut_off})

    monkeypatch.setattr(Workshop, "train", hindered)
    search = Search(tmp_path, Workshop(split), TuneConfig(seconds=60, trial_seconds=5.0, trials=3, epochs=1.0))
    search.run()
    assert len(search.trials(CONFIRMATION)) == 2
    assert search.confirmed() == []
    chosen = search.chosen()
    pair = search.paired_predictions(chosen)
    assert chosen.index == 0 or (pair[1] == split.validation.labels).mean() == pytest.approx(chosen.accuracy)


def test_a_challenger_that_was_behind_in_the_search_does_not_win_by_its_confirmation_alone(
    split, tmp_path, monkeypatch
):
    train, told = Workshop.train, []

    def hindered(self, recipe, **settings):
        told.append(settings["task"])
        if settings["task"].startswith(("Trial 1", "Confirmation 0")):  # learns nothing, in as many steps
            recipe = replace(recipe, training=replace(recipe.training, learning_rate=1e-9))
        return train(self, recipe, **settings)

    monkeypatch.setattr(Workshop, "train", hindered)
    search = Search(tmp_path, Workshop(split), TuneConfig(trials=2, epochs=1.0, families=("mlp",)))
    search.run()
    first, second = search.trials()
    known, challenger = search.confirmed()
    assert second.accuracy < first.accuracy
    assert known.accuracy < challenger.accuracy
    assert search.chosen().index == 0


def test_importance_is_told_per_family(split, tmp_path, monkeypatch):
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda **_: optuna.pruners.NopPruner())  # all are complete
    search = Search(tmp_path, Workshop(split), TuneConfig(trials=9, epochs=0.3, families=("mlp",), finalists=1))
    search.run()
    shares = search.importance()["mlp"]
    assert "dropout" in shares
    assert all(np.isfinite(share) and share >= 0 for share in shares.values())
    assert sum(shares.values()) == pytest.approx(1)
    assert not any(name.startswith("mlp_") for name in shares)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"trials": 3, "families": ("tree",)},
            "The search knows the families cnn, mlp, resnet, but got tree",
        ),
        ({"trials": 0}, "`trials >= 1` must hold"),
        ({}, "A search needs an end"),
    ],
)
def test_impossible_searches_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        TuneConfig(**settings)


HARMS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda file: file.write_bytes(b""),
    "half": lambda file: os.truncate(file, 150),
    "text": lambda file: file.write_text("0 1 2"),
    "an archive": lambda file: file.write_bytes(b"PK\3\4" * 9),
    "objects": lambda file: np.save(file, np.array([None, {}])),
    "fewer images": lambda file: np.save(file, np.zeros(3, np.int32)),
    "rows": lambda file: np.save(file, np.zeros((150, 1), np.int32)),
    "no whole numbers": lambda file: np.save(file, np.zeros(150)),
    "no such class": lambda file: np.save(file, np.full(150, 3, np.int32)),
    "negative": lambda file: np.save(file, np.full(150, -1, np.int32)),
    "gigabytes": lambda file: os.truncate(file, 5 << 40),
}


@pytest.mark.parametrize("harm", HARMS)
def test_damaged_answers_of_a_trial_are_told_with_their_place_and_what_to_do(tmp_path, harm):
    file = tmp_path / "search-0001.npy"
    np.save(file, np.arange(150, dtype=np.int32) % 3)
    kept = StudyFolder(tmp_path).kept
    assert read_labels(kept(file.name), str(file), 150, 3).tolist() == [number % 3 for number in range(150)]
    HARMS[harm](file)
    with pytest.raises(DataError) as told:
        read_labels(kept(file.name), str(file), 150, 3)
    assert str(told.value).startswith(str(file))
    assert str(told.value).endswith("Search anew.")


def test_a_search_tells_of_a_trial_whose_answers_are_damaged(whole, split, tmp_path):
    folder = shutil.copytree(whole.storage.folder, tmp_path / "search")
    for file in (folder / "trials").iterdir():
        os.truncate(file, 100)
    search = Search(folder, Workshop(split, exact=True), CONFIG)
    complete = next(trial for trial in search.trials() if trial.state == "complete")
    with pytest.raises(DataError, match=r"trials/search-.*\.npy: a trial's answers cannot be read"):
        search.predicted(complete)
