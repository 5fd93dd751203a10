"""The data on which a model is judged: split as when it was made, and prepared as nobody but the person says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fashion_classifier.errors import ModelError
from fashion_classifier.experiment import judging
from fashion_classifier.experiment.judging import Opened, open_model, prepare_for
from fashion_classifier.experiment.preparation import prepare
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.progress import silent


@pytest.fixture
def prepared(monkeypatch) -> list[RunConfig]:
    """Note with which settings data is prepared."""
    configs = []

    def note(config: RunConfig, **settings: Any):
        configs.append(config)
        return prepare(config, **settings)

    monkeypatch.setattr(judging, "prepare", note)
    return configs


def opened(finished_run, split: object) -> Opened:
    """Return a model of no run that says so of the split of its data."""
    found = open_model(finished_run / "optimized")
    return replace(found, run=None, model=replace(found.model, provenance={**found.model.provenance, "split": split}))


def judged(model: Opened, finished_run, seed: int = 0):
    data = str(finished_run.parent / "things.npz")
    return prepare_for(model, data, group_by=None, seed=seed, used_s=0.0, progress=silent)


def test_data_is_prepared_once_where_it_was_split_then_as_it_is_now(finished_run, prepared):
    split = {"seed": 0, "validation_fraction": 0.2, "group_by": None}
    judged(opened(finished_run, split), finished_run)
    judged(opened(finished_run, split), finished_run, seed=3)
    assert [config.seed for config in prepared] == [0, 3, 0]


@pytest.mark.parametrize("split", ["seed", [], {"data": "elsewhere.npz"}, {"seed": "0"}, {"device": "cuda"}])
def test_a_model_says_nothing_else_of_how_data_is_prepared(finished_run, prepared, split):
    with pytest.raises(ModelError, match="how its data was split is told as"):
        judged(opened(finished_run, split), finished_run)
    assert len(prepared) == 1


@pytest.mark.parametrize("split", [{"validation_fraction": 7}, {"validation_fraction": float("nan")}])
def test_a_split_that_cannot_be_is_the_models_fault(finished_run, prepared, split):
    model = opened(finished_run, split)
    with pytest.raises(ModelError, match="this is no usable model") as error:
        judged(model, finished_run)
    assert str(model.path) in str(error.value)
    assert len(prepared) == 1
