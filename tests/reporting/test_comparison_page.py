"""The page about two models is whole in itself, says no more than was measured, and trusts no name."""

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from tests.reporting.comparisons import make_comparison
from tests.reporting.test_figures import boxes
from tests.reporting.test_page import Page, gallery_data, style_of

from fashion_classifier.reporting import comparison_page, figures, rendering
from fashion_classifier.reporting import comparison_words as words
from fashion_classifier.reporting.comparison_page import render_comparison, write_comparison
from fashion_classifier.reporting.comparison_results import ModelComparison
from fashion_classifier.reporting.serialisation import from_json
from fashion_classifier.reporting.settings import setting_columns

EVIL = ('<script>alert("1")</script>', "a & b", "</svg><img src=x onerror=alert(1)>", "{{ 7 * 7 }}")
NAMES = ('<script>alert("A")</script>', '"><img src=x onerror=alert(1)>')


@pytest.fixture(scope="module")
def better():
    return make_comparison()


@pytest.fixture(scope="module")
def alike():
    """Two seeds of one configuration."""
    return make_comparison(skills=(3.6, 3.6), same_settings=True, seed=3)


@pytest.fixture(scope="module")
def page(better):
    return Page(better.page)


def opening(page):
    """Give the words of the first screen."""
    return Page(page.html.split("<body>")[1].split("<nav")[0]).words


class TestFirstScreen:
    def test_has_the_verdict_three_numbers_with_intervals_and_a_picture(self, page, better):
        first = page.html.split("<nav")[0]
        assert first.count("<dt>") == 3
        assert first.count("<svg") == 1
        results = better.results
        for estimate in (results.a.test.accuracy, results.b.test.accuracy, results.comparison.difference):
            for value in (estimate.value, estimate.low, estimate.high):
                assert f"{100 * value:.1f}" in opening(page)
        assert "mlp-0" in opening(page)
        assert "run/optimized" in opening(page)

    def test_a_better_b_is_better_by_so_many_points(self, page, better):
        (title,) = re.findall("<h1>(.*?)</h1>", page.html)
        after, before = (100 * model.test.accuracy.value for model in (better.results.b, better.results.a))
        expected = f"B classifies {after:.1f} % of the test images correctly, {after - before:.1f} points more than A’s"
        assert " ".join(title.split()).startswith(expected)

    def test_a_worse_b_is_worse(self):
        results = make_comparison(skills=(4.2, 3.0)).results
        assert re.search(r"points fewer than A’s \d", words.headline(results))
        assert "B is worse than A" in words.verdict(results.comparison)

    def test_two_seeds_of_one_configuration_are_not_distinguishable(self, alike):
        assert alike.results.comparison.p_value > 0.05
        page = Page(alike.page)
        assert opening(page).split("UTC ")[1].startswith("The two models are not distinguishable: ")
        assert "A and B have the same settings; what sets them apart is the chance in their trainings." in page.words
        assert not re.search(r"\b(B|A) is (better|worse)\b", page.words)

    def test_a_seed_that_is_better_says_nothing_of_the_settings(self):
        results = make_comparison(skills=(3.0, 4.2), same_settings=True).results
        assert words.what_the_test_is_about(results).endswith("That B is better says nothing about the settings.")

    def test_a_drawn_sample_has_a_banner(self, page):
        drawn = Page(make_comparison(is_sample=True).page)
        assert "Drawn sample." in opening(drawn)
        assert "of the drawn test images" in opening(drawn)
        assert "Drawn sample." not in page.words


class TestModels:
    def test_settings_that_differ_are_marked_and_no_others(self, page):
        rows = re.findall(r'<tr( class="differs")?><th scope="row">(.*?)</th><td class="n">', page.html.split("<h2")[1])
        marked = {Page(f"<p>{name}</p>").words.removeprefix("≠ differs: "): bool(mark) for mark, name in rows}
        differing = {"family", "parameters", "stem", "widths", "dropout", "temperature", "seed"}
        assert {name for name, is_marked in marked.items() if is_marked} == differing
        assert {"learning rate", "augmentation mirror", "steps", "fingerprint", "views"} <= set(marked)

    def test_a_difference_that_rounding_would_hide_is_written_in_full(self, better):
        a, b = ({**better.results.a.recipe, "learning_rate": value} for value in (0.001, 0.0010001))
        results = better.results
        _, (training,) = setting_columns(replace(results.a, recipe=a), replace(results.b, recipe=b))
        (row,) = (row for row in training.rows if row.name == "learning rate")
        assert (row.a, row.b, row.differs) == ("0.001", "0.0010001", True)

    def test_says_where_a_model_is_the_other_and_where_its_data_is_not_this(self, better):
        results = better.results
        same = replace(results, b=replace(results.b, manifest_sha256=results.a.manifest_sha256))
        assert "A and B are one model" in words.what_the_test_is_about(same)
        a, b = replace(results.a, origin={"fingerprint": "0" * 64}), replace(results.b, origin={})
        foreign = replace(results, a=a, b=b)
        page = Page(render_comparison(foreign, better.predictions, better.gallery))
        assert "A was made from other data than that" in page.words
        assert "It is not recorded from which data B was made." in page.words
        assert not list(words.made_from_other_data(results))

    def test_how_this_was_made_names_folders_manifests_and_openings(self, page, better):
        results = better.results
        for model in (results.a, results.b):
            assert model.manifest_sha256 in page.words
            assert model.path in page.words
        assert "comparison of the two" in page.words
        assert "A belongs to no run" in page.words
        for value in results.made_with.values():
            assert value in page.words


