"""One recipe on its own: the budget picks it, and a time that it cannot keep is refused before it is used up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from tests.conftest import blobs

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.experiment.training import choose_recipe, train_one
from fashion_classifier.training.distributed import ALONE
from fashion_classifier.training.recipes.ladder import recipe_named

TIMED = RunConfig(minutes=1.0)
SPLIT = Split(blobs(300), blobs(60, seed=1), SealedTestSet(blobs(30, seed=2)))


MANY = SimpleNamespace(training=range(48_000))  # as far as choosing looks at it


def prepared(*, images_per_second=0.0, left_s=60.0, prediction_s=0.0, split=MANY, device="cpu", epoch_s=1e9):
    """What `prepare` gives, on a machine of this speed."""
    workshop = SimpleNamespace(
        images_per_second=images_per_second,
        prediction_seconds=lambda _recipe, _n: prediction_s,
        device=device,
        seconds_per_epoch=lambda _recipe, **_: epoch_s,
        group=ALONE,
    )
    return SimpleNamespace(workshop=workshop, split=split, clock=SimpleNamespace(left_s=left_s, used_s=9.0))


@pytest.mark.parametrize(
    ("images_per_second", "family", "name"),
    [
        (1_000, "auto", "one-minute"),
        (10_000, "auto", "two-minutes"),
        (20_000, "auto", "five-minutes"),
        (100_000, "auto", "half-hour"),
        (100_000, "cnn", "five-minutes"),
        (100_000, "mlp", "perceptron"),
        (1_000, "resnet", "residual"),
    ],
)
def test_a_faster_machine_takes_a_larger_recipe(images_per_second, family, name):
    given = prepared(images_per_second=images_per_second)
    assert choose_recipe(TIMED, given, family=family) == name


@pytest.mark.parametrize(("epoch_s", "name"), [(1.0, "data-centre"), (5.0, "wide"), (50.0, "one-minute")])
def test_a_gpu_takes_a_network_that_it_can_afford(epoch_s, name):
    given = prepared(images_per_second=1_000, device="cuda", epoch_s=epoch_s)
    assert choose_recipe(TIMED, given) == name
    assert choose_recipe(TIMED, given, family="cnn") == "one-minute"
    assert choose_recipe(TIMED, prepared(images_per_second=1_000, epoch_s=epoch_s)) == "one-minute"


def test_a_gpu_that_is_too_small_takes_a_smaller_network(monkeypatch):
    def out_of_memory(_recipe, n_steps):
        raise torch.OutOfMemoryError(f"{n_steps} steps do not fit")

    given = prepared(images_per_second=1_000, device="cuda")
    monkeypatch.setattr(given.workshop, "seconds_per_epoch", out_of_memory)
    assert choose_recipe(TIMED, given) == "one-minute"


def test_with_little_time_a_gpu_is_not_tried():
    assert (
        choose_recipe(TIMED, prepared(images_per_second=1_000, device="cuda", epoch_s=1e-3, left_s=15)) == "one-minute"
    )


def test_without_a_time_epochs_count():
    few, many = (RunConfig(minutes=None, trials=0, epochs=epochs) for epochs in (3.0, 30.0))
    assert choose_recipe(few, prepared()) == "one-minute"
    assert choose_recipe(many, prepared(), family="cnn") == "five-minutes"


def test_few_images_do_not_become_many_by_being_repeated():
    assert choose_recipe(TIMED, prepared(images_per_second=1e9, split=SPLIT)) == "one-minute"


def test_a_recipe_that_is_named_is_taken():
    assert choose_recipe(TIMED, prepared(images_per_second=1e9), name="initial") == "initial"
    with pytest.raises(UsageError, match="There is no recipe 'soup'"):
        choose_recipe(TIMED, prepared(), name="soup")


@pytest.mark.parametrize("on_everything", [False, True])
def test_a_time_that_is_over_is_told(tmp_path, on_everything):
    with pytest.raises(UsageError, match=r"no time left to train in: 9 s went .* Give more minutes"):
        train_one(
            recipe_named("one-minute"),
            TIMED,
            prepared(left_s=0.5, split=SPLIT),
            tmp_path / "model",
            on_everything=on_everything,
            progress=lambda *_: None,
        )


def test_a_time_that_judging_alone_would_use_up_is_refused(tmp_path):
    given = prepared(left_s=12.0, prediction_s=29.0, split=SPLIT)
    with pytest.raises(
        UsageError, match=r"60 cross-validation images takes about 29 s here, of 11 s .* at least 2 minutes"
    ):
        train_one(
            recipe_named("half-hour"),
            TIMED,
            given,
            tmp_path / "model",
            on_everything=False,
            progress=lambda *_: None,
        )
    assert not (tmp_path / "model").exists()
