"""What this process may use of the machine: cores and memory, with what a container or the system allows it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fashion_classifier.errors import NotEnoughMemoryError

ROOT = Path("/")
NO_LIMIT = 1 << 60  # bytes from which on a control group of version 1 means that it has no limit
LOWER = "Lower the image size or the batch, take fewer images or a smaller family, or free memory"
# What libraries say where the system gave them no memory; they raise no MemoryError.
WANTS = ("not enough memory", "allocate memory", "out of memory", "bad_alloc", "failed to map segment", "new thread")


@dataclass(frozen=True)
class Room:
    """Memory that can still be had.

    Parameters
    ----------
    n_bytes
        How much.
    bound
        What bounds it, in words.
    address_space
        Whether address space is what is bounded, of which more is taken than of memory.
    """

    n_bytes: int
    bound: str
    address_space: bool = False


def available_cores(root: Path = ROOT) -> int:
    """Return the number of cores that this process may use, the quotas of its control groups respected.

    Parameters
    ----------
    root
        Below which the system's own files are looked for.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in _groups("cpu", root):
        quota = _words(group / "cpu.max") or [
            *_words(group / "cpu.cfs_quota_us"),
            *_words(group / "cpu.cfs_period_us"),
        ]
        if len(quota) == 2 and quota[0].isdecimal():  # "max" or -1 where there is none
            cores = min(cores, max(1, int(quota[0]) // int(quota[1])))
    return cores


def rooms(root: Path = ROOT) -> list[Room]:
    """Return how much memory each of the bounds leaves that the system tells of; none where it tells nothing.

    What lies in the cache of files counts as free, as the system gives it up when it is asked for.
    """
    found = [Room(left, "the limit of this container or control group") for left in _left_in_groups(root)]
    facts = {words[0]: int(words[1]) * 1024 for words in _lines(root / "proc/meminfo") if words[1].isdecimal()}
    if "MemAvailable:" in facts:
        found.append(Room(facts["MemAvailable:"] + facts.get("SwapFree:", 0), "what is free on this machine"))
    if (left := _address_space_left()) is not None:
        found.append(Room(left, "the limit of this process's address space (ulimit -v)", address_space=True))
    return [Room(max(0, room.n_bytes), room.bound, room.address_space) for room in found]


def check_room(n_bytes: int, what: str, lower: str = LOWER) -> None:
    """Check that something fits into memory before room is made for it.

    Parameters
    ----------
    n_bytes
        That it takes.
    what
        "1,000 images of 224x224 pixels".
    lower
        What to do where it does not fit.

    Raises
    ------
    NotEnoughMemoryError
        If it does not.
    """
    for room in rooms():
        if n_bytes > room.n_bytes:
            raise NotEnoughMemoryError(
                f"{what} take {in_words(n_bytes)} of memory, and {in_words(room.n_bytes)} can be had: {room.bound}. "
                f"{lower}."
            )


def check_address_space(n_bytes: int, what: str) -> None:
    """Check that a program can begin at all, before libraries fail to load in ways of their own.

    Raises
    ------
    NotEnoughMemoryError
        If there is less address space.
    """
    left = _address_space_left()
    if left is not None and left < n_bytes:
        raise NotEnoughMemoryError(
            f"{what} takes {in_words(n_bytes)} of address space to begin with, and this process may have "
            f"{in_words(left)} (ulimit -v). Raise that limit."
        )


def in_words(n_bytes: float) -> str:
    """Write an amount of memory: 4 kB, 812 MB, 3.1 GB."""
    if n_bytes < 1e6:
        return f"{n_bytes / 1e3:,.0f} kB"
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"


def is_want_of_memory(error: BaseException) -> bool:
    """Tell whether something failed because there was no memory to be had."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, (RuntimeError, ImportError)) and any(want in str(error) for want in WANTS)


def explained(error: BaseException) -> str:
    """Say why something failed, and what to lower where it was for want of memory."""
    if isinstance(error, NotEnoughMemoryError) or not is_want_of_memory(error):
        return str(error)
    return f"there was not enough memory ({str(error).splitlines()[0] if str(error) else 'none was given'}). {LOWER}"


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the control groups, of versions 2 and 1, whose limits hold here: its own first, then above.

    In a container the path that is told may be the host's: what is not there is passed over; the top one is its own.
    """
    listed = _text(root / "proc/self/cgroup").splitlines() or ["0::/"]
    mounts = root / "sys/fs/cgroup"
    for line in listed:
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        parts = [part for part in place.split("/") if part not in {"", ".", ".."}]
        for mount in dict.fromkeys((controllers, controller) if controllers else ("", "unified")):
            for n in range(len(parts), -1, -1):
                yield mounts.joinpath(mount, *parts[:n])


def _left_in_groups(root: Path) -> Iterator[int]:
    """Yield what each control group's limit leaves, in bytes."""
    for group in _groups("memory", root):
        for limit, used, cached in (
            ("memory.max", "memory.current", ("inactive_file", "active_file")),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
        ):
            most, now = _words(group / limit), _words(group / used)
            if most and now and most[0].isdecimal() and int(most[0]) < NO_LIMIT:
                facts = {words[0]: int(words[1]) for words in _lines(group / "memory.stat")}
                yield int(most[0]) - int(now[0]) + sum(facts.get(name, 0) for name in cached)


def _address_space_left() -> int | None:
    """Return how many bytes of address space this process may still take; None where there is no bound."""
    if sys.platform != "linux":
        return None
    import resource  # noqa: PLC0415 - not on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    return limit - int(_words(Path("/proc/self/statm"))[0]) * resource.getpagesize()


def _lines(path: Path) -> list[list[str]]:
    """Return the words of a file's lines that have two at least."""
    return [words for line in _text(path).splitlines() if len(words := line.split()) >= 2]


def _words(path: Path) -> list[str]:
    """Return a file's words."""
    return _text(path).split()


def _text(path: Path) -> str:
    """Return what a file of the system says: nothing where it is not there, or not for us to read."""
    try:
        return path.read_text()
    except OSError:
        return ""
