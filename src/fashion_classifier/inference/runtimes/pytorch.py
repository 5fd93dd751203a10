"""The network itself as a runtime, on whatever device it is."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from fashion_classifier.data.dataset import Images
from fashion_classifier.inference.runtimes.base import Logits, RuntimeName


@dataclass(frozen=True, eq=False)
class TorchRuntime:
    """Predicts with PyTorch.

    Parameters
    ----------
    network
        From grey levels to logits; images go to the device on which it is.
    precision
        "float32" or "bfloat16".
    """

    name: ClassVar[RuntimeName] = "torch"

    network: nn.Module
    precision: str = "float32"

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def batch_size(self) -> int:
        """Number of images that it is best given at once: on a CPU more of them fall out of its caches."""
        return 256 if self.device.type == "cpu" else 500

    def logits(self, images: Images) -> Logits:
        """Return a float32 array of shape (n, k)."""
        with evaluating(self.network), torch.inference_mode(), computing_in(self.precision, self.device):
            batch = torch.from_numpy(np.array(images)).to(self.device)
            found: Logits = self.network(batch).float().cpu().numpy()
        return found


def computing_in(precision: str, device: torch.device | str) -> AbstractContextManager[object]:
    """Return the context in which a network computes in this precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def has_instructions(device: str) -> bool | None:
    """Tell whether a device ("cpu", "cuda", "mps") computes in bfloat16; None where there is no way to know.

    Emulated, a step takes ten times as long as in float32.
    """
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu" or platform.machine().lower() not in {"x86_64", "amd64"}:
        return None
    used: str = torch.backends.cpu.get_cpu_capability()  # less than there is where somebody limits it
    return used == "AVX512" and bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 - no public way to ask


def precision_here(wanted: str, device: torch.device | str) -> str:
    """Return the precision to predict in: what a model wants, but float32 where bfloat16 would be emulated."""
    emulated = wanted == "bfloat16" and has_instructions(torch.device(device).type) is False
    return "float32" if emulated else wanted


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode, and back as it was."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)
