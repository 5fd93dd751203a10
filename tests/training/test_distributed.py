"""Two processes that train together end where one does, whatever happens to either."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.conftest import blobs
from tests.training.together import (
    CUT_OFF_AT,
    LIVELY,
    RECIPES,
    SPLIT,
    after,
    do_together,
    facts,
    layers,
    store_in,
    taught,
    told,
    train,
)

from fashion_classifier.errors import ModelError, UnavailableError, UsageError
from fashion_classifier.experiment.machine import choose_device, use_threads
from fashion_classifier.training.augmentation import augment
from fashion_classifier.training.checkpoint import CheckpointPlan
from fashion_classifier.training.distributed import Group, PeerLostError, joined
from fashion_classifier.training.objective import Objective

TOLERANCE = dict.fromkeys(RECIPES, 1e-4) | {"bfloat16": 0.2}  # of probabilities and losses; 2e-6 and 0.08 were seen
NAMES = [*RECIPES, "layers", "continued", "cut off", "in time", "led apart", "unlike", "killed"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what two processes made of all that they can do, after one alone was cut off."""
    folder = tmp_path_factory.mktemp("pair")
    train("cnn", stop_asked=after(CUT_OFF_AT), checkpoint=CheckpointPlan(folder / "alone"))
    assert do_together(folder, NAMES) == [0, -signal.SIGKILL]
    return folder


@pytest.fixture(scope="module")
def alone() -> dict[str, object]:
    """What one process makes of each recipe."""
    return {name: facts(train(name)) for name in RECIPES}


def assert_like(found, expected, tolerance):
    assert found["ended"] == expected["ended"]
    for name in ("answers", "losses"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=tolerance)
    for ours, theirs in zip(found["history"], expected["history"], strict=True):
        assert ours == pytest.approx(theirs, abs=max(tolerance, 1e-9))


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_end_where_one_does(pair, alone, name):
    assert_like(told(pair, name, 0), alone[name], TOLERANCE[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RECIPES, "cut off", "in time"])
def test_both_end_with_the_same_bits(pair, name):
    first, second = (told(pair, name, rank) for rank in range(2))
    assert first == second


@pytest.mark.slow
def test_layers_treat_a_batch_as_one(pair):
    expected = layers()
    for rank in range(2):
        found = told(pair, "layers", rank)
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.slow
def test_what_one_began_two_end(pair, alone):
    assert_like(told(pair, "continued", 0), alone["cnn"], TOLERANCE["cnn"])


@pytest.mark.slow
def test_what_two_began_one_ends(pair, alone):
    assert told(pair, "cut off", 0)["ended"] == [CUT_OFF_AT, CUT_OFF_AT, "it was interrupted"]
    assert not (pair / "together-1").exists()  # the first alone writes
    assert_like(facts(train("cnn", checkpoint=CheckpointPlan(pair / "together-0"))), alone["cnn"], TOLERANCE["cnn"])


@pytest.mark.slow
def test_time_is_the_first_ones(pair):
    n_steps, _, ended = told(pair, "in time", 0)["ended"]
    assert ended == "its time was up"
    assert n_steps >= 1


@pytest.mark.slow
def test_the_first_one_decides(pair):
    for rank in range(2):
        assert told(pair, "led apart", rank) == {"weights": [0.0] * 3, "decision": {"by": 0}, "content": "b''"}


@pytest.mark.slow
def test_whoever_is_about_to_train_something_else_says_so(pair):
    assert told(pair, "unlike", 0) == {"said": ""}
    said = told(pair, "unlike", 1)["said"]
    assert "Process 1 of 2" in said
    assert "the data (data 0 there, data 1 here)" in said
    assert "PyTorch" not in said


@pytest.mark.slow
def test_when_one_is_killed_the_other_says_so(pair):
    found = told(pair, "killed", 0)
    assert "one has ended (one without a word: it was killed" in found["said"]
    assert (found["code"], found["asked"]) == (4, CUT_OFF_AT + 1)


def test_one_on_each_machine_tells_what_went_wrong_with_whom(tmp_path):
    store = store_in(tmp_path, 3)
    first, second, third = (Group(rank, 3, machine=int(rank == 2), store=store) for rank in range(3))
    assert second.may_tell("no such file.")
    assert not first.may_tell("one has ended")
    assert third.may_tell("one has ended")
    said = str(first._lost(RuntimeError("Connection closed. GLHF!\nat some place")))
    assert "one has ended (process 1, on " in said
    assert ": no such file). Start" in said
    assert said.endswith("Connection closed")


