"""Several networks of one kind that vote: the mean of their probabilities (arXiv:1612.01474)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from fashion_classifier.models.cnn import CnnConfig
from fashion_classifier.models.settings import ModelConfig, check_counts, report

MOST_MEMBERS = 64


@dataclass(frozen=True, kw_only=True)
class EnsembleConfig:
    """Networks of one architecture, each with weights of its own.

    Parameters
    ----------
    member
        The architecture of each; no ensemble itself.
    members
        How many there are.
    """

    family: ClassVar[str] = "ensemble"
    member: ModelConfig = field(default_factory=CnnConfig)
    members: int = 4

    def __post_init__(self) -> None:
        nested = "`member` must be one network, but got an ensemble" if self.member.family == self.family else None
        report(self, check_counts("members", [self.members], largest=MOST_MEMBERS), nested)


class Ensemble(nn.Module):
    """The logarithm of the mean of several networks' probabilities, which serves as logits.

    Parameters
    ----------
    members
        Networks from standardised images of shape (B, C, H, W) to logits of shape (B, k).
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:  # (B, C, H, W)
        """Return logits of shape (B, k)."""
        votes = torch.stack([member(images).float().log_softmax(1) for member in self.members])
        return votes.logsumexp(0) - math.log(len(self.members))
