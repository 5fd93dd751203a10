"""What a command tells its trackers with: a line in a journal for each record, a process for each tracker."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from fashion_classifier.progress import Progress, silent
from fashion_classifier.tracking.journal import JOURNAL, append, identity_in
from fashion_classifier.tracking.records import Begun, Ended, Fact, Record, Told
from fashion_classifier.tracking.targets import Target

SENDER = f"{__package__}.sending"
PATIENCE_S = 30.0  # at the end, for what is still to be sent; then it is left for later
LOOK_EVERY_S = 0.05
# Nothing is to be told of anybody but the tracker that was asked for, and a server that is gone is to be noticed.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
}

Lost = Callable[[Target, str], None]


class Follower:
    """The process that sends a journal to a tracker.

    Parameters
    ----------
    target
        The tracker.
    folder
        From which files are named.
    journal
        That is sent.
    """

    def __init__(self, target: Target, folder: Path, journal: Path) -> None:
        self.target = target
        command = [sys.executable, "-m", SENDER, target.tracker, target.where, str(folder), str(journal)]
        self._process = subprocess.Popen(  # noqa: S603 - this program's own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**_ENVIRONMENT, **os.environ},
            start_new_session=True,
        )
        self._told: Told | None = None

    @property
    def is_over(self) -> bool:
        """Whether the process has ended: before `close` only where something went wrong."""
        return self._process.poll() is not None

    def close(self) -> None:
        """Say that the journal is complete."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def outcome(self) -> Told:
        """Return what has come of it, ending the process if it has not ended."""
        if self._told is None:
            self._told = Told(tracker=self.target.tracker, **self._answer())
        return self._told

    def _answer(self) -> dict[str, str]:
        """Ask the process what has come of it."""
        process, was_over = self._process, self.is_over
        if not was_over:
            self._kill()
        assert process.stdin is not None
        process.stdin.close()
        assert process.stdout is not None
        with process.stdout as printed:
            lines = printed.read().decode().splitlines()
        process.wait()
        if not was_over:
            return {"reason": "there was no more time to wait for it"}
        if not lines:
            return {"reason": f"its process ended with code {process.returncode}"}
        answer: dict[str, str] = json.loads(lines[-1])
        return answer

    def _kill(self) -> None:
        """End the process and those that it has started."""
        if hasattr(os, "killpg"):
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()


class Tracking:
    """Tells trackers of one work; without trackers it does nothing. None of it raises: work goes on untracked.

    Parameters
    ----------
    targets
        The trackers.
    lost
        Told once of each that does not get everything, and why.
    """

    def __init__(self, targets: Sequence[Target] = (), lost: Lost = lambda _target, _reason: None) -> None:
        self.targets, self.lost = tuple(targets), lost
        self.folder: Path | None = None
        self.outcomes: list[Told] = []
        self._followers: list[Follower] = []
        self._journal: Path | None = None
        self._begun_elsewhere: Path | None = None

    def begin(self, folder: Path, about: Mapping[str, Fact], *, identity: str = "") -> None:
        """Begin to tell of the work whose folder this is; where it is not there yet, it will be at the end.

        Parameters
        ----------
        about
            Settings and data.
        identity
            By which trackers know the work again; by default the one in the folder's journal, or a new one.
        """
        if not self.targets:
            return
        self.folder = folder.absolute()
        try:
            if not folder.is_dir():
                self._begun_elsewhere = Path(tempfile.mkdtemp(prefix="fashion-"))
            journal = (self._begun_elsewhere or self.folder) / JOURNAL
            identity = identity or identity_in(journal) or uuid4().hex
            append(journal, Begun(name=self.folder.name, identity=identity, about=dict(about)))
            self._journal = journal
            for target in self.targets:
                self._followers.append(Follower(target, self.folder, journal))
        except OSError as error:
            self._give_up(error)

    def record(self, record: Record) -> None:
        """Tell of something that happened."""
        if self._journal is None:
            return
        try:
            append(self._journal, record)
        except OSError as error:
            self._give_up(error)
        for follower in [one for one in self._followers if one.is_over]:
            self._settle(follower)

    def finish(self, *, patience_s: float | None = None, progress: Progress = silent) -> list[Told]:
        """Wait until the trackers have everything, but not for long; return what has come of each."""
        _wait(self._followers, PATIENCE_S if patience_s is None else patience_s, progress)
        for follower in list(self._followers):
            self._settle(follower)
        self._bring_home()
        return self.outcomes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell of a failure, if it is one, and leave no process behind."""
        if error is not None:
            self.record(Ended(state="failed" if isinstance(error, Exception) else "interrupted"))
        self.finish(patience_s=None if kind is None or isinstance(error, Exception) else 0.0)

    def _settle(self, follower: Follower) -> None:
        """Note what has come of a tracker, and tell of it if something lacks."""
        self._followers.remove(follower)
        self._note(follower.target, follower.outcome())
        if self._journal is not None:
            try:
                append(self._journal, self.outcomes[-1])
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Go on untracked, as the journal cannot be written or a process cannot be started."""
        for follower in self._followers:
            follower.outcome()
        self._followers, self._journal = [], None
        settled = {told.tracker for told in self.outcomes}
        for target in self.targets:
            if target.tracker not in settled:
                self._note(target, Told(tracker=target.tracker, reason=f"{self.folder}: {error.strerror or error}"))

    def _note(self, target: Target, told: Told) -> None:
        """Note what has come of a tracker."""
        self.outcomes.append(told)
        if told.reason:
            self.lost(target, told.reason)

    def _bring_home(self) -> None:
        """Put a journal that was begun elsewhere beside what it tells of, and tidy up."""
        if self._begun_elsewhere is None:
            return
        if self._journal is not None and self.folder is not None and self.folder.is_dir():
            try:
                shutil.copyfile(self._journal, self.folder / JOURNAL)
            except OSError as error:
                for target in self.targets:
                    self.lost(target, f"the journal could not be put into {self.folder} ({error.strerror or error})")
        shutil.rmtree(self._begun_elsewhere, ignore_errors=True)
        self._begun_elsewhere, self._journal = None, None


def send_all(
    targets: Sequence[Target], records: Iterable[Record], folder: Path, *, progress: Progress = silent
) -> list[Told]:
    """Send what is known of finished work, however long it takes; return what has come of each tracker.

    Parameters
    ----------
    records
        All of them.
    folder
        From which files are named.
    """
    with tempfile.TemporaryDirectory(prefix="fashion-") as place:
        journal = Path(place) / JOURNAL
        for record in records:
            append(journal, record)
        followers = [Follower(target, folder.absolute(), journal) for target in targets]
        try:
            _wait(followers, math.inf, progress)
        finally:
            outcomes = [follower.outcome() for follower in followers]
    return outcomes


def _wait(followers: Sequence[Follower], patience_s: float, progress: Progress) -> None:
    """Wait until all that was written has been sent, but not longer than so many seconds."""
    if not followers:
        return
    for follower in followers:
        follower.close()
    deadline = time.monotonic() + patience_s
    task = f"Telling {' and '.join(follower.target.title for follower in followers)}"
    while (n_over := sum(follower.is_over for follower in followers)) < len(followers) and time.monotonic() < deadline:
        progress(task, n_over, len(followers))
        time.sleep(LOOK_EVERY_S)
    progress(task, len(followers), len(followers))
