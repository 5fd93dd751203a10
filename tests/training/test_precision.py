"""bfloat16 is chosen where it is right and gains; never on trust."""

from __future__ import annotations

import pytest
import torch
from tests.conftest import blobs
from torch import nn

from fashion_classifier.models.catalogue import build
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.training.precision import precision_by_instructions, probe_precision, wrong_in_bfloat16

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


def test_what_this_machine_computes_is_right():
    assert wrong_in_bfloat16(network().train(), *BATCH) == ""


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
    assert "times as fast" in choice.reason


def test_without_timing_the_choice_is_always_the_same():
    choices = {precision_by_instructions(network(), *BATCH).precision for _ in range(3)}
    assert len(choices) == 1
    assert precision_by_instructions(network(MlpConfig()), *BATCH).precision == "float32"
