"""The official Fashion-MNIST files, fetched from where their authors publish them, and checked."""

from __future__ import annotations

import hashlib
import os
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib import request
from urllib.error import HTTPError

from fashion_classifier.data.web import web
from fashion_classifier.errors import NoLocksError, UnavailableError, UsageError
from fashion_classifier.locks import in_turn
from fashion_classifier.progress import Progress, silent
from fashion_classifier.storage import write_bytes

WAITING = "Waiting for another download"
CHUNK_BYTES = 1 << 16
START_S = 60.0  # that a server may take beside sending
SLOWEST = 16_000  # bytes a second: what comes more slowly is given up; another address, or another day, goes on with it


@dataclass(frozen=True)
class PublishedFile:
    """A file that is known to the byte.

    Parameters
    ----------
    name
        Its name, below each address.
    size
        Its length in bytes.
    sha256
        Hexadecimal SHA-256 of its content.
    """

    name: str
    size: int
    sha256: str

    def is_at(self, path: Path) -> bool:
        """Tell whether exactly this file lies there."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


# zalandoresearch/fashion-mnist, as mended on 31 August 2017. Its authors publish MD5 sums, for which these are the
# SHA-256 sums: 8d4fb7e6c68d591d4c3dfef9ec88bf0d, 25c81989df183df01b3e8a0aad5dffbe,
# bef4ecab320f06d8554ea6380940ec79 and bb300cfdad3c16e7a12a480ee83cd310, in this order.
OFFICIAL_FILES = (
    PublishedFile(
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    PublishedFile(
        "train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    PublishedFile(
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    PublishedFile(
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)
OFFICIAL_ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)


def download_fashion_mnist(
    folder: Path,
    *,
    addresses: Sequence[str] = OFFICIAL_ADDRESSES,
    progress: Progress = silent,
    timeout_s: float = 20.0,
) -> Path:
    """Fetch the four official files; what is already there is kept, what was begun is gone on with.

    Parameters
    ----------
    folder
        Where to put them; made if need be.
    addresses
        Addresses of a folder that holds the files; each is tried until one serves.
    progress
        Told of the bytes of each file.
    timeout_s
        How long a server may be silent; in all it has a minute, and a second for each 16,000 bytes.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    UnavailableError
        If no address serves a file, or it cannot be stored.
    UsageError
        If something else lies in a file's place.
    """
    return download_files(OFFICIAL_FILES, folder, addresses=addresses, progress=progress, timeout_s=timeout_s)


def download_files(
    files: Sequence[PublishedFile],
    folder: Path,
    *,
    addresses: Sequence[str],
    progress: Progress = silent,
    timeout_s: float = 20.0,
) -> Path:
    """Fetch files that are known to the byte, one process after the other; see `download_fashion_mnist`."""
    missing = [file for file in files if not file.is_at(folder / file.name)]
    for file in missing:
        if (folder / file.name).exists():
            raise UsageError(
                f"{folder / file.name}: this is not the file of that name with SHA-256 {file.sha256}. "
                "Move it away, or choose another folder."
            )
    if not missing:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _turn(missing, folder, len(addresses), progress):
            for file in missing:
                if file.is_at(folder / file.name):
                    continue  # it was fetched by somebody else meanwhile
                served = _download(file, folder, addresses, progress, timeout_s)
                addresses = [served, *(address for address in addresses if address != served)]
    except _CannotDownload as error:
        raise UnavailableError(_advice(files, folder, error)) from error
    except UnavailableError:
        raise
    except OSError as error:
        raise UnavailableError(
            f"{folder}: the download could not be stored: {error.strerror or error}. "
            "Make room or give write access there, or choose another folder."
        ) from error
    return folder


@contextmanager
def _turn(files: Sequence[PublishedFile], folder: Path, n_addresses: int, progress: Progress) -> Iterator[None]:
    """Wait until nobody else fetches into a folder, for as long as that may take."""
    patience_s = n_addresses * sum(START_S + file.size / SLOWEST for file in files)
    waited = False

    def on_wait() -> None:
        nonlocal waited
        waited = True
        progress(WAITING, 0.0, 1.0)

    with ExitStack() as stack:
        with suppress(NoLocksError):  # two may then fetch the same, which spoils nothing
            stack.enter_context(in_turn(folder, patience_s=patience_s, on_wait=on_wait))
        if waited:
            progress(WAITING, 1.0, 1.0)
        yield


class _NotServed(Exception):  # noqa: N818 - an answer to act on
    """An address did not serve the file; says why."""


class _CannotDownload(Exception):  # noqa: N818 - told to the person as UnavailableError
    """No address served a file; says which file, and carries what was tried."""

    def __init__(self, file: PublishedFile, tried: Sequence[str]) -> None:
        super().__init__(file.name)
        self.tried = tried


def _download(file: PublishedFile, folder: Path, addresses: Sequence[str], progress: Progress, timeout_s: float) -> str:
    """Fetch one file and return the address that served it."""
    part, tried = folder / f"{file.name}.part", []
    for address in addresses:
        url = f"{address.removesuffix('/')}/{file.name}"
        try:
            resumed = _fetch(url, file, part, progress, timeout_s)
            if _put(part, file, folder):
                return address
            if resumed:  # the part may have been of another file: once more, from the start
                _fetch(url, file, part, progress, timeout_s)
                if _put(part, file, folder):
                    return address
        except _NotServed as reason:
            tried.append(f"{url}: {reason}")
        else:
            tried.append(f"{url}: what came has another SHA-256 than {file.sha256}")
    raise _CannotDownload(file, tried)


def _put(part: Path, file: PublishedFile, folder: Path) -> bool:
    """Put what came into its place if it is the file, and take it away if not.

    The very bytes that were hashed are written, to a file of their own: the part may still be somebody else's, who
    downloads the same.
    """
    with suppress(FileNotFoundError):
        with part.open("rb") as source:
            content = source.read(file.size + 1)
        part.unlink()
        if hashlib.sha256(content).hexdigest() == file.sha256:
            write_bytes(folder / file.name, content)
    return file.is_at(folder / file.name)


def _fetch(url: str, file: PublishedFile, part: Path, progress: Progress, timeout_s: float) -> bool:
    """Fetch what `part` lacks of a file's bytes; return whether something had been there before."""
    have = part.stat().st_size if part.exists() else 0
    if have >= file.size:  # finished, but never renamed, or of another file: the caller looks
        return True
    with _response(url, have, file.size, timeout_s) as response, part.open("ab") as target:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise _NotServed(f"bytes from {have:,} on were asked for, others came")
        target.truncate(have)
        done = have
        for chunk in _chunks(response):
            done += len(chunk)
            if done > file.size:
                target.truncate(0)
                raise _NotServed(f"more came than the {file.size:,} bytes of the file")
            target.write(chunk)
            progress(f"Downloading {file.name}", done, file.size)
        target.flush()
        os.fsync(target.fileno())
    if done < file.size:
        raise _NotServed(f"it ended after {done:,} of {file.size:,} bytes")
    return have > 0


