"""A command in several processes at once, as `torchrun` starts them: what goes wrong is told once on each machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fashion_classifier.errors import FashionError, UsageError

if TYPE_CHECKING:
    from fashion_classifier.training.distributed import Group

SHARED = "train"  # the one command that several processes do together


def has_others() -> bool:
    """Tell whether other processes do the same command together with this one."""
    return "LOCAL_RANK" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1"


@contextmanager
def together(arguments: Sequence[str]) -> Iterator[Group | None]:
    """Do a command together with the other processes that were started for it, if there are any.

    The first of them to fail on a machine raises what went wrong, the others end without a word.

    Raises
    ------
    UsageError
        If the command is not one for several processes.
    """
    if not has_others():
        yield None
        return
    if SHARED not in arguments[:1]:
        if os.environ["LOCAL_RANK"] != "0":
            sys.exit(UsageError.exit_code)
        command = " ".join(["fashion", *arguments[:1]])
        raise UsageError(
            f"Several processes can share a training alone ({SHARED}), and {command} would be done by each of them: "
            "start it without torchrun."
        )
    from fashion_classifier.training.distributed import joined

    group = None
    try:
        with joined(os.environ) as group:
            yield group
    except (Exception, KeyboardInterrupt) as error:
        for number in (signal.SIGINT, signal.SIGTERM):  # torchrun ends those that are left; what is said comes first
            signal.signal(number, signal.SIG_IGN)
        said = str(error) if isinstance(error, FashionError) else f"{type(error).__name__}: {error}"
        if group is not None and not group.may_tell(said):
            sys.exit(getattr(error, "exit_code", 1))
        raise
