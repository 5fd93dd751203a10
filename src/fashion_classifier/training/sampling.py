"""Which images each step learns from: newly mixed passes over the data, and after a while mostly over what is hard."""

from __future__ import annotations

import torch
from torch import Tensor

from fashion_classifier.seeds import derive_seed
from fashion_classifier.training.config import Focus

UNSEEN = float("inf")  # the loss of an image that no step has learned from: hardest of all


class BatchOrder:
    """The order in which images are learned from; a function of the seed and of the losses that it is told.

    Parameters
    ----------
    n_images
        Number of training images.
    batch_size
        Images a batch; what is left over at the end of a pass takes part in a later one.
    focus
        How the passes become shorter.
    seed
        Of the training.
    device
        Where the positions are wanted.
    losses
        How hard the images are, in nats, of shape (n_images,), where an earlier training tells it; the passes are short
        ones from the first then.
    """

    def __init__(
        self,
        n_images: int,
        batch_size: int,
        focus: Focus,
        *,
        seed: int,
        device: str = "cpu",
        losses: Tensor | None = None,
    ) -> None:
        self._batch_size, self._focus, self._seed = batch_size, focus, seed
        self._losses = (
            torch.full((n_images,), UNSEEN, device=device) if losses is None else losses.to(device, copy=True)
        )
        self._order = torch.empty(0, dtype=torch.int64, device=device)
        self._position = 0
        self._passes = 0 if losses is None else focus.after_passes

    def next_batch(self) -> Tensor:  # (batch_size,)
        """Return the positions of the next batch's images, int64."""
        if self._position + self._batch_size > len(self._order):
            self._order, self._position = self._new_pass(), 0
            self._passes += 1
        batch = self._order[self._position : self._position + self._batch_size]
        self._position += self._batch_size
        return batch

    def note(self, positions: Tensor, losses: Tensor) -> None:
        """Remember the losses, in nats, of images that were learned from; both of shape (batch_size,)."""
        self._losses[positions] = losses.float()

    @property
    def losses(self) -> Tensor:  # (n_images,)
        """Each image's loss, in nats, when it was last learned from; infinite for those that were not yet."""
        return self._losses

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Return what a continued training must know: tensors, and whole numbers."""
        return {"losses": self._losses, "order": self._order}, {"position": self._position, "passes": self._passes}

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, int]) -> None:
        """Go on from a state.

        Raises
        ------
        ValueError
            If it is of another number of images.
        """
        if tensors["losses"].shape != self._losses.shape:
            raise ValueError(f"it is of {len(tensors['losses'])} images, not of {len(self._losses)}")
        self._losses = tensors["losses"].to(self._losses.device)
        self._order = tensors["order"].to(self._losses.device)
        self._position, self._passes = numbers["position"], numbers["passes"]

    def _new_pass(self) -> Tensor:
        """Choose and mix the images of the next pass."""
        generator = torch.Generator().manual_seed(derive_seed(self._seed, "order", self._passes))
        n_images = len(self._losses)
        if self._passes < self._focus.after_passes or self._focus.share >= 1:
            chosen = torch.arange(n_images)
        else:
            ranked = self._losses.cpu().argsort(descending=True, stable=True)
            n_hardest = round(self._focus.hardest * n_images)
            others = ranked[n_hardest:]
            n_others = round(self._focus.others * len(others))
            chosen = torch.cat([ranked[:n_hardest], others[_mixed(len(others), generator)[:n_others]]])
        if len(chosen) < self._batch_size:  # a pass holds at least one batch
            chosen = torch.arange(n_images)
        return chosen[_mixed(len(chosen), generator)].to(self._losses.device)


def _mixed(n: int, generator: torch.Generator) -> Tensor:
    """Return the numbers below n in random order."""
    return torch.randperm(n, generator=generator)
