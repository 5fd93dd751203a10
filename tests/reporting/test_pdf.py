"""The report is printed whole or not at all, by a browser that is there, and faults say what to do."""

from __future__ import annotations

import os
import re
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from fashion_classifier.errors import UnavailableError
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.reporting.pdf import find_browser, write_pdf

OUT = 'for a in "$@"; do case $a in --print-to-pdf=*) out=${a#*=};; esac; done'
PRINTS = f"{OUT}; printf '%%PDF-1.4 new %%%%EOF' > \"$out\""

posix = pytest.mark.skipif(os.name == "nt", reason="the fake browser is a shell script")


@pytest.fixture
def page(tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    (place / "report.html").write_text("<p>Hello</p>")
    (place / "report.pdf").write_text("old")
    return place / "report.html"


def fake(folder: Path, script: str, name: str = "chromium") -> Path:
    """Write a browser that does what a script says."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def real_browser():
    """Give the machine's own browser; where continuous integration runs there must be one."""
    try:
        return find_browser()
    except UnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.browser
def test_a_real_browser_prints_the_report_on_several_pages(tmp_path, fake_run):
    browser = real_browser()
    run = fake_run.write(tmp_path / "a run #1 é %20")
    target = write_pdf(write_documents(run).report, run / "report.pdf", browser=browser)
    content = target.read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type ?/Page\b", content)) > 5
    assert len(content) > 100_000  # figures and images are there
    assert not [path.name for path in run.iterdir() if path.name.startswith(".")]


def test_what_is_printed_is_the_page_and_nothing_else(tmp_path):
    """One line of text makes one page, without a header or a footer of the browser's."""
    browser = real_browser()
    (tmp_path / "page.html").write_text("<title>t</title><p>Hello</p>")
    content = write_pdf(tmp_path / "page.html", tmp_path / "page.pdf", browser=browser).read_bytes()
    assert len(re.findall(rb"/Type ?/Page\b", content)) == 1
    assert sum(len(re.findall(rb"\bBT\b", drawn)) for drawn in streams(content)) == 1  # one text is set


def streams(content):
    """Unpack what a PDF draws, and whatever else is packed in it."""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompress(packed)


@posix
def test_the_new_pdf_takes_the_place_of_the_old_one(tmp_path, page):
    target = page.with_name("report.pdf")
    assert write_pdf(page, target, browser=fake(tmp_path / "bin", PRINTS)) == target
    assert target.read_text() == "%PDF-1.4 new %%EOF"
    assert {path.name for path in page.parent.iterdir()} == {"report.html", "report.pdf"}


@posix
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo first >&2; echo no display >&2; exit 3", r"ended with 3 and said: no display\."),
        ("exit 0", r"ended with 0\. Try another browser"),
        (f"{OUT}; printf '%%PDF-1.4 but half' > \"$out\"", "ended with 0"),
        (f"{OUT}; echo '<html>%%EOF' > \"$out\"", "ended with 0"),
        (f"{PRINTS}; exit 1", "ended with 1"),
        (f'{OUT}; rm "$out"', "ended with 0"),
    ],
    ids=["fails", "writes nothing", "writes half", "writes something else", "fails in the end", "removes the file"],
)
def test_a_browser_that_fails_leaves_the_old_pdf_alone(tmp_path, page, script, message):
    target = page.with_name("report.pdf")
    with pytest.raises(UnavailableError, match=message) as caught:
        write_pdf(page, target, browser=fake(tmp_path / "bin", script))
    assert "--" not in str(caught.value)
    assert target.read_text() == "old"
    assert {path.name for path in page.parent.iterdir()} == {"report.html", "report.pdf"}


def is_running(pid: int) -> bool:
    """Tell whether a process is there and is no mere entry that nobody has read."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to look for processes in")
def test_a_browser_that_hangs_is_ended_with_all_that_it_started(tmp_path, page):
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(UnavailableError, match=r"had not printed .* after 1 s and was stopped"):
        write_pdf(page, page.with_name("report.pdf"), browser=fake(tmp_path / "bin", script), timeout_s=1)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)
    assert {path.name for path in page.parent.iterdir()} == {"report.html", "report.pdf"}


@posix
@pytest.mark.parametrize("user", [0, 1000])
def test_the_browser_has_a_profile_of_its_own_and_a_sandbox_unless_it_is_root(tmp_path, monkeypatch, page, user):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    said = tmp_path / "said"
    browser = fake(tmp_path / "bin", f'for a in "$@"; do echo "$a" >> {said}; done; {PRINTS}')
    write_pdf(page, page.with_name("report.pdf"), browser=browser)
    arguments = said.read_text().splitlines()
    assert ("--no-sandbox" in arguments) == (user == 0)
    assert {"--headless", "--disable-background-networking", "--disable-sync", "--no-pdf-header-footer"} <= set(
        arguments
    )
    assert arguments[-1] == page.as_uri()
    (profile,) = [argument.partition("=")[2] for argument in arguments if argument.startswith("--user-data-dir=")]
    assert not Path(profile).exists()


def test_a_page_that_is_not_there_is_not_printed(tmp_path):
    with pytest.raises(UnavailableError, match="Make the report first"):
        write_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_cannot_be_started_is_named(tmp_path, page):
    with pytest.raises(UnavailableError, match="could not be started"):
        write_pdf(page, page.with_name("report.pdf"), browser=tmp_path / "nothing")
    assert page.with_name("report.pdf").read_text() == "old"


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without a browser; what is put into its folder `bin` is on the path."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr("fashion_classifier.reporting.pdf._usual_places", lambda: iter([tmp_path / "apps/Chromium"]))
    return tmp_path


def test_without_a_browser_it_is_said_what_to_do(bare, page):
    with pytest.raises(UnavailableError, match=r"Install Chromium, or set \$CHROMIUM") as caught:
        write_pdf(page, page.with_name("report.pdf"))
    assert "--" not in str(caught.value)
    assert page.with_name("report.pdf").read_text() == "old"


@posix
def test_browsers_are_looked_for_where_they_usually_are(bare):
    in_its_place = fake(bare / "apps", "", "Chromium")
    assert find_browser() == in_its_place
    chrome = fake(bare / "bin", "", "google-chrome")
    assert find_browser() == chrome
    chromium = fake(bare / "bin", "", "chromium")
    assert find_browser() == chromium


@posix
def test_a_browser_that_is_named_comes_first(bare, monkeypatch):
    fake(bare / "bin", "", "chromium")
    mine = fake(bare / "mine", "", "brave")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert find_browser() == mine
    monkeypatch.setenv("CHROMIUM", str(bare / "mine/none"))
    with pytest.raises(UnavailableError, match="which is no program"):
        find_browser()