@contextmanager
def _response(url: str, start: int, n_bytes: int, timeout_s: float) -> Iterator[HTTPResponse]:
    """Open a URL for reading from byte `start` on, for as long as so many bytes may take."""
    headers = {"User-Agent": "fashion-images-classifier", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        asked = request.Request(url, headers=headers)  # noqa: S310 - http(s) alone
        response: HTTPResponse = web(time.monotonic() + START_S + n_bytes / SLOWEST).open(asked, timeout=timeout_s)
    except HTTPError as error:
        error.close()
        raise _NotServed(f"HTTP {error.code} {_reason(error)}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _NotServed(_reason(error)) from error
    with response:
        yield response


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """Read a response piece by piece; a server that breaks off counts as one that ends.

    `read` would take a chunk of -1 bytes for all that comes, and other negative sizes for our mistake.
    """
    try:
        while chunk := response.read1(CHUNK_BYTES):
            yield chunk
    except (OSError, HTTPException) as error:
        raise _NotServed(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Say in a few words why a server did not serve; it may be the server's own, of any length."""
    words = str(getattr(error, "reason", None) or error) or type(error).__name__
    return textwrap.shorten(words, 200, placeholder=" …")


def _advice(files: Sequence[PublishedFile], folder: Path, error: _CannotDownload) -> str:
    """Say what was tried, and what can be done by hand."""
    tried = "\n".join(f"  {line}" for line in error.tried)
    names = "\n".join(f"  {file.name} ({file.size:,} bytes, SHA-256 {file.sha256})" for file in files)
    return (
        f"{error} could not be downloaded to {folder}; {len(error.tried)} addresses were tried.\n{tried}\n"
        f"Try again later: what has come is kept. Or download these files elsewhere, put them into one folder and "
        f"give that folder as the source:\n{names}"
    )
