"""The process between a journal and a tracker: ``python -m fashion_classifier.tracking.sending``.

It follows the journal until its standard input ends, which is when whoever writes the journal has closed it, or has
died; then it sends what is left. The last line that it prints is what `Answer` says.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

from fashion_classifier.tracking.journal import Reader
from fashion_classifier.tracking.records import Begun, Concluded, Ended, Measured, Record, State, TrialMade
from fashion_classifier.tracking.targets import Target
from fashion_classifier.tracking.tracker import Tracker, open_tracker

LOOK_EVERY_S = 0.5
NICENESS = 10  # of 19: training goes first
LONGEST_REASON = 300  # letters
# To the last @, but where a number of a port comes first: people leave signs in a password as they are.
_SECRETS = re.compile(r"(?<=://)(?:[^/\s:]*:(?!\d+(?:/|\s|$))\S*|[^/\s]*)@")


class Answer(TypedDict):
    """Where everything is to be found, or why something lacks; one of the two is empty."""

    place: str
    reason: str


def send(records: Iterator[Record], tracker: Tracker, folder: Path) -> str:
    """Hand records to a tracker; return where it has them.

    Parameters
    ----------
    records
        Of one work, which may have been continued.
    folder
        From which its files are named.
    """
    state: State = "interrupted"
    begun, trials = False, set[str]()
    for record in records:
        match record:
            case Begun():
                state = "interrupted"  # until it says that it has ended
                if not begun:
                    tracker.begin(record)
                begun = True
            case Measured():
                tracker.measure(record)
            case TrialMade() if record.name not in trials:
                trials.add(record.name)
                tracker.trial(record)
            case Concluded():
                tracker.conclude(record, folder)
            case Ended():
                state = record.state
    return tracker.end(state) if begun else ""


def follow(reader: Reader, is_closed: Callable[[float], bool]) -> Iterator[Record]:
    """Yield a journal's records as they come, until it is closed and all are read."""
    while not is_closed(LOOK_EVERY_S):
        yield from reader.new()
    yield from reader.new()


def main(arguments: list[str]) -> None:
    """Send a journal to a tracker: its name, where to, the folder from which files are named, and the journal."""
    tracker, where, folder, journal = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the command, which then closes its end
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    printed = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what a tracker prints is for nobody
    closed = threading.Event()
    threading.Thread(target=_note_end, args=[closed], daemon=True).start()
    answer = Answer(place="", reason="")
    try:
        opened = open_tracker(Target(tracker, where))
        answer["place"] = without_secrets(send(follow(Reader(Path(journal)), closed.wait), opened, Path(folder)))
    except Exception as error:  # noqa: BLE001 - whatever a tracker raises; whoever started this tells it
        answer["reason"] = _short(error)
    os.write(printed, (json.dumps(answer) + "\n").encode())


def _note_end(closed: threading.Event) -> None:
    """Wait for the end of the standard input."""
    sys.stdin.read()
    closed.set()


def without_secrets(text: str) -> str:
    """Take names and passwords out of the addresses in a text: environment variables may hold such.

    Examples
    --------
    >>> without_secrets("API request to https://me:secret@host/api failed")
    'API request to https://host/api failed'
    >>> without_secrets("https://me:s/e@c@host:80/api")
    'https://host:80/api'
    >>> without_secrets("https://me@home:s/e@host:80/api")
    'https://host:80/api'
    >>> without_secrets("http://host:80/runs@night")
    'http://host:80/runs@night'
    """
    return _SECRETS.sub("", text)


def _short(error: Exception) -> str:
    """Say what went wrong in one line of a bearable length."""
    text = without_secrets(" ".join(f"{type(error).__name__}: {error}".split()))
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} …"


if __name__ == "__main__":
    main(sys.argv[1:])
