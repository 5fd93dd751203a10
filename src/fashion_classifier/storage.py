"""Files that are whole or not there: written beside their place, fsynced, renamed over it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fashion_classifier.errors import DataError, FashionError, Fault, UnavailableError
from fashion_classifier.locks import check_held

MANY_FILES = 200
LARGEST_JSON = 64 << 20  # bytes; a report's numbers take some hundred thousand
PART, OLD = ".part", ".old"  # how names end of what is not whole yet, and of what is being replaced


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; when the block ends well, it becomes `target`, else it is removed.

    Parameters
    ----------
    target
        The file's place; its folder is made if need be, a file that is there is replaced in one step.
    """
    with _told(target):
        make_folder(target.parent)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_prefix(target), suffix=PART)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            _sync(temporary)
            check_held(target)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


@contextmanager
def atomic_folder(target: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give a temporary folder beside `target`; when the block ends well, it becomes `target`, else it is removed.

    Parameters
    ----------
    target
        The folder's place.
    replace
        Whether it replaces one that is there when the block ends.

    Raises
    ------
    FileExistsError
        If the place is taken and may not be.
    """
    with _told(target):
        make_folder(target.parent)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=_prefix(target), suffix=PART))
        try:
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            _sync_all(temporary)
            check_held(target)
            if not target.exists():
                _rename(temporary, target)
            elif replace:
                _exchange(temporary, target)
            else:
                raise _taken(target)
            _sync(target.parent)
        finally:
            if temporary.exists():
                shutil.rmtree(temporary)


@contextmanager
def atomic_files(*targets: Path) -> Iterator[Path]:
    """Give a temporary folder beside the targets; when the block ends well, its files become them, all or none.

    Parameters
    ----------
    targets
        Places in one folder, which is made if need be; the block leaves a file of each name in the temporary folder.

    Raises
    ------
    FileExistsError
        If one of the places is taken when the block ends; nothing is overwritten.
    """
    parent = targets[0].parent
    with _told(targets[0]):
        make_folder(parent)
        temporary = Path(tempfile.mkdtemp(dir=parent, prefix=_prefix(targets[0]), suffix=PART))
        placed: list[Path] = []
        try:
            yield temporary
            for target in reversed(targets):
                part = temporary / target.name
                part.chmod(0o666 & ~_umask())
                _sync(part)
                place_unless_taken(part, target)
                placed.append(target)
            _sync(parent)
        except BaseException:
            for target in placed:
                target.unlink()
            raise
        finally:
            shutil.rmtree(temporary)


def make_folder(folder: Path) -> None:
    """Make a folder if it is not there; but not anew one that this process holds and that has gone.

    Raises
    ------
    UnavailableError
        If it cannot be made.
    """
    check_held(folder / PART)
    with _told(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error


def clear_up(folder: Path) -> None:
    """Take away what writers that were killed left in a folder and those below, where nobody else is at work.

    A folder that was about to be replaced is put back.
    """
    for left in sorted(folder.rglob(f".*{OLD}")):
        target = left.with_name(left.name[1:].rsplit(".", 2)[0])
        if target.exists():
            shutil.rmtree(left)
        else:
            left.rename(target)
    for left in sorted(folder.rglob(f".*{PART}")):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Take a folder away with all that is in it: out of its place in one step, so that nobody finds a half.

    Raises
    ------
    UnavailableError
        If it cannot be removed.
    """
    try:
        doomed = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_prefix(folder), suffix=PART))
        try:
            folder.rename(doomed / folder.name)
        finally:
            shutil.rmtree(doomed)
    except OSError as error:
        raise UnavailableError(
            f"{folder}: it could not be removed ({error.strerror or error}, {error.filename}). Give leave to write "
            "there, and remove what is left."
        ) from error


def bytes_in(path: Path) -> int:
    """Return what a file, or all files in a folder, take; links are not followed."""
    return sum(each.lstat().st_size for each in (path, *path.rglob("*")) if not each.is_dir())


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(target) as path:
        path.write_bytes(content)


def write_text(target: Path, content: str) -> None:
    r"""Write a UTF-8 text file atomically; what of a file's name is not UTF-8 becomes \udc80, as JSON has it."""
    write_bytes(target, encoded(content))


