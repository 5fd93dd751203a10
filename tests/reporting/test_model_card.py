"""The card is made of the results alone, is read as Markdown and YAML, and shows texts from data as they are."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from PIL import Image
from tests.inference.conftest import CLASSES, make_model

from fashion_classifier.evaluation.intervals import wilson
from fashion_classifier.inference.bundle import save_model
from fashion_classifier.reporting.evidence import AttackResult, LabelFindings, LearningPoint, NearDuplicates, SeedNoise
from fashion_classifier.reporting.model_card import front_matter, render_card
from fashion_classifier.reporting.wording import interval, percent, score, share

OFFICIAL = "020b9c67eef26da33fce889b3fd7ca6883a03cffcf463c3c05019cf790f84bb3"
EVIL = ('<script>alert("1")</script>', "a | b", "{{ 7 * 7 }}", "**b** [l](http://x) ![i](x)", "- x: y\n# z", "---")
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


class Card(HTMLParser):
    """What a reader sees of a card: elements, headings, and texts; the front matter is read as YAML."""

    def __init__(self, text):
        super().__init__()
        start, matter, self.body = text.split("---\n", 2)
        assert start == ""
        self.matter = yaml.safe_load(matter)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(PARSER.render(self.body))
        self.words = " ".join("".join(self.texts).split())
        lines = [line for line in self.body.splitlines() if line.startswith("|")]
        self.rows = [line.strip("| ").split(" | ") for line in lines]
        self.headings = re.findall(r"^#+ (.*)$", self.body, re.MULTILINE)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def card(fake_run):
    return Card(render_card(fake_run.results))


def words(text):
    return " ".join(text.split())


def test_the_front_matter_is_what_was_meant(fake_run, card):
    assert card.matter == front_matter(fake_run.results)


def test_the_front_matter_is_in_the_hub_s_form(fake_run, card):
    assert card.matter["pipeline_tag"] == "image-classification"
    assert "license" not in card.matter
    assert "datasets" not in card.matter  # the name alone proves nothing
    (model,) = card.matter["model-index"]
    (result,) = model["results"]
    assert result["task"]["type"] == "image-classification"
    assert result["dataset"] == {"type": "custom", "name": "Fashion-MNIST", "split": "test"}
    test = fake_run.results.optimized.test
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "accuracy": test.accuracy.value,
        "loss": test.loss.value,
        "f1": test.macro_f1.value,
    }


def test_official_data_is_named_as_the_hub_names_it(fake_run):
    results = replace(fake_run.results, data=replace(fake_run.results.data, fingerprint=OFFICIAL))
    card = Card(render_card(results))
    assert card.matter["datasets"] == ["fashion_mnist"]
    assert card.matter["model-index"][0]["results"][0]["dataset"]["type"] == "fashion_mnist"
    assert "What others have reached" in card.headings


def test_while_the_test_set_is_sealed_the_figures_are_of_other_images(fake_run):
    sealed = {name: replace(getattr(fake_run.results, name), test=None) for name in ("initial", "optimized")}
    card = Card(render_card(replace(fake_run.results, **sealed)))
    (result,) = card.matter["model-index"][0]["results"]
    assert result["dataset"]["split"] == "validation"
    assert result["metrics"][0]["value"] == fake_run.results.optimized.validation.accuracy.value
    assert "The test set has not been opened" in card.words


def test_the_card_has_the_sections_that_readers_look_for(card):
    assert [heading for heading in card.headings if heading in {
        "Model description", "Intended use and limits", "How to use", "Training data", "Training procedure",
        "Evaluation", "Comparison with the initial model", "What others have reached", "Compute", "Reproduction",
    }] == [
        "Model description", "Intended use and limits", "How to use", "Training data", "Training procedure",
        "Evaluation", "Comparison with the initial model", "Compute", "Reproduction",
    ]  # fmt: skip


def test_the_card_tells_every_figure_with_its_interval(fake_run, card):
    results = fake_run.results
    for model in (results.initial, results.optimized):
        for found in (model.training, model.validation, model.test):
            assert words(share(found.accuracy)) in card.words
    for report in results.optimized.test.per_class:
        assert f"{report.name} {report.precision:.3f} {report.recall:.3f} " in re.sub(r"\s+", " ", card.words)
        assert words(interval(report.recall_interval)) in card.words
    found = results.evidence.confidence["optimized"]
    assert f"{found.rules.temperature:.2f}" in card.words
    assert words(share(found.after.ece)) in card.words
    assert results.data.fingerprint in card.words


def test_the_card_has_a_row_for_each_kind(fake_run, card):
    evidence = fake_run.results.evidence
    coverages = dict(
        zip(("LAC (least ambiguous)", "APS (adaptive)"), evidence.confidence["optimized"].coverage, strict=True)
    )
    for method, sets in coverages.items():
        assert [method, percent(0.95), share(sets.coverage), f"{sets.mean_size:.2f}"] in card.rows
    for kind in evidence.robustness.kinds:
        assert [kind.kind, percent(kind.mean_accuracy_a), percent(kind.mean_accuracy_b)] in card.rows
    for kind in evidence.novelty.kinds:
        assert [kind.kind, share(kind.refused), score(kind.separation.auroc), "60"] in card.rows
    pairs = fake_run.results.comparison
    assert ["Initial wrong", f"{pairs.mended} mended", str(pairs.both_wrong)] in card.rows
    assert ["all", "800", "400", "1,000"] in card.rows


def test_what_was_not_measured_is_said_and_has_no_section(fake_run, card):
    assert {"Corrupted images", "Images that belong to none of the classes"} <= set(card.headings)
    assert "Not measured in this run: how much the seed moves" in card.words
    evidence = replace(fake_run.results.evidence, robustness=None, novelty=None)
    bare = Card(render_card(replace(fake_run.results, evidence=evidence)))
    assert not {"Corrupted images", "Images that belong to none of the classes"} & set(bare.headings)
    assert "Not measured in this run: what corruptions" in bare.words


def test_the_rest_of_the_evidence_is_told_where_there_is_some(fake_run, card):
    assert "What else was measured" not in card.headings
    assert "Attacks" not in card.headings
    evidence = replace(
        fake_run.results.evidence,
        seeds=SeedNoise(
            accuracies=(0.92, 0.94),
            losses=(0.3, 0.2),
            steps=(10, 10),
            seconds=(1.0, 1.0),
            first_against_second=fake_run.results.comparison,
        ),
        learning_curve=(LearningPoint(n_images=80, share=0.1, training=wilson(80, 80), validation=wilson(300, 400)),),
        attacks={"optimized": (AttackResult("FGSM", 8, 500, wilson(41, 500)),)},
        labels=LabelFindings(n=1200, n_suspects=17, estimated_share=0.01, suspects=(), hardest=()),
        near_duplicates=(
            NearDuplicates(first="test", second="training", n=3, n_first=1000, threshold=8.0, nearest=()),
        ),
    )
    card = Card(render_card(replace(fake_run.results, evidence=evidence)))
    assert "Attacks" in card.headings
    assert words(share(wilson(41, 500))) in card.words
    for told in (
        "with 2 seeds: cross-validation accuracy 93.00 % on average, standard deviation 1.41 points",
        "Trained on 80 images (10 % of the training part): 75.0 %",
        "Of 1,200 labels of training and cross-validation images, 17 look wrong",
        "Of 1,000 test images, 3 have a near duplicate among the training images",
    ):
        assert told in card.words


def test_texts_from_data_are_shown_as_they_are(make_run):
    run = make_run(classes=EVIL)
    results = replace(
        run.results,
        run="evil: *run*",
        data=replace(run.results.data, name='"n": <b>\u2028', container="`c`", notes=("# <i>note</i>",)),
        made_with={"command": "fashion ```\n# <b>", "machine": "| x |"},
    )
    card = Card(render_card(results))
    harmless = {"p", "h1", "h2", "h3", "ul", "li", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(card.tags) <= harmless
    assert {name for name, _ in card.attributes} <= {"class", "style"}
    for text in (*EVIL, "evil: *run*", "# <i>note</i>", "`c`", "fashion ``` # <b>", "| x |"):
        assert words(text) in card.words
    assert card.matter["model-index"][0]["name"] == "evil: *run*"
    assert card.matter["model-index"][0]["results"][0]["dataset"]["name"] == '"n": <b>\u2028'


def test_every_table_is_whole(card):
    rows = [line for line in card.body.splitlines() if line.startswith("|")]
    assert card.tags.count("tr") == len([row for row in rows if not re.fullmatch(r"\|( :?--:? \|)+", row)])


@pytest.mark.parametrize("changes", [{"search": False}, {"image_shape": (9, 7, 3)}, {"is_sample": True}])
def test_other_runs_have_cards_too(make_run, changes):
    card = Card(render_card(make_run(**changes).results))
    if changes.get("search") is False:
        assert "No search for hyperparameters was made" in card.words
    if changes.get("is_sample"):
        assert "about a drawn sample, not about photographs" in card.words
    assert ('convert("RGB")' in card.words) == ("image_shape" in changes)


def test_the_example_in_python_runs(tmp_path, monkeypatch, capsys, make_run):
    """As it stands, in the folder of the card."""
    results = make_run(classes=CLASSES, image_shape=(12, 12)).results
    save_model(make_model(), tmp_path / "optimized")
    Image.fromarray(np.arange(144, dtype=np.uint8).reshape(12, 12)).save(tmp_path / "picture.png")
    (program,) = re.findall(r"```python\n(.*?)```", render_card(results), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "model_card.md", "exec"), {})
    assert capsys.readouterr().out.strip() in CLASSES
