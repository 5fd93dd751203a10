"""The report on paper: report.html -> report.pdf, printed by a browser that is on the machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from fashion_classifier.errors import UnavailableError
from fashion_classifier.storage import atomic_path

PDF = "report.pdf"
TIMEOUT_S: Final = 120.0
ENVIRONMENT: Final = "CHROMIUM"  # names the browser, where it is in no usual place

_COMMANDS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge",
)  # fmt: skip
_APPLICATIONS = (  # of macOS
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_PROGRAMS = (  # of Windows
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
_PROGRAM_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")

# It prints one file and asks the network for nothing.
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def write_pdf(page: Path, target: Path, *, browser: Path | None = None, timeout_s: float = TIMEOUT_S) -> Path:
    """Print a page as PDF.

    Parameters
    ----------
    page
        The HTML file.
    target
        Of the PDF; one that is there is replaced, in one step once the new one is whole.
    browser
        Chromium or a browser made from it; None for the one that `find_browser` finds.
    timeout_s
        Longest time that the browser may take.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    UnavailableError
        If there is no page, no browser, or the browser makes no PDF in that time.
    """
    if not page.is_file():
        raise UnavailableError(f"{page} is not there: nothing was printed. Make the report first.")
    program = browser if browser is not None else find_browser()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, atomic_path(target) as printed:
        _print(program, page, printed, Path(profile), timeout_s)
    return target


def find_browser() -> Path:
    """Find Chromium, Chrome or Edge: what `$CHROMIUM` names, then on the path, then in the usual places.

    Raises
    ------
    UnavailableError
        If there is none.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        found = shutil.which(named)
        if found is None:
            raise UnavailableError(f"${ENVIRONMENT} names {named}, which is no program. Name a browser, or unset it.")
        return Path(found)
    on_path = [Path(found) for command in _COMMANDS if (found := shutil.which(command))]
    for candidate in (*on_path, *_usual_places()):
        if candidate.is_file():
            return candidate
    raise UnavailableError(
        "A PDF is printed by a browser, and neither Chromium nor Chrome nor Edge was found. Install Chromium, or set "
        f"${ENVIRONMENT} to the browser’s path; or open the report in any browser and print it there."
    )


def _usual_places() -> Iterator[Path]:
    """Name the places where macOS and Windows keep browsers."""
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        yield from (folder / application for application in _APPLICATIONS)
    for variable in _PROGRAM_FOLDERS:
        if variable in os.environ:
            yield from (Path(os.environ[variable]) / program for program in _PROGRAMS)


def _print(browser: Path, page: Path, target: Path, profile: Path, timeout_s: float) -> None:
    """Have a browser print a page to a file that is there and empty."""
    command = [
        str(browser),
        *_FLAGS,
        *(["--no-sandbox"] if _is_root() else []),  # as root it starts only without one
        f"--user-data-dir={profile}",
        f"--print-to-pdf={target.absolute()}",
        page.absolute().as_uri(),
    ]
    try:
        exit_code, said = _run(command, timeout_s)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"{browser} had not printed {page} after {timeout_s:g} s and was stopped. Try again, or print it by hand."
        ) from error
    except OSError as error:
        raise UnavailableError(f"{browser} could not be started ({error}). Name another browser.") from error
    if exit_code != 0 or not _is_pdf(target):
        reason = f"it ended with {exit_code}{f' and said: {said[-1]}' if said else ''}"
        raise UnavailableError(f"{browser} did not print {page}: {reason}. Try another browser, or print it by hand.")


def _run(command: list[str], timeout_s: float) -> tuple[int, list[str]]:
    """Run a browser to its end; return its exit code and the lines of its standard error."""
    # In a session of its own, so that all that it starts can be ended with it. The arguments are ours.
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            _, said = process.communicate(timeout=timeout_s)
        except BaseException:  # also where a person interrupts us
            _kill(process)
            raise
        return process.returncode, said.decode(errors="replace").strip().splitlines()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and, where the system can tell, all that it started."""
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _is_root() -> bool:
    """Tell whether this process has all rights, which a browser's sandbox refuses."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_pdf(path: Path) -> bool:
    """Tell whether a file begins and ends as a PDF does."""
    content = path.read_bytes() if path.is_file() else b""
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
