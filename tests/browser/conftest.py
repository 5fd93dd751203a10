"""A real browser without a network, and reports to open in it; every page is watched for errors and requests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.reporting.conftest import FakeRun, make_run

from fashion_classifier.reporting.page import render

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; where there is none, skip, but fail in CI, where its absence would hide every failure."""
    if not CHROMIUM.is_file():
        reason = f"no browser to open the report in: {CHROMIUM} is not there; install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, path: Path, **settings: object) -> Iterator[Page]:
    """Open a file offline; when done, no error may have been written and nothing asked of a network."""
    context = browser.new_context(offline=True, **settings)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: complaints.append(request.url[:99]) if _is_foreign(request.url, path) else None)
    page.goto(path.as_uri())
    yield page
    context.close()
    assert complaints == []


def _is_foreign(url: str, path: Path) -> bool:
    """Tell what is neither the page itself nor inside it."""
    return not url.startswith((path.as_uri(), "data:", "blob:"))


@pytest.fixture
def open_page(browser: Browser, report: Path) -> Iterator[OpenPage]:
    """Give a function that opens a report, by its settings; it is closed, and must be without complaint, at the end."""
    opened = []

    def open_it(
        path: Path = report,
        *,
        width: int = 1280,
        height: int = 900,
        theme: str = "light",
        address: str = "",
        **settings,
    ) -> Page:
        viewport = {"width": width, "height": height}
        context = watched(browser, path, viewport=viewport, color_scheme=theme, **settings)
        page = context.__enter__()
        opened.append(context)
        if address:
            page.goto(path.as_uri() + address)
        return page

    yield open_it
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def run() -> FakeRun:
    """Give a run with some hundred mistakes on images of the usual size."""
    return make_run(image_shape=(28, 28), sizes=(400, 300, 2400))


@pytest.fixture(scope="session")
def report(run: FakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of that run."""
    return write_page(run, tmp_path_factory.mktemp("report"))


def write_page(run: FakeRun, folder: Path) -> Path:
    """Write a run's report into a folder."""
    path = folder / "report.html"
    path.write_text(render(run.results, run.predictions, run.gallery), encoding="utf-8")
    return path
