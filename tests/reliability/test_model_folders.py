"""Model folders are data, never code: whatever lies in one is used as it was written, or refused with a reason."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.shelves import accuracy, put_model
from tests.reliability.harms import (
    CLAIMS,
    DESCRIPTIONS,
    FOLDERS,
    GRAPHS,
    NO_PLAIN_FILE,
    NOT_AS_WRITTEN,
    WEIGHTS,
    Harm,
    changed,
    gigabytes_from_nothing,
    graph,
    grown,
    linked,
    oversized,
    truncated,
)

from fashion_classifier.errors import ModelError
from fashion_classifier.inference.bundle import Model, load_model
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.runtimes.base import RuntimeName
from fashion_classifier.inference.shelf import model_facts

DATA = blobs(40)


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    return put_model(tmp_path_factory.mktemp("sound") / "model", test=accuracy(0.9))


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "model"))


def ways_to_open(folder: Path) -> list[Callable[[], Model | OpenedModel]]:
    runtimes: tuple[RuntimeName, ...] = ("torch", "onnx", "openvino")
    return [partial(load_model, folder), *(partial(open_model, folder, runtime, threads=1) for runtime in runtimes)]


MEASURED = """
import json, resource, sys
from pathlib import Path
from fashion_classifier.errors import ModelError
from fashion_classifier.inference.bundle import load_model
from fashion_classifier.inference.opening import open_model

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)

ways = {"load": load_model, "open": open_model}
for way in ways.values():
    way(Path(sys.argv[1]))
before, n_refused = peak(), 0
for way, folder in json.loads(sys.argv[2]):
    try:
        ways[way](Path(folder))
    except ModelError:
        n_refused += 1
print(json.dumps([peak() - before, n_refused]))
"""


def test_a_sound_folder_is_opened_in_every_way(folder):
    expected = load_model(folder).predict(DATA.images)
    for way in ways_to_open(folder):
        assert np.abs(way().predict(DATA.images) - expected).max() < 1e-5
    assert model_facts(folder).accuracy.value == 0.9


@pytest.mark.parametrize("what", FOLDERS | DESCRIPTIONS)
def test_a_folder_that_is_not_as_it_was_written_or_cannot_be_is_opened_by_nobody(folder, what):
    harm, reason = (FOLDERS | DESCRIPTIONS)[what]
    harm(folder)
    for way in ways_to_open(folder):
        with pytest.raises(ModelError, match=reason) as caught:
            way()
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_do_not_fit_are_not_used(folder, what):
    harm, reason = WEIGHTS[what]
    harm(folder)
    for way in ways_to_open(folder)[:2]:
        with pytest.raises(ModelError, match=reason) as caught:
            way()
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("runtime", ["onnx", "openvino", "auto"])
@pytest.mark.parametrize("what", GRAPHS)
def test_graphs_that_are_not_ours_reach_no_runtime(folder, what, runtime):
    harm, reason = GRAPHS[what]
    harm(folder)
    with pytest.raises(ModelError, match=reason):
        open_model(folder, runtime, threads=1)


@pytest.mark.parametrize("name", ["model.json", "record.json"])
@pytest.mark.parametrize("harm", [changed, truncated, grown, oversized, linked])
def test_what_a_folder_says_of_itself_is_checked_too(folder, name, harm):
    harm(name)(folder)
    with pytest.raises(ModelError, match=f"{NOT_AS_WRITTEN}|{NO_PLAIN_FILE}|at most .* are read"):
        model_facts(folder)


def test_a_claim_of_gigabytes_takes_no_memory(sound, tmp_path):
    """Measured in a process of its own, which has opened a sound model before."""
    bombs: dict[str, tuple[str, Harm]] = {
        "a file of terabytes": ("load", oversized("weights.safetensors")),
        "a graph that asks for 16 GB": ("open", graph(gigabytes_from_nothing)),
        **{name: ("load", WEIGHTS[name][0]) for name in CLAIMS},
    }
    plan = []
    for number, (way, harm) in enumerate(bombs.values()):
        folder = Path(shutil.copytree(sound, tmp_path / str(number)))
        harm(folder)
        plan.append((way, str(folder)))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(sound), json.dumps(plan)], capture_output=True, text=True, check=True
    )
    megabytes, n_refused = json.loads(done.stdout)
    assert n_refused == len(bombs) == 7
    assert megabytes < 100