class TestEvaluation:
    def test_every_measure_stands_with_its_interval(self, page, better):
        results = better.results
        for model in (results.a, results.b):
            for measure in (model.test.macro_f1, model.test.loss):
                assert f"{measure.value:.3f} {measure.low:.3f} to {measure.high:.3f}" in page.words
            error = model.calibration.ece
            assert f"{100 * error.value:.1f} % {100 * error.low:.1f} to {100 * error.high:.1f} %" in page.words
        loss = results.differences.loss
        assert f"{loss.value:+.3f} {loss.low:+.3f} to {loss.high:+.3f}".replace("-", "−") in page.words

    def test_each_class_has_both_recalls_and_both_p_values(self, page, better):
        results = better.results
        of_both = zip(results.classes, results.a.test.per_class, results.b.test.per_class, strict=True)
        for each, of_a, of_b in of_both:
            row = page.words.split(f" {each.name} {each.comparison.n} ")[1][:160]
            for report in (of_a, of_b):
                low, high = (100 * end for end in report.recall_interval.as_list)
                assert f"{100 * report.recall:.1f} % {low:.1f} to {high:.1f} %" in row
            assert f"{each.comparison.mended} {each.comparison.broken} " in row
        bold = re.findall(r'<tr class="differs"><th scope="row">([^<]*)</th><td class="n">\d', page.html)
        expected = [each.name for each in results.classes if each.adjusted_p < 0.05]
        assert [name for name in bold if name in {each.name for each in results.classes}] == expected
        assert 0 < len(expected) < len(results.classes)

    def test_says_what_to_expect_of_chance_alone(self, alike):
        first, second = words.class_by_class(alike.results.classes)
        assert first == "In no class are the two models distinguishable by recall."
        assert second.replace("\u00a0", " ").startswith("Of 10 classes, each tested by itself, up to 0.5 would seem to")

    def test_classes_are_named_by_the_direction_in_which_they_differ(self, better):
        turned = make_comparison(skills=(4.2, 3.0))
        assert ", lower in none." in next(words.class_by_class(better.results.classes))
        assert "higher in none, lower in " in next(words.class_by_class(turned.results.classes))


class TestGallery:
    def test_kinds_are_of_a_and_b_with_their_true_numbers(self, page, better):
        comparison, results = better.results.comparison, better.results
        for title, n in (
            ("Mistakes of B", results.b.test.n_misclassified),
            ("Mistakes of A", results.a.test.n_misclassified),
            ("Mended by B", comparison.mended),
            ("Broken by B", comparison.broken),
            ("Wrong by both", comparison.both_wrong),
        ):
            assert f"{title} ({n})" in page.words
        assert f"{results.b.test.n_misclassified} images that B got wrong" in page.words

    def test_a_tile_shows_what_each_model_said(self, page, better):
        """The script knows A as "initial" and B as "optimized"."""
        data, said = gallery_data(page), {name: better.predictions.filter(model=name) for name in ("a", "b")}
        rows = said["b"].with_columns(predicted_a=said["a"]["predicted"], predicted_b="predicted")
        wrong = rows.filter((pl.col("predicted_a") != pl.col("label")) | (pl.col("predicted_b") != pl.col("label")))
        expected = Counter(wrong.select(pl.col("label", "predicted_b", "predicted_a").to_physical()).rows())
        tiles = data["tiles"]
        assert Counter(zip(tiles["true"], tiles["optimized"], tiles["initial"], strict=True)) == expected

    def test_images_are_left_out_rather_than_the_limit_broken(self, monkeypatch, better, page):
        monkeypatch.setattr(rendering, "MAX_PAGE_BYTES", len(page.html.encode()) - 1)
        smaller = Page(better.page)
        before, after = (len(gallery_data(each)["tiles"]["true"]) for each in (page, smaller))
        assert 0 < after < before

    def test_without_mistakes_it_says_so(self):
        page = Page(make_comparison(skills=(60, 60), n=60).page)
        assert "There is none." in page.words
        assert "The two models are not distinguishable" in page.words
        assert not page.all("select")


