"""`fashion report` makes figures and page again, and prints them where that is asked for."""

import json
import os
from pathlib import Path

import pytest
from tests.reporting.conftest import make_run

BROWSER = """#!/bin/sh
for a in "$@"; do case $a in --print-to-pdf=*) out=${a#*=};; esac; done
printf '%%PDF-1.4 %%%%EOF' > "$out"
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake browser is a shell script")


@pytest.fixture
def run(tmp_path):
    return make_run(sizes=(80, 40, 100), search=False).write(tmp_path / "run")


def browser(monkeypatch, folder, script):
    """Put a fake browser where the real one is looked for first."""
    program = folder / "browser"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(program))


@pytest.mark.slow
def test_the_report_is_printed_where_that_is_asked_for(fashion, monkeypatch, tmp_path, run):
    browser(monkeypatch, tmp_path, BROWSER)
    result = fashion("report", run, "--pdf", "--json")
    assert result.code == 0, result.err
    assert result.json["pdf"] == str(run / "report.pdf")
    assert Path(result.json["pdf"]).read_bytes().startswith(b"%PDF")
    assert str(run / "report.pdf") in result.err


def test_without_being_asked_for_nothing_is_printed(fashion, monkeypatch, tmp_path, run):
    browser(monkeypatch, tmp_path, "#!/bin/sh\ntouch was-called\n")
    result = fashion("report", run, "--json")
    assert result.code == 0, result.err
    assert result.json["pdf"] is None
    assert not (run / "report.pdf").exists()
    assert not Path("was-called").exists()


@pytest.mark.slow
def test_a_browser_that_fails_is_an_error_of_its_own_and_the_page_is_there(fashion, monkeypatch, tmp_path, run):
    browser(monkeypatch, tmp_path, "#!/bin/sh\necho no display >&2\nexit 1\n")
    result = fashion("report", run, "--pdf", "--json")
    assert result.code == 4
    assert "no display" in result.err
    assert json.loads(result.out.splitlines()[-1])["schema"] == "fashion.error/1"
    assert (run / "report.html").is_file()
    assert not (run / "report.pdf").exists()


def test_the_help_shows_how(fashion):
    assert "fashion report runs/2026-01-31-101500-auto --pdf" in fashion("report", "--help").out
