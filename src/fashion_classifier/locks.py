"""Who may write into a folder: locks that the system keeps on a file in it, so that none outlives its owner.

The file says who holds it, for the message to those who are refused, and goes with the lock; one that a dead process
left is nobody's, and is taken over. What holds on file systems that several machines share is said in
`docs/decisions/0019-one-process-writes-into-a-folder.md`.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from fashion_classifier.errors import NoLocksError, UnavailableError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK, TURN = ".lock", ".turn"
PATIENCE_S = 60.0  # for a turn, which takes a second at most
LOOK_EVERY_S = 0.02
GLANCES = 5  # whoever only asks who works here holds the lock for a moment, and must not be taken for an owner
_HOW = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)  # what a link leads to would be emptied
_FAR = 1 << 30  # Windows keeps everybody from reading what is locked: a byte behind the content is
# In a URL, to its last @: people leave signs in names and passwords as they are that should be escaped there.
_PASSWORDS = (re.compile(r"([?&](?:ssl)?password=)[^&]*"), re.compile(r"(://[^:]*:).*(?=@)", re.DOTALL))
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}

_Prepared = TypeVar("_Prepared")

_held: dict[Path, int] = {}  # what this process holds: folder -> the open file that is locked


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder that is there, so that no other process writes into it meanwhile.

    Raises
    ------
    UnavailableError
        If another process holds it, which the message names; if there is no such folder, or it cannot be written.
    """
    file = _take_unless_held(folder)
    if file is None:
        raise _refusal(folder, LOCK)
    with _holding(folder, LOCK, file):
        yield


@contextmanager
def fellow_writer(folder: Path, prepare: Callable[[bool], _Prepared]) -> Iterator[_Prepared]:
    """Hold a folder together with others that do the same, and give what was prepared.

    Parameters
    ----------
    prepare
        Called before anybody else can join, with whether nobody else is at work.

    Raises
    ------
    UnavailableError
        If there is no such folder, or it cannot be written.
    """
    with ExitStack() as stack:
        with in_turn(folder):
            alone = _take_unless_held(folder)
            file = _patiently(folder, LOCK, shared=True) if alone is None else alone
            stack.enter_context(_holding(folder, LOCK, file))
            prepared = prepare(alone is not None)
            _lock(file, shared=True)
        yield prepared


@contextmanager
def in_turn(
    folder: Path, *, patience_s: float = PATIENCE_S, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Wait until nobody else does what only one at a time may do in a folder.

    Parameters
    ----------
    patience_s
        How long to wait.
    on_wait
        Called again and again meanwhile.

    Raises
    ------
    UnavailableError
        If another one does not come to its end; if there is no such folder, or it cannot be written.
    """
    with _holding(folder, TURN, _patiently(folder, TURN, patience_s=patience_s, on_wait=on_wait)):
        yield


def check_held(place: Path) -> None:
    """Check that the folder in which a place lies is still the one that this process holds, if it holds one.

    Raises
    ------
    UnavailableError
        If it was removed, moved or replaced.
    """
    for folder in place.absolute().parents:
        if folder in _held and not _is_at(_held[folder], folder / LOCK):
            raise UnavailableError(
                f"{folder}: the folder was removed, moved or replaced while it was written into; nothing more is "
                "written there. Go on with it where it is now, or begin anew."
            )


def who_works(folder: Path) -> str | None:
    """Name the process that holds a folder, as people are told; None if nobody does. Nothing is written."""
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _lock(file, shared=True) else _owner(folder, LOCK)
    finally:
        os.close(file)  # which lets go of what was only just had


def without_password(argument: str) -> str:
    """Take the password out of a URL, which is told or written where others read it."""
    for password in _PASSWORDS:
        argument = password.sub(r"\1***", argument)
    return argument


def _take_unless_held(folder: Path) -> int | None:
    """Open and lock a folder's lock; None where another process keeps it for longer than a glance takes."""
    for _ in range(GLANCES):
        if (file := _take(folder, LOCK)) is not None:
            return file
        time.sleep(LOOK_EVERY_S)
    return None


def _patiently(
    folder: Path,
    name: str,
    *,
    shared: bool = False,
    patience_s: float = PATIENCE_S,
    on_wait: Callable[[], None] = lambda: None,
) -> int:
    """Open and lock a folder's file, once those who are in the way have done what takes a moment."""
    begin = time.monotonic()
    while (file := _take(folder, name, shared=shared)) is None:
        if time.monotonic() - begin > patience_s:
            raise _refusal(folder, name)
        on_wait()
        time.sleep(LOOK_EVERY_S)
    return file


def _take(folder: Path, name: str, *, shared: bool = False) -> int | None:
    """Open and lock a folder's file; None where another process keeps us from it."""
    path = folder / name
    while True:
        try:
            file = os.open(path, _HOW, 0o666)
        except FileNotFoundError as error:
            raise UnavailableError(f"{folder}: there is no such folder. Check its name.") from error
        except OSError as error:
            raise UnavailableError(
                f"{folder}: nothing can be written here ({error.strerror}). Give leave to write there, or name "
                "another folder."
            ) from error
        try:
            locked = _lock(file, shared=shared)
            if locked and _is_at(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if not locked:
            return None  # else its owner has taken it away meanwhile


@contextmanager
def _holding(folder: Path, name: str, file: int) -> Iterator[None]:
    """Write into a file that is locked who holds it; at the end take it away, and let others at the folder."""
    path = folder / name
    try:
        if name == LOCK:
            _held[folder.absolute()] = file
        _sign(file, path)
        yield
    finally:
        if name == LOCK:
            del _held[folder.absolute()]
        if _lock(file, shared=False) and _is_at(file, path):
            with suppress(OSError):  # left there, it is nobody's
                path.unlink()
        os.close(file)


def _sign(file: int, path: Path) -> None:
    """Write down who holds a lock."""
    owner = {
        "process": os.getpid(),
        "host": platform.node(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *map(without_password, sys.argv[1:])]),
    }
    try:
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, json.dumps(owner).encode())  # in ASCII: an argument need not be UTF-8
    except OSError as error:
        raise UnavailableError(f"{path}: it cannot be written ({error.strerror}). Make room there.") from error


def _refusal(folder: Path, name: str) -> UnavailableError:
    """Say who holds a lock."""
    return UnavailableError(f"{folder}: {_owner(folder, name)} is at work here. Wait for its end, or stop it.")


def _owner(folder: Path, name: str) -> str:
    """Name who holds a lock."""
    try:
        owner = json.loads((folder / name).read_bytes())
        return f"process {owner['process']} on {owner['host']} ({owner['command']}, since {owner['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it has only just begun, or ended


def _is_at(file: int, path: Path) -> bool:
    """Tell whether an open file still is the one at a place."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def _lock(file: int, *, shared: bool) -> bool:
    """Lock an open file, or change its lock; tell whether no other process was in the way."""
    try:
        if sys.platform == "win32":
            os.lseek(file, _FAR, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # knows no shared locks: there nobody joins
        else:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise NoLocksError(
            f"The file system there keeps no locks ({error.strerror}), without which processes spoil each other's "
            "work. Name a folder on another one."
        ) from error
    return True