class TestHarmless:
    def test_it_loads_nothing_and_runs_its_own_script_alone(self, page):
        for tag, attributes in page.elements:
            assert tag not in {"link", "iframe", "object", "embed", "base", "img"}
            assert not [name for name in attributes if name.startswith("on")]
            for name in ("src", "href", "action"):
                assert attributes.get(name, "#").startswith("#")
        assert set(re.findall(r"url\((.{22})", style_of(page))) == {"data:image/png;base64,"}
        assert [attributes.get("type") for attributes in page.all("script")] == ["application/json", None]
        assert any("script-src 'sha256-" in meta.get("content", "") for meta in page.all("meta"))

    def test_names_of_models_and_classes_are_only_text(self):
        page = Page(make_comparison(names=NAMES, classes=EVIL).page)
        assert len(page.all("script")) == 2
        assert not page.all("img")
        assert all("onerror" not in attributes for _, attributes in page.elements)
        for name in (*NAMES, *EVIL):
            assert name in page.words

    def test_a_run_is_not_spoken_of(self, page):
        """The page is about A and B, though their colours are a run's."""
        told = page.words.replace("run/optimized", "").lower()
        assert "optimized" not in told
        assert "initial" not in told

    def test_sections_are_linked_and_ids_unique(self, page):
        ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
        assert max(ids.values()) == 1
        sections = [section["id"] for section in page.all("section")]
        assert sections == ["models", "evaluation", "confusion", "classes", "misclassified", "made"]
        assert [link["href"] for link in page.all("a")] == ["#evaluation", *(f"#{name}" for name in sections)]
        for svg in page.all("svg"):
            assert svg["role"] == "img"
            assert svg["aria-label"]
        assert len(page.all("table")) == len(page.all("caption")) > 8


class TestFolder:
    def test_holds_page_numbers_and_answers(self, better, page, tmp_path):
        target = write_comparison(tmp_path / "x" / "compared", better.results, better.predictions, better.gallery)
        assert target == tmp_path / "x" / "compared" / "comparison.html"
        assert target.read_text(encoding="utf-8") == page.html
        names = sorted(path.name for path in target.parent.iterdir())
        assert names == ["comparison.html", "comparison.json", "predictions.parquet"]

    def test_the_numbers_come_back_as_they_were(self, better, tmp_path):
        folder = write_comparison(tmp_path / "c", better.results, better.predictions, better.gallery).parent
        data = json.loads((folder / "comparison.json").read_bytes())
        assert data.pop("schema") == "fashion.comparison/1"
        assert from_json(ModelComparison, data, place="comparison.json") == better.results

    def test_the_answers_are_those_that_were_judged(self, better, tmp_path):
        folder = write_comparison(tmp_path / "c", better.results, better.predictions, better.gallery).parent
        answers = pl.read_parquet(folder / "predictions.parquet")
        for name, model in (("a", better.results.a), ("b", better.results.b)):
            rows = answers.filter(model=name)
            assert (rows["label"] != rows["predicted"]).sum() == model.test.n_misclassified

    def test_what_cannot_be_drawn_leaves_no_folder(self, better, monkeypatch, tmp_path):
        def fail(*_, **__):
            raise RuntimeError("no pen")

        monkeypatch.setattr(comparison_page, "a_against_b", fail)
        with pytest.raises(RuntimeError, match="no pen"):
            write_comparison(tmp_path / "c", better.results, better.predictions, better.gallery)
        assert list(tmp_path.iterdir()) == []


KINDS: dict[str, dict[str, Any]] = {
    "ten classes": {},
    "worse": {"skills": (4.2, 3.0)},
    "no mistakes": {"skills": (60, 60), "n": 60},
    "60 classes": {"classes": tuple(f"Women's hand-knitted garment of kind {i}" for i in range(60)), "n": 1200},
}


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_the_figures_lie_within_them_and_apart(kind):
    results = make_comparison(**KINDS[kind]).results
    for figure in (
        figures.a_against_b(results.a.test, results.b.test, results.comparison),
        figures.recall_by_class(results.a.test, results.b.test),
        figures.reliability_of_both(results.a.calibration, results.b.calibration),
    ):
        root = ET.fromstring(figures.to_svg(figure, prefix="figure"))
        _, _, width, height = map(float, root.get("viewBox", "").split())
        places = list(boxes(root))
        for text, (left, top, right, bottom) in places:
            assert left > -0.5, text
            assert top > -0.5, text
            assert right < width + 0.5, text
            assert bottom < height + 0.5, text
        for (text, a), (other, b) in combinations(places, 2):
            overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert min(overlap) < 1, (text, other)
        assert len(figures.alt_text(figure)) > 20


def test_the_first_figure_shows_how_many_only_one_model_got_right(better):
    results = better.results
    figure = figures.a_against_b(results.a.test, results.b.test, results.comparison)
    texts = [element.text for element in ET.fromstring(figures.to_svg(figure, prefix="f")).iter() if element.text]
    assert f"{results.comparison.mended} mended" in texts
    assert f"{results.comparison.broken} broken" in texts
    assert {"A", "B"} <= set(texts)
