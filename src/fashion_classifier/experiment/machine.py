"""The machine that a run is made on: device, threads, memory, versions."""

from __future__ import annotations

import ctypes
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import torch

from fashion_classifier.errors import UnavailableError
from fashion_classifier.limits import available_cores
from fashion_classifier.training.distributed import ALONE, Group

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h


def choose_device(wanted: str, group: Group = ALONE) -> str:
    """Return the device to compute on.

    Parameters
    ----------
    wanted
        "auto" takes CUDA, then Apple's MPS, then the CPU.
    group
        The processes that train together: each takes a GPU of its own.

    Raises
    ------
    UnavailableError
        If a device that is asked for is not there.
    """
    if group.size == 1:
        return _device_here(wanted)
    device = _device_here("cpu" if wanted == "auto" and not torch.cuda.is_available() else wanted)
    if device == "mps":
        raise UnavailableError("Apple's GPU cannot be shared by several processes; they can share the CPU.")
    if device == "cuda":
        if torch.cuda.device_count() < group.local_size:
            raise UnavailableError(
                f"There are {group.local_size} processes on this machine and {torch.cuda.device_count()} GPUs: start "
                "one for each GPU, or ask for the CPU."
            )
        torch.cuda.set_device(group.local_rank)
    return device


def _device_here(wanted: str) -> str:
    """Return the device that is wanted, or the best there is."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[wanted]:
        raise UnavailableError(f"This machine has no {wanted} device that PyTorch can use; leave the choice to it.")
    return wanted


def use_threads(wanted: int, group: Group = ALONE) -> int:
    """Compute with so many threads, at most and with 0 as many as the cores that this process may use; return how many.

    More threads than cores wait for each other: a thousand would never get to an end. Processes that train together on
    one machine have their part of its cores each.
    """
    cores = max(1, available_cores() // group.local_size)
    n_threads = min(wanted or cores, cores)
    torch.set_num_threads(n_threads)
    keep_freed_memory()
    return n_threads


def keep_freed_memory() -> None:
    """Have the C library keep what a training step frees for the next step, rather than give it back to the system.

    Each step would get the same memory anew from the system, page by page: a tenth of its time (docs/experiments.md).
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is not None and hasattr(library, "mallopt"):  # glibc
        for setting, value in ((M_MMAP_THRESHOLD, 1 << 30), (M_TRIM_THRESHOLD, (1 << 31) - 1)):
            library.mallopt(setting, value)


def peak_memory_mb() -> float:
    """Return the most memory that this process has had, in 10**6 bytes."""
    if sys.platform == "win32":
        return float("nan")
    import resource  # noqa: PLC0415 - not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def versions() -> dict[str, str]:
    """Return the versions of all that shapes a result."""
    names = ("fashion-images-classifier", "torch", "numpy", "optuna", "polars", "scipy", "pillow", "onnxruntime")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
