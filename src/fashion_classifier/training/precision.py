"""Which precision this machine gains by: decided by a short probe, or, where bits must repeat, by its instructions."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fashion_classifier.inference.predictor import computing_in

GAIN = 1.15  # bfloat16 must be so much faster to be worth its rounding
TOLERANCE = 0.1  # largest deviation of logits, as a share of their standard deviation


@dataclass(frozen=True)
class PrecisionChoice:
    """What the probe found.

    Parameters
    ----------
    precision
        "float32" or "bfloat16".
    reason
        A sentence with the measured figures.
    """

    precision: str
    reason: str


def probe_precision(network: nn.Module, images: Tensor, labels: Tensor) -> PrecisionChoice:
    """Time a few training steps of a copy of `network` in both precisions and compare their logits.

    Parameters
    ----------
    network
        On the device on which it will be trained.
    images, labels
        A batch: uint8 of shape (B, H, W[, 3]) and int64 of shape (B,), on the same device.
    """
    copied = copy.deepcopy(network).train()
    deviation = _deviation(copied, images)
    if not deviation <= TOLERANCE:
        return PrecisionChoice("float32", f"bfloat16 deviates by {deviation:.2f} standard deviations here")
    seconds = {precision: _time_step(copied, images, labels, precision) for precision in ("float32", "bfloat16")}
    ratio = seconds["float32"] / seconds["bfloat16"]
    choice = "bfloat16" if ratio >= GAIN else "float32"
    return PrecisionChoice(choice, f"a step in bfloat16 is {ratio:.2f} times as fast as in float32 here")


def precision_by_instructions(network: nn.Module, device: str) -> PrecisionChoice:
    """Choose without timing, so that the same machine always chooses the same.

    bfloat16 for networks with convolutions where the processor multiplies bfloat16 matrices in hardware, else float32.
    """
    convolutional = any(isinstance(module, nn.Conv2d) for module in network.modules())
    if device == "cuda":
        hardware = torch.cuda.is_bf16_supported()
    else:
        hardware = device == "cpu" and torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - no public way to ask
    choice = "bfloat16" if convolutional and hardware else "float32"
    has = "has" if hardware else "has no"
    return PrecisionChoice(
        choice, f"not timed, as the work is to be exact; the {device} {has} instructions for bfloat16"
    )


def _deviation(network: nn.Module, images: Tensor) -> float:
    """Return the largest deviation of the bfloat16 logits in units of the float32 logits' standard deviation."""
    logits = {}
    generator_state = torch.get_rng_state()
    for precision in ("float32", "bfloat16"):
        torch.set_rng_state(generator_state)  # the same dropout in both
        with torch.no_grad(), computing_in(precision, images.device):
            logits[precision] = network(images).float()
    torch.set_rng_state(generator_state)
    difference = (logits["float32"] - logits["bfloat16"]).abs().mean()
    return float(difference / logits["float32"].std().clamp(min=1e-6))


def _time_step(network: nn.Module, images: Tensor, labels: Tensor, precision: str, repeats: int = 3) -> float:
    """Return the shortest of a few forward and backward passes, in seconds, after one that does not count."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        with computing_in(precision, images.device):
            loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        network.zero_grad()
        loss.item()
        times.append(time.perf_counter() - start)
    return min(times[1:])
