"""What the page is made of: the report's look, nothing from elsewhere, and a report where there is one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.serving.conftest import Server, picture

from fashion_classifier.experiment.lookup import ModelPlace
from fashion_classifier.inference.opening import open_model
from fashion_classifier.reporting.figures.palette import PALETTE
from fashion_classifier.serving.about import about
from fashion_classifier.serving.examples import Example
from fashion_classifier.serving.pages import FOLDER
from fashion_classifier.serving.plain_png import is_small_and_plain
from fashion_classifier.serving.settings import ServeConfig

REPORT = FOLDER.parent.parent / "reporting" / "templates" / "report.css"


def variables(text: str) -> list[tuple[str, str]]:
    return re.findall(r"--(\w+): (#[0-9a-f]{6});", text)


def test_its_colours_are_the_reports():
    ours, report = variables((FOLDER / "page.css").read_text()), variables(REPORT.read_text())
    assert [pair for pair in ours if pair[0] not in ("accent", "second")] == report
    assert [colour for name, colour in ours if name == "accent"] == list(PALETTE["optimized"])
    assert [colour for name, colour in ours if name == "second"] == list(PALETTE["mended"])


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_nothing_comes_from_elsewhere_and_nothing_is_inline(server, path):
    page = server.ask("GET", path).text
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert address.startswith(("/", "#")), address
        if address.startswith("/page/"):
            assert server.ask("GET", address).status_code == 200
    assert not re.search(r"<style|<script(?! type=\"module\" src=)| style=| on\w+=", page)
    for name in ("&lt;b&gt;", "名前") if path == "/" else ():
        assert name in page


def test_examples_are_drawn_and_small(server):
    names = re.findall(r'data-example="([^"]*)"', server.ask("GET", "/").text)
    assert names[-1].endswith("stranger.png")
    for name in names:
        answer = server.ask("GET", name)
        assert answer.headers["content-type"] == "image/png"
        assert is_small_and_plain(answer.content)


def test_other_examples_have_other_addresses(make_server, monkeypatch):
    """Browsers keep them for a day, and the next model at the same port may have others."""
    addresses = set()
    for seed in (0, 1):
        shown = [Example("0.png", "Coat", picture(seed=seed))]
        monkeypatch.setattr("fashion_classifier.serving.pages.choose_examples", lambda *_, shown=shown: shown)
        server = make_server()
        (address,) = re.findall(r'data-example="([^"]*)"', server.ask("GET", "/").text)
        assert server.ask("GET", address).content == shown[0].content
        addresses.add(address)
    assert len(addresses) == 2


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:9000"), ("::1", "http://[::1]:9000"), ("0.0.0.0", "http://localhost:9000")],
)
def test_the_documentation_says_where_the_server_is(make_server, host, address):
    page = make_server(host=host, port=9000, open_to_all=True).ask("GET", "/docs").text
    assert f"@bag.jpg {address}/v1/predict" in page
    assert f"&#34;{address}/v1/predict?explain=true&#34;" in page or f'"{address}/v1/predict?explain=true"' in page


def test_a_runs_report_is_served_where_there_is_no_key(folder: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(folder, run / "optimized")
    (run / "run.json").write_text("{}")
    (run / "report.html").write_text("<p>the report</p>")
    model = open_model(run / "optimized", "onnx", threads=1)
    place = ModelPlace("run/optimized", run / "optimized", run)
    for key, status in (("", 200), ("a key of some length", 404)):
        server = Server(model, ServeConfig(key=key, decoders=1), about(place))
        answer = server.ask("GET", "/report", headers={"x-api-key": key})
        assert answer.status_code == status
        assert ("/report" in server.ask("GET", "/").text) == (status == 200)
        server.close()
