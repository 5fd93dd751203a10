"""An ensemble is the mean of its members' probabilities, in PyTorch and as ONNX, and is described as data."""

from __future__ import annotations

import pytest
import torch
from tests.conftest import blobs

from fashion_classifier.errors import UsageError
from fashion_classifier.models.catalogue import build, config_from, settings_of
from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.ensemble import Ensemble, EnsembleConfig
from fashion_classifier.models.layers import ImageClassifier, channel_statistics
from fashion_classifier.models.mlp import MlpConfig

CONFIG = EnsembleConfig(member=CnnConfig(stem=4, widths=(8, 8)), members=3)


def test_members_have_weights_of_their_own_and_vote_by_probability():
    data = blobs(20)
    network = build(CONFIG, data.shape, 4, channel_statistics(data.images), seed=1).eval()
    images = torch.from_numpy(data.images)
    assert isinstance(network.body, Ensemble)
    members = network.body.members
    with torch.inference_mode():
        votes = [ImageClassifier(network.standardise, member)(images).softmax(1) for member in members]
        given = network(images)
    assert not torch.allclose(votes[0], votes[1])
    torch.testing.assert_close(given.exp(), torch.stack(votes).mean(0))
    torch.testing.assert_close(given.softmax(1), torch.stack(votes).mean(0))


@pytest.mark.parametrize("member", [CnnConfig(widths=(8, 16)), MlpConfig(hidden=(9,))])
def test_its_settings_survive_json(member):
    config = EnsembleConfig(member=member, members=2)
    settings = settings_of(config)
    assert settings["member"]["family"] == member.family
    assert config_from("ensemble", settings) == config


def test_an_ensemble_of_ensembles_is_refused():
    with pytest.raises(UsageError, match="must be one network"):
        EnsembleConfig(member=EnsembleConfig(), members=2)
    with pytest.raises(UsageError, match=r"members.*from 1 to 64"):
        EnsembleConfig(members=65)
    with pytest.raises(UsageError, match="no model family 'vit'"):
        config_from("ensemble", {"member": {"family": "vit"}, "members": 2})
