"""bfloat16 is chosen where it is right and gains; never on trust."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from tests.conftest import blobs
from torch import nn

from fashion_classifier.data.dataset import SealedTestSet
from fashion_classifier.data.split import Split
from fashion_classifier.inference.runtimes.pytorch import has_instructions, precision_here
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.models.resnet import ResnetConfig
from fashion_classifier.training.config import TrainConfig
from fashion_classifier.training.precision import (
    precision_by_instructions,
    probe_precision,
    wrong_in_bfloat16,
)
from fashion_classifier.training.recipes.recipe import Recipe
from fashion_classifier.training.train import Workshop

needs_bfloat16 = pytest.mark.skipif(has_instructions("cpu") is False, reason="this processor has no bfloat16")
DATA = blobs(64)
BATCH = torch.from_numpy(DATA.images), torch.from_numpy(DATA.labels)


def network(config=None):
    return build(config or CnnConfig(stem=16, widths=(16, 16)), DATA.shape, 3, channel_statistics(DATA.images), seed=0)


class WrongInBfloat16(nn.Module):
    """A layer as some builds had it: right in float32, wrong in bfloat16, forwards or backwards."""

    def __init__(self, *, backwards: bool) -> None:
        super().__init__()
        self.backwards = backwards

    def forward(self, x):
        if not torch.is_autocast_enabled("cpu"):
            return x
        return -x + 2 * x.detach() if self.backwards else x.flip(0)


class DropoutOfAnotherGenerator(nn.Dropout):
    """As on a GPU: what PyTorch's generator on the CPU does has no part in it."""

    generator = torch.Generator().manual_seed(0)

    def forward(self, x):
        return x * (torch.rand(x.shape, generator=self.generator) > self.p) if self.training else x


def test_what_this_machine_computes_is_right():
    assert wrong_in_bfloat16(network().train(), *BATCH) == ""


def test_dropout_is_not_taken_for_wrong_arithmetic():
    module = network().train()
    module.body.insert(1, DropoutOfAnotherGenerator(0.5))
    assert wrong_in_bfloat16(module, *BATCH) == ""


@needs_bfloat16
@pytest.mark.parametrize("backwards", [False, True])
def test_wrong_values_are_noticed(backwards):
    module = network()
    module.body.insert(1, WrongInBfloat16(backwards=backwards))
    for choose in (probe_precision, precision_by_instructions):
        assert choose(module, *BATCH).precision == "float32"
    assert ("gradient" if backwards else "logits") in probe_precision(module, *BATCH).reason


def test_probing_does_not_touch_the_network():
    module = network()
    before = [tensor.clone() for tensor in module.state_dict().values()]
    choice = probe_precision(module, *BATCH)
    assert all(torch.equal(a, b) for a, b in zip(before, module.state_dict().values(), strict=True))
    assert all(parameter.grad is None for parameter in module.parameters())
    assert choice.images_per_s > 0


def test_what_a_processor_would_only_emulate_is_not_tried():
    script = (
        "from tests.training.test_precision import *\n"
        "for choose in (probe_precision, precision_by_instructions):\n"
        "    print(has_instructions('cpu'), choose(network(), *BATCH).precision)\n"
        "print(has_instructions('cpu'), precision_here('bfloat16', 'cpu'))\n"
    )
    limited = {**os.environ, "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([sys.executable, "-c", script], env=limited, capture_output=True, text=True, check=True)
    known = "None" if has_instructions("cpu") is None else "False"
    assert [line.split()[0] for line in done.stdout.splitlines()] == [known, known, known]
    if known == "False":
        assert set(done.stdout.split()) == {"False", "float32"}


@needs_bfloat16
def test_a_model_predicts_in_its_own_precision():
    assert precision_here("bfloat16", "cpu") == "bfloat16"
    assert precision_here("float32", "cpu") == "float32"


def test_without_timing_the_choice_is_always_the_same():
    choices = {precision_by_instructions(network(), *BATCH).precision for _ in range(3)}
    assert len(choices) == 1
    assert precision_by_instructions(network(MlpConfig()), *BATCH).precision == "float32"


def test_tiny_images_are_computed_in_float32():
    """A residual network would come to maps of one pixel, whose bfloat16 gradients are not defined."""
    tiny = blobs(40, size=6)
    workshop = Workshop(Split(tiny, blobs(12, size=6, seed=1), SealedTestSet(blobs(12, size=6, seed=2))))
    recipe = Recipe(ResnetConfig(), TrainConfig(epochs=1, batch_size=8))
    assert workshop.precision_for(recipe, tiny).precision == "float32"
    trained = [workshop.train(recipe, seed=0).validation_probabilities for _ in range(2)]
    assert np.array_equal(trained[0], trained[1])
