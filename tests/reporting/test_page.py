"""The page is whole in itself, tells what was measured, and is harmless whatever the classes are called."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from fashion_classifier.errors import UnavailableError
from fashion_classifier.reporting.conclusion import conclude
from fashion_classifier.reporting.figures.palette import INK, PALETTE
from fashion_classifier.reporting.page import MAX_PAGE_BYTES, render, write_report
from fashion_classifier.reporting.walls import data_uri

EVIL = ('<script>alert("1")</script>', "a & b", "</svg><img src=x onerror=alert(1)>", "{{ 7 * 7 }}")
VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and texts; every element is closed."""

    def __init__(self, html):
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split()).replace("\u202f", " ").replace("\u00a0", " ")


def page_of(run):
    return Page(render(run.results, run.predictions, run.gallery))


@pytest.fixture(scope="module")
def page(fake_run):
    return page_of(fake_run)


def test_the_report_is_made_from_the_run_folder_alone(tmp_path, fake_run, page):
    """To the byte the same as from the values in memory."""
    fake_run.write(tmp_path / "run")
    target = write_report(tmp_path / "run")
    assert target == tmp_path / "run" / "report.html"
    assert target.read_text() == page.html


def test_what_is_no_run_folder_is_refused_and_left_alone(tmp_path):
    with pytest.raises(UnavailableError, match="no run folder"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_loads_nothing_and_runs_nothing(page):
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "data"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,")), target
    style = style_of(page)
    assert "@import" not in style
    assert "url(" not in style
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'")


def style_of(page):
    """Give the page's style sheet."""
    return page.html.split("<style>")[1].split("</style>")[0]


def test_sections_come_in_the_order_of_the_notebook_and_are_linked(page):
    ids = [attributes["id"] for attributes in page.all("section")]
    assert ids == [
        "data", "models", "training", "optimization", "evaluation", "misclassified", "comparison",
        "conclusion", "made",
    ]  # fmt: skip
    skip, *links = [link["href"] for link in page.all("a")]
    assert links == [f"#{name}" for name in ids]
    assert skip == "#conclusion"


def test_ids_are_unique_and_every_reference_has_one(page):
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert max(ids.values()) == 1
    for _, attributes in page.elements:
        for name in ("href", "aria-labelledby", "clip-path", "fill"):
            for reference in re.findall(r"^#([\w.:-]+)$|url\(#([\w.:-]+)\)", attributes.get(name) or ""):
                assert "".join(reference) in ids
        labelled = attributes.get("aria-labelledby")
        assert labelled is None or labelled in ids


def test_everything_can_be_read_without_seeing_it(page):
    assert all(image["alt"] for image in page.all("img"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    assert len(page.all("table")) == len(page.all("caption")) > 8
    assert all(header["scope"] for header in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1


def test_the_first_screen_has_the_verdict_three_numbers_and_a_picture(page, fake_run):
    opening = page.html.split("<nav")[0]
    assert opening.count("<dt>") == 3
    assert opening.count("<svg") == 1
    initial, optimized = fake_run.results.initial.test.accuracy, fake_run.results.optimized.test.accuracy
    first = Page(opening.split("<body>")[1]).words
    for number in (initial.value, initial.low, initial.high, optimized.value, optimized.low, optimized.high):
        assert f"{100 * number:.1f}" in first


def test_the_numbers_on_the_page_are_those_of_the_results(page, fake_run):
    words, results = page.words, fake_run.results
    for model in (results.initial, results.optimized):
        for evaluation in (model.training, model.validation, model.test):
            assert f"{evaluation.n_misclassified:,} of {evaluation.n:,}" in words
            assert f"{evaluation.loss:.3f}" in words
        for report in model.test.per_class:
            assert f"{report.name} {report.precision:.3f} {report.recall:.3f} {report.f1:.3f}" in words
    for key, value in results.made_with.items():
        assert value in words, key
    assert results.data.fingerprint in words


def test_the_whole_conclusion_is_on_the_page(page, fake_run):
    conclusion = conclude(fake_run.results, fake_run.predictions)
    for sentence in [conclusion.headline, *(s for section in conclusion.sections for s in section.sentences)]:
        assert sentence.replace("\u202f", " ").replace("\u00a0", " ") in page.words


def test_class_names_are_harmless(make_run):
    """Names with markup stand on the page as text, in tables, figures and alternative texts alike."""
    page = page_of(make_run(classes=EVIL))
    assert not page.all("script")
    assert all("onerror" not in attributes and attributes.get("src") != "x" for _, attributes in page.elements)
    for name in EVIL:
        assert name in page.words
        assert any(name in image["alt"] for image in page.all("img"))


def test_surest_mistakes_come_first_and_each_wall_says_of_how_many(page, fake_run):
    wrong = re.findall(r'<p class="wrong">.*?<span>(\d+)\u202f%</span>', page.html)
    n_shown = min(27, fake_run.results.initial.test.n_misclassified)
    first_wall = [int(number) for number in wrong[:n_shown]]
    assert len(first_wall) == n_shown
    assert first_wall == sorted(first_wall, reverse=True)
    assert f"27 of the {fake_run.results.initial.test.n_misclassified} images that it got wrong" in page.words
    assert f"All {fake_run.results.comparison.broken} images that the initial model had right" in page.words


def test_a_run_without_search_says_so(make_run):
    words = page_of(make_run(search=False)).words
    assert "No search for hyperparameters was made in this run" in words
    assert "Leaderboard" not in words


def test_a_drawn_sample_and_an_early_end_have_a_banner(make_run, page):
    banners = page_of(make_run(is_sample=True, ended_early="stopped by Ctrl-C"))
    assert [attributes["class"] for attributes in banners.all("p") if attributes.get("role") == "note"] == [
        "banner"
    ] * 2
    assert "Drawn sample." in banners.words
    assert "ended early (stopped by Ctrl-C)" in banners.words
    assert "banner" not in [attributes.get("class") for attributes in page.all("p")]


def test_a_closed_test_set_leaves_a_page_about_cross_validation(fake_run):
    results = fake_run.results
    closed = replace(
        results, initial=replace(results.initial, test=None), optimized=replace(results.optimized, test=None)
    )
    words = Page(render(closed, fake_run.predictions, fake_run.gallery)).words
    assert "The test set has not been opened" in words
    assert f"Accuracy on {results.initial.validation.n} cross-validation images" in words


def test_large_colour_images_and_many_classes_stay_within_the_limit(make_run):
    run = make_run(
        classes=tuple(f"class {i}" for i in range(60)),
        image_shape=(224, 224, 3),
        sizes=(60, 60, 180),
        search=False,
    )
    html = render(run.results, run.predictions, run.gallery)
    assert len(html.encode()) <= MAX_PAGE_BYTES
    assert "data:image/jpeg" in html


def test_images_are_left_out_rather_than_the_limit_broken(monkeypatch, fake_run, page):
    whole = page.html
    monkeypatch.setattr("fashion_classifier.reporting.page.MAX_PAGE_BYTES", len(whole.encode()) - 1)
    smaller = render(fake_run.results, fake_run.predictions, fake_run.gallery)
    assert 0 < smaller.count("<img") < whole.count("<img")


@pytest.mark.parametrize("shape", [(28, 28), (5, 9, 3)])
def test_small_images_are_kept_to_the_pixel(shape):
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    kind, _, data = data_uri(image).partition(",")
    assert kind == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(b64decode(data)))), image)


def contrast(a, b):
    """Contrast ratio of two colours (WCAG 2.2, 1.4.3)."""

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05

    return max(luminance(a), luminance(b)) / min(luminance(a), luminance(b))


def test_text_can_be_read_in_both_themes(page):
    """Every text colour has a contrast of at least 4.5 with the paper, in light and in dark."""
    themes = re.findall(r"--paper: (#\w+); --ink: (#\w+); --soft: (#\w+)", style_of(page))
    assert len(themes) == 2
    for dark, (paper, ink, soft) in enumerate(themes):
        for colour in (ink, soft, *(colours[dark] for colours in PALETTE.values())):
            assert contrast(paper, colour) >= 4.5, (paper, colour)
    assert contrast(themes[0][0], INK) >= 7
