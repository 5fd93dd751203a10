"""Whether libraries can be imported, tried in a process beside this one: a broken one may end the process it is in."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST_S = 180  # for all of a process's imports; they take some seconds
# Says each library before it is tried, and then what came of it. What libraries print themselves goes elsewhere.
TRIAL = """
import importlib, json, os, sys
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for name in sys.argv[1:]:
    print(json.dumps([name, None]), file=told, flush=True)
    try:
        importlib.import_module(name)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    else:
        fault = ""
    print(json.dumps([name, fault]), file=told, flush=True)
told.flush()
os._exit(0)  # what libraries do at the end is no matter here
"""


@dataclass(frozen=True)
class Fault:
    """Why a library cannot be imported.

    Parameters
    ----------
    module
        Its module.
    what
        What happened.
    ends_the_process
        Whether whoever imports it is ended.
    """

    module: str
    what: str
    ends_the_process: bool = False


def import_faults(modules: Sequence[str]) -> Iterator[Fault]:
    """Try to import modules, and yield what is wrong with those that cannot be."""
    left = list(modules)
    while left:
        end, said = _tried(left)
        for module, fault in said.items():
            left.remove(module)
            if fault is None:
                yield Fault(module, end, ends_the_process=True)
            elif fault:
                yield Fault(module, fault)
        if not said:  # Python itself does not start
            yield Fault(left.pop(0), end, ends_the_process=True)


def _tried(modules: Sequence[str]) -> tuple[str, dict[str, str | None]]:
    """Return how a process that imports modules ended, and each fault that it told, None where it ended meanwhile."""
    command = [sys.executable, "-P", "-c", TRIAL, *modules]
    try:
        ended = subprocess.run(  # noqa: S603 - this Python, and names of the program's own libraries
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST_S
        )
        lines, end = ended.stdout, _in_words(ended.returncode)
    except subprocess.TimeoutExpired as error:
        lines, end = error.stdout or b"", f"it is not done after {LONGEST_S} s"
    return end, dict(map(json.loads, lines.splitlines()))


def _in_words(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        return f"the process that imports it is ended by {signal.Signals(-code).name}"
    return f"the process that imports it ends with exit code {code}"
