"""The notebook runs from its first cell to its last, and shows what it promises."""

from __future__ import annotations

import base64
import json
import re
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from PIL import Image

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "fashion_images_classifier.ipynb"
OUTLINE = (
    "Introduction", "Data Preparation", "Model Development", "Model Training", "Model Optimization",
    "Evaluation and Analysis", "Visualization", "Conclusion",
)  # fmt: skip
SHOWN = (  # what tables and sentences say, in the order of the notebook
    "drawn sample: 28x28 grey", "the test set is sealed (openings: 0)", "109,386 weights", "The search, trial by trial",
    "(chosen)", "weights kept", "test images right|images right", "b against a on the same", "McNemar",
)  # fmt: skip
N_PICTURES = 7  # the contact sheet, the search, the curves, the confusions, the classes, mistakes, mended and broken


def texts(notebook: nbformat.NotebookNode) -> str:
    """Return all HTML and Markdown that the cells show."""
    found = (data.get(kind, "") for data in shown(notebook) for kind in ("text/html", "text/markdown"))
    return "\n".join(found)


def shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Return what the cells show, each in all its forms."""
    return [output["data"] for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]


def check(notebook: nbformat.NotebookNode) -> None:
    """Assert that nothing went wrong and that every display is there."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output["output_type"] not in {"display_data", "execute_result"}] == []
    told = texts(notebook)
    for words in SHOWN:
        assert re.search(re.escape(words).replace(r"\|", "|"), told), words
    pictures = [data["image/png"] for data in shown(notebook) if "image/png" in data]
    assert len(pictures) == N_PICTURES
    for picture in pictures:
        with Image.open(BytesIO(base64.b64decode(picture))) as opened:
            assert min(opened.size) > 200


def test_the_notebook_follows_its_outline():
    notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    headings = re.findall(r"^## (.+)$", "\n".join(cell.source for cell in notebook.cells), re.MULTILINE)
    assert tuple(headings) == OUTLINE


def test_the_outputs_that_are_kept_are_all_or_none_small_and_of_the_sample():
    assert NOTEBOOK.stat().st_size < 500_000
    notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    if any(cell.get("outputs") for cell in notebook.cells):  # `make notebook` makes them
        check(notebook)
        assert "test images of drawn sample" in texts(notebook)
    assert str(Path.home()) not in json.dumps(notebook)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_notebook_runs_whole(monkeypatch):
    from nbclient import NotebookClient

    for name, value in (("DATA", "sample"), ("NOTEBOOK_EPOCHS", "0.2"), ("NOTEBOOK_TRIALS", "1")):
        monkeypatch.setenv(f"FASHION_{name}", value)
    notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(notebook, timeout=300).execute()
    check(notebook)
