"""What a run is told by is made from its folder alone."""

from __future__ import annotations

import pytest

from fashion_classifier.errors import UnavailableError
from fashion_classifier.reporting.documents import write_documents
from fashion_classifier.reporting.model_card import render_card
from fashion_classifier.reporting.page import render


@pytest.mark.slow
def test_all_is_made_from_the_run_folder_alone(tmp_path, fake_run):
    """Page and card to the byte the same as from the values in memory."""
    run = fake_run.write(tmp_path / "run")
    documents = write_documents(run)
    assert documents.report == run / "report.html"
    assert documents.report.read_text() == render(fake_run.results, fake_run.predictions, fake_run.gallery)
    assert documents.model_card == run / "model_card.md"
    assert documents.model_card.read_text() == render_card(fake_run.results)
    assert {"confusion-optimized", "learning-curves", "mended-and-broken", "search"} <= set(documents.figures)
    assert all(path.parent == run / "figures" and path.is_file() for path in documents.figures.values())


def test_what_is_no_run_folder_is_refused_and_left_alone(tmp_path):
    with pytest.raises(UnavailableError, match="no run folder"):
        write_documents(tmp_path)
    assert list(tmp_path.iterdir()) == []
