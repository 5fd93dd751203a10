"""Which precision this machine gains by: decided by its instructions, or by a short probe where they are not known."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, replace

from torch import Tensor, nn

from fashion_classifier.inference.runtimes.pytorch import computing_in, has_instructions

GAIN = 1.15  # bfloat16 must be so much faster to be worth its rounding
LIKENESS = 0.8  # least cosine between a layer's gradients
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
    images_per_s
        Images a second in training, as far as it was timed; else 0.
    """

    precision: str
    reason: str
    images_per_s: float = 0.0


def probe_precision(network: nn.Module, images: Tensor, labels: Tensor) -> PrecisionChoice:
    """Choose by the device's instructions, or by timing a few training steps where they are not known.

    Two timings are not compared where the instructions are known: a busy machine would decide. What bfloat16 computes
    is checked before it is chosen. The chosen precision is timed in any case, to know what a training can afford.

    Parameters
    ----------
    network
        On the device on which it will be trained; a copy of it is used.
    images, labels
        A batch: uint8 of shape (B, H, W[, 3]) and int64 of shape (B,), on the same device.
    """
    if has_instructions(images.device.type) is not None:
        choice = precision_by_instructions(network, images, labels)
        seconds = _time_step(copy.deepcopy(network).train(), images, labels, choice.precision)
        return replace(choice, images_per_s=len(images) / seconds)
    copied = copy.deepcopy(network).train()
    plain = _time_step(copied, images, labels, "float32")
    if reason := wrong_in_bfloat16(copy.deepcopy(copied), images, labels):
        return PrecisionChoice("float32", reason, len(images) / plain)
    brief = _time_step(copied, images, labels, "bfloat16")
    reason = f"a step in bfloat16 is {plain / brief:.2f} times as fast as in float32 here"
    gains = plain / brief >= GAIN
    return PrecisionChoice("bfloat16" if gains else "float32", reason, len(images) / (brief if gains else plain))


def precision_by_instructions(network: nn.Module, images: Tensor, labels: Tensor) -> PrecisionChoice:
    """Choose without timing, so that the same machine always chooses the same.

    bfloat16 for networks with convolutions where the device computes in bfloat16 and what it computes is right, else
    float32. Parameters as for `probe_precision`.
    """
    device = images.device.type
    if not any(isinstance(module, nn.Conv2d) for module in network.modules()):
        return PrecisionChoice("float32", "without convolutions there is nothing to gain by bfloat16")
    if not has_instructions(device):
        return PrecisionChoice("float32", f"the {device} has no instructions for bfloat16, as far as can be told")
    if reason := wrong_in_bfloat16(copy.deepcopy(network).train(), images, labels):
        return PrecisionChoice("float32", reason)
    return PrecisionChoice("bfloat16", f"the {device} has instructions for bfloat16")


def wrong_in_bfloat16(network: nn.Module, images: Tensor, labels: Tensor) -> str:
    """Say how logits or gradients in bfloat16 differ from those in float32, if they differ more than by rounding.

    Dropout, by which they would differ, is turned off in the network.
    """
    logits, gradients = {}, {}
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    for precision in ("float32", "bfloat16"):
        network.zero_grad()
        with computing_in(precision, images.device):
            given = network(images).float()
            loss = nn.functional.cross_entropy(given, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        logits[precision] = given.detach()
        weights = [weight for weight in network.parameters() if weight.ndim > 1 and weight.grad is not None]
        gradients[precision] = [weight.grad.flatten().float() for weight in weights if weight.grad is not None]
    network.zero_grad()
    difference = (logits["float32"] - logits["bfloat16"]).abs().mean()
    deviation = float(difference / logits["float32"].std().clamp(min=1e-6))
    if not deviation <= TOLERANCE:
        return f"logits in bfloat16 deviate by {deviation:.2f} standard deviations here"
    pairs = zip(gradients["float32"], gradients["bfloat16"], strict=True)
    likeness = min(float(nn.functional.cosine_similarity(*pair, dim=0)) for pair in pairs)
    if not likeness >= LIKENESS:
        return f"a layer's gradient in bfloat16 points elsewhere here (cosine {likeness:.2f})"
    return ""


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
