"""A command in several processes at once, as `torchrun` starts them: what goes wrong is told once on each machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
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

    The first process alone speaks; of those that fail, the first one on each machine raises what went wrong, and the
    others end without a word.

    Raises
    ------
    UsageError
        If the command is not one for several processes.
    """
    if not has_others():
        yield None
        return
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command != SHARED:
        if os.environ["LOCAL_RANK"] != "0":
            sys.exit(0)  # as torchrun ends the others when one fails, and the first is about to speak
        raise UsageError(
            f"Several processes can share a training alone ({SHARED}), and {command or 'this'} would be done by each "
            "of them: start it without torchrun."
        )
    from fashion_classifier.training.distributed import joined

    group = None
    try:
        with joined(os.environ) as group, _speaking(group.first):
            yield group
    except (Exception, KeyboardInterrupt) as error:
        for number in (signal.SIGINT, signal.SIGTERM):  # torchrun ends those that are left; what is said comes first
            signal.signal(number, signal.SIG_IGN)
        said = str(error) if isinstance(error, FashionError) else f"{type(error).__name__}: {error}"
        if group is not None and not group.may_tell(said):
            sys.exit(getattr(error, "exit_code", 1))
        raise


@contextmanager
def _speaking(speaks: bool) -> Iterator[None]:
    """Let a process speak or not."""
    if speaks:
        yield
        return
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
