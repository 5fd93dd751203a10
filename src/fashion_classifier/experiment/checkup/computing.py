"""What PyTorch makes of the machine: the precision to train in, how fast, and graphics processors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.experiment.checkup.finding import Finding, Problem
from fashion_classifier.experiment.machine import choose_device, use_threads
from fashion_classifier.limits import ROOT, in_words
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.training.precision import probe_precision
from fashion_classifier.training.recipes.one_minute import ONE_MINUTE

BATCH = 256  # images of the probe


def precision() -> Finding:
    """Probe which precision a training gains by here, as a training does, and how fast its steps are."""
    device, n_threads = choose_device("auto"), use_threads(0)
    drawn = draw_sample(n_training=BATCH, n_test=10).training
    images = np.array(drawn.images[:BATCH])
    network = build(ONE_MINUTE.model, ImageShape.of(images), 10, channel_statistics(images), seed=0).to(device)
    labels = torch.arange(len(images), device=device) % 10
    choice = probe_precision(network, torch.from_numpy(images).to(device), labels)
    facts = {
        "precision": choice.precision,
        "reason": choice.reason,
        "images_per_s": round(choice.images_per_s),
        "threads": n_threads,
        "device": device,
        "instructions_used": torch.backends.cpu.get_cpu_capability(),
    }
    said = (
        f"{choice.precision}: {choice.reason}\n"
        f"a small network learns from {choice.images_per_s:,.0f} images a second just now, on {device} with "
        f"{n_threads} threads"
    )
    return Finding(said=said, facts=facts)


def graphics(root: Path = ROOT) -> Finding:
    """Tell which graphics processors PyTorch can use; one that it cannot use is a problem."""
    cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    facts = {
        "cuda": [{"name": card.name, "bytes": card.total_memory} for card in cards],
        "mps": torch.backends.mps.is_available(),
        "pytorch": torch.__version__,
    }
    if cards:
        return Finding(said="\n".join(f"{card.name}, {in_words(card.total_memory)}" for card in cards), facts=facts)
    if facts["mps"]:
        return Finding(said="Apple's, by MPS", facts=facts)
    if not (root / "proc/driver/nvidia/version").exists():
        return Finding(said="none that PyTorch could use", facts=facts)
    why = "is built for CPUs alone" if torch.version.cuda is None else "cannot use it"
    problem = Problem(
        f"There is an NVIDIA driver, and PyTorch {torch.__version__} {why}.",
        "Install the build of PyTorch that goes with the driver: https://pytorch.org/get-started/locally",
    )
    return Finding(said="an NVIDIA card that is not used", facts=facts, problems=(problem,))