def encoded(text: str) -> bytes:
    r"""Return a text as UTF-8; what of a file's name is not UTF-8 becomes \udc80, which JSON reads back as it was."""
    return text.encode(errors="backslashreplace")


def write_json(target: Path, content: Any) -> None:
    """Write a value as readable JSON, atomically; NaN and infinity are refused."""
    write_text(target, json_text(content))


def json_text(content: Any) -> str:
    """Return a value as readable JSON; NaN and infinity are refused."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(source: Path, what: str, remedy: str) -> Any:
    """Read what `write_json` wrote.

    Parameters
    ----------
    source
        The file.
    what, remedy
        What it should be, and what to do if it is not, for the message.

    Raises
    ------
    DataError
        If it is missing, no JSON, or larger than anything that is written here.
    """
    try:
        with source.open("rb") as file:
            content = file.read(LARGEST_JSON + 1)
    except FileNotFoundError as error:
        raise DataError(Fault(str(source), f"there is no {what}", remedy)) from error
    return parse_json(content, str(source), what, remedy)


def parse_json(content: bytes, place: str, what: str, remedy: str) -> Any:
    """Read JSON that comes from some place; parameters and errors as for `read_json`."""
    if len(content) > LARGEST_JSON:
        raise DataError(Fault(place, f"it is no {what} (it has more than {LARGEST_JSON:,} bytes)", remedy))
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(Fault(place, f"it is no {what} ({error})", remedy)) from error


def append_json_line(target: Path, content: Any) -> None:
    """Append one JSON object as a line and fsync, or leave the file as it is; a torn line at its end is ended first."""
    line = encoded(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")
    check_held(target)
    there = target.exists()
    with _told(target), target.open("ab+", buffering=0) as file:
        before = file.tell()
        if before > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        try:
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            if not there:
                target.unlink()
            raise


def read_json_lines(source: Path) -> list[Any]:
    """Read the JSON objects of a file written by `append_json_line`, passing over torn lines."""
    values = []
    for line in source.read_bytes().splitlines() if source.exists() else ():
        with suppress(ValueError, RecursionError):
            values.append(json.loads(line))
    return values


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Say where the system refused to write, and what to do.

    Raises
    ------
    UnavailableError
        In the place of the system's error, unless that is about another file or no refusal.
    """
    try:
        yield
    except (FashionError, FileExistsError, ConnectionError):
        raise
    except OSError as error:
        check_held(target)
        elsewhere = (
            error.filename is not None and target.parent.absolute() not in Path(error.filename).absolute().parents
        )
        if elsewhere or (isinstance(error, FileNotFoundError) and target.parent.is_dir()):
            raise
        raise UnavailableError(
            f"{target}: it could not be written ({error.strerror or error}). Make room or give leave to write there, "
            "and go on: what was finished before is kept."
        ) from error


def _rename(new: Path, target: Path) -> None:
    """Put a folder at a place that was free just now.

    Raises
    ------
    FileExistsError
        If it has come to be taken.
    """
    try:
        new.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.ENOTDIR}:
            raise _taken(target) from error
        raise


def _taken(target: Path) -> FileExistsError:
    """Say that a place is taken."""
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def _exchange(new: Path, target: Path) -> None:
    """Put a folder in the place of another one, which is removed; if that fails, the old one stays."""
    old = new.with_suffix(OLD)
    target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old)


def place_unless_taken(part: Path, target: Path) -> None:
    """Give a file its place unless that is taken: as a link where the file system knows links, which is one step.

    Parameters
    ----------
    part
        The file, which may still be there under its old name afterwards.
    target
        Its place.

    Raises
    ------
    FileExistsError
        If it is taken.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        if target.exists():
            raise _taken(target) from error
        part.rename(target)


def _prefix(target: Path) -> str:
    """Return how the name begins of what will become a file, short enough to be added to."""
    return f".{target.name[:50]}."


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_all(folder: Path) -> None:
    """Force a folder and all in it to the disk; one call for the whole system where there are very many files."""
    paths = [folder, *folder.rglob("*")]
    if len(paths) > MANY_FILES and hasattr(os, "sync"):
        os.sync()
        return
    for path in paths:
        _sync(path)


def _sync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