def test_a_process_alone_is_not_slowed_down_by_others_that_are_not_there():
    group = Group(store=SimpleNamespace())  # whatever was asked of it would fail
    rows, network = torch.arange(6.0), torch.nn.Linear(1, 1)
    group.add_up([rows])
    group.align(network)
    assert group.whole(rows, 6) is rows
    assert group.decided(lambda: network) is network
    assert group.agreed(None) is None


@pytest.mark.parametrize("n", [2, 7, 64])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_image_has_one_process(n, size):
    parts = [list(range(n))[Group(rank, size).part(n)] for rank in range(size)]
    assert list(chain.from_iterable(parts)) == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_an_image_is_changed_alike_in_whichever_part_it_is():
    images = torch.from_numpy(blobs(9).images)
    whole = augment(images, LIVELY.augmentation, torch.Generator().manual_seed(1))
    for rank in range(2):
        part = Group(rank, 2).part(9)
        own = augment(images[part], LIVELY.augmentation, torch.Generator().manual_seed(1), part, 9)
        assert torch.equal(own, whole[part])


@pytest.mark.parametrize("weights", ["none", "balanced"])
@pytest.mark.parametrize("teacher", [None, taught().probabilities])
def test_parts_of_a_loss_add_up_to_the_whole(weights, teacher):
    torch.manual_seed(0)
    config = replace(LIVELY, class_weights=weights)
    objective = Objective.of(config, SPLIT.training, teacher, "cpu")
    logits, labels, index = torch.randn(9, 3), torch.arange(9) % 3 % 2, torch.arange(9)
    whole = objective(logits, labels, index, slice(0, 9))
    parts = [Group(rank, 2).part(9) for rank in range(2)]
    torch.testing.assert_close(sum(objective(logits[part], labels, index, part) for part in parts), whole)


def test_more_processes_than_a_batch_has_images_are_refused():
    with pytest.raises(UsageError, match="A batch has 8 images, too few for 9 processes"):
        Group(0, 9).check_shares(8)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "two"},
        {"RANK": "2", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"},
        {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "1"},
    ],
)
def test_an_environment_that_tells_no_place_is_refused(environment):
    with pytest.raises(UsageError, match="let torchrun start them"), joined(environment):
        pass


def test_processes_share_the_cores_and_have_a_gpu_each(monkeypatch):
    before = torch.get_num_threads()
    pair = Group(1, 2, 1, 2)
    monkeypatch.setattr("fashion_classifier.experiment.machine.available_cores", lambda: 6)
    try:
        assert [use_threads(0, pair), use_threads(2, pair), use_threads(6, pair), use_threads(0)] == [3, 2, 3, 6]
    finally:
        torch.set_num_threads(before)
    taken: list[int] = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.set_device", taken.append)
    assert choose_device("auto", pair) == "cuda"
    assert choose_device("cpu", pair) == "cpu"
    assert taken == [1]
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(UnavailableError, match="2 processes on this machine and 1 GPUs"):
        choose_device("auto", pair)


def test_apples_gpu_is_left_to_one_process(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert choose_device("auto", Group(0, 2)) == "cpu"
    assert choose_device("auto") == "mps"
    with pytest.raises(UnavailableError, match="cannot be shared"):
        choose_device("mps", Group(0, 2))


def test_a_checkpoint_of_another_training_is_not_continued(tmp_path):
    plan = CheckpointPlan(tmp_path / "state", of="this one")
    train("mlp", stop_asked=after(2), checkpoint=plan)
    with pytest.raises(ModelError, match=r"cannot be continued .* with other data, recipe, seed or epochs"):
        train("mlp", checkpoint=CheckpointPlan(plan.path, of="that one"))


PARTED = """
import os
from pathlib import Path
from torch import distributed
from fashion_classifier.training.distributed import joined

def threads():
    return [name for task in Path("/proc/self/task").iterdir() if "gloo" in (name := (task / "comm").read_text())]

places = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
with joined(places, distributed.HashStore()):
    import torch._dynamo  # as an optimizer does
    assert threads()
assert not threads(), threads()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a process's threads are called")
def test_nothing_of_a_group_is_left_after_it():
    subprocess.run([sys.executable, "-c", PARTED], check=True, timeout=120)


def test_a_lost_process_ends_a_command_with_a_code_of_its_own():
    assert PeerLostError.exit_code == 4
