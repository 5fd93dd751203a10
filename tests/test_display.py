"""What values show of themselves in a notebook: tables that hold their numbers, and nothing that could be markup."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.conftest import blobs

from fashion_classifier.data.dataset import Dataset, SealedTestSet
from fashion_classifier.data.load import load
from fashion_classifier.data.split import Split
from fashion_classifier.display import html_table
from fashion_classifier.evaluation.comparison import compare, compare_counts
from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.evaluation.metrics import evaluate
from fashion_classifier.reporting.figures import alt_text, confusion_matrix, learning_curves
from fashion_classifier.reporting.figures.sheet import ShownFigure
from fashion_classifier.reporting.gallery import mistakes_on
from fashion_classifier.training.recipes.ladder import RECIPES
from fashion_classifier.training.train import Workshop
from fashion_classifier.tuning.config import TuneConfig
from fashion_classifier.tuning.study import Search


@pytest.fixture
def parts(small: Dataset) -> Split:
    """Split three hundred images, the test set sealed."""
    return Split(small, blobs(60, seed=1), SealedTestSet(blobs(50, seed=2)), ("A <note>.",))


def test_a_table_escapes_what_it_holds():
    shown = html_table(("<b>", "n"), [("<script>", "&")], caption="<i>", notes=("<u>",))
    assert not any(tag in shown for tag in ("<script>", "<i>", "<u>", "<th><b>"))
    assert "&lt;script&gt;" in shown


def test_data_tells_its_numbers_and_does_not_open_the_test_set(parts: Split):
    assert repr(parts.training) == "Dataset(300 images of 12x12 grey, 3 classes)"
    shown = parts._repr_html_()
    assert "<th>class 0</th>" in shown
    assert "<th>all</th><td>300</td><td>60</td><td>50</td>" in shown
    assert "A &lt;note&gt;." in shown
    assert repr(parts.test) == "SealedTestSet(50 images, openings: 0)"
    assert parts.test.openings == []
    parts.test.open("to see that it is told")
    assert "openings: 1" in parts._repr_html_()
    assert "<th>class 1</th>" in parts.training._repr_html_()


@pytest.mark.slow  # the sample is drawn
def test_a_collection_tells_what_it_is():
    collection = load("sample")
    assert repr(collection) == (
        "Collection('drawn sample': 10,000 training, 2,000 test images of 28x28 grey, 10 classes)"
    )
    assert collection.fingerprint[:16] in collection._repr_html_()


def test_an_estimate_is_written_with_its_interval():
    estimate = wilson(81, 263)
    assert f"{estimate:.1%}".replace("\u202f", " ") == "30.8 % (25.5 % to 36.6 %)"
    assert f"{estimate:+.3f}" == "+0.308 (+0.255 to +0.366)"
    assert f"{estimate}" == repr(estimate)


def test_an_evaluation_tells_each_class():
    labels = np.array([0, 0, 1, 1])
    evaluation = evaluate(labels, np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]), ("a < b", "c"))
    assert "75.0\u202f%" in repr(evaluation)
    shown = evaluation._repr_html_()
    assert "<th>a &lt; b</th><td>1.000</td><td>0.500 (" in shown
    assert "1 misclassified" in shown


def test_a_comparison_tells_its_verdict():
    comparison = compare_counts(both_right=80, mended=15, broken=2, both_wrong=3)
    assert "+13.0\u202f%" in repr(comparison)
    assert repr(comparison).endswith(": better)")
    shown = comparison._repr_html_()
    assert "<td>80</td><td>2 broken</td>" in shown
    assert "<td>15 mended</td><td>3</td>" in shown


def test_a_training_and_a_search_tell_what_was_kept(parts: Split, tmp_path):
    workshop = Workshop(parts, exact=True)
    trained = workshop.train(RECIPES["initial"], seed=0, epochs=2)
    shown = trained._repr_html_()
    assert shown.count("(kept)") == 1
    assert shown.count("<tr>") == 1 + len(trained.history)
    assert repr(trained).startswith("TrainedModel(mlp, ")
    assert "Initial model: weights kept at epoch" in alt_text(learning_curves(trained, trained))

    search = Search(tmp_path, workshop, TuneConfig(families=("mlp",), trials=2, epochs=1, finalists=2))
    search.run()
    shown = search._repr_html_()
    assert shown.count("(chosen)") == 1
    assert shown.count("confirmation of") == 2


def test_a_figure_shows_itself_and_its_words():
    evaluation = evaluate(np.array([0, 1]), np.eye(2), ("a", "b"))
    figure = confusion_matrix(evaluation, title="Two images")
    assert isinstance(figure, ShownFigure)
    content, about = figure._repr_png_()
    with Image.open(BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert picture.convert("L").getpixel((0, 0)) == 255
    assert about["alt"] == alt_text(figure)


def test_mistakes_are_told_surest_first_beside_the_other_answer():
    dataset = blobs(4, n_classes=2)
    wrong = np.eye(2)[1 - dataset.labels] * np.array([[0.6], [0.9], [0.7], [0.8]])
    right = np.eye(2)[dataset.labels]
    wrong += (1 - wrong.sum(axis=1, keepdims=True)) * right
    found = mistakes_on(dataset, wrong, right)
    assert [mistake.probability for mistake in found] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert all(mistake.other_predicted == mistake.true != mistake.predicted for mistake in found)
    assert found[0].true_probability == pytest.approx(0.1)
    assert mistakes_on(dataset, right, wrong) == []
    assert compare(dataset.labels, wrong.argmax(axis=1), right.argmax(axis=1)).mended == 4
