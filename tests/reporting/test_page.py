"""The page is whole in itself, tells what was measured, and is harmless whatever the classes are called."""

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.reporting.conftest import in_full

from fashion_classifier.reporting.conclusion import conclude
from fashion_classifier.reporting.figures.palette import INK, PALETTE
from fashion_classifier.reporting.gallery import misclassified
from fashion_classifier.reporting.page import render
from fashion_classifier.reporting.published import _OFFICIAL
from fashion_classifier.reporting.rendering import MAX_PAGE_BYTES

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
        if not self.open or self.open[-1] not in {"style", "script"}:
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


def test_the_page_loads_nothing(page):
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "base", "img"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "data"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,")), target
    style = style_of(page)
    assert "@import" not in style
    assert set(re.findall(r"url\((.{22})", style)) == {"data:image/png;base64,"}


def test_its_policy_allows_its_own_script_and_nothing_else(page):
    """The hash is of what the browser reads between the tags."""
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    (script,) = re.findall(r"<script>(.*?)</script>", page.html, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert [attributes.get("type") for attributes in page.all("script")] == ["application/json", None]
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "<!--"):
        assert sink not in script


def gallery_data(page):
    """Give what the page's script is given."""
    (data,) = re.findall(r'<script type="application/json" id="gallery-data">(.*?)</script>', page.html, re.DOTALL)
    return json.loads(data)


def style_of(page):
    """Give the page's style sheet."""
    return page.html.split("<style>")[1].split("</style>")[0]


def test_sections_come_in_the_order_of_the_notebook_and_are_linked(page):
    ids = [attributes["id"] for attributes in page.all("section")]
    assert ids == [
        "data", "models", "training", "optimization", "evaluation", "misclassified", "robustness", "comparison",
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
    pictures = [span for span in page.all("span") if span.get("role") == "img"]
    assert len(pictures) > 50
    assert all(picture["aria-label"].startswith("An image of ") for picture in pictures)
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
            assert f"{evaluation.loss.value:.3f}" in words
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
    assert len(page.all("script")) == 2
    assert all("onerror" not in attributes and attributes.get("src") != "x" for _, attributes in page.elements)
    assert gallery_data(page)["classes"] == list(EVIL)
    for name in EVIL:
        assert name in page.words
    labels = {span["aria-label"].removeprefix("An image of ") for span in page.all("span") if "aria-label" in span}
    assert len(labels & set(EVIL)) > 1


def test_the_surest_mistakes_of_the_optimized_model_are_shown_without_a_script(make_run):
    run = make_run(sizes=(400, 300, 1500))
    page, n_all = page_of(run), run.results.optimized.test.n_misclassified
    mistakes = misclassified(run.predictions, run.gallery, "optimized")
    tiles = page.html.split('id="wall"')[1].split("</ul>")[0]
    assert tiles.count('class="tile"') == 60 < n_all
    truths = re.findall(r'<p class="true">(.*?)</p>', tiles)
    assert truths == [mistake.true for mistake in mistakes[:60]]
    answers = re.findall(r'data-by="optimized">✗ (.*?)</span> <span class="n">(\d+)\u202f%', tiles)
    assert answers == [(mistake.predicted, f"{100 * mistake.probability:.0f}") for mistake in mistakes[:60]]
    assert f"{n_all} images that the optimized model got wrong, 60 shown" in page.words


def test_a_run_without_mistakes_has_no_gallery_and_says_so(make_run):
    page = page_of(make_run(initial_skill=60, optimized_skill=60, sizes=(50, 50, 50)))
    assert "Misclassified images" in page.words
    assert "There is none." in page.words
    assert not page.all("select")
    assert [script.get("type") for script in page.all("script")] == [None]


@pytest.fixture(scope="module")
def shortened(make_run):
    """A page about a drawn sample, without a search and cut short."""
    return page_of(make_run(search=False, is_sample=True, ended_early="stopped by Ctrl-C"))


def test_a_run_without_search_says_so(shortened):
    words = shortened.words
    assert "No search for hyperparameters was made in this run" in words
    assert "Leaderboard" not in words


def test_a_drawn_sample_and_an_early_end_have_a_banner(shortened, page):
    notes = [attributes["class"] for attributes in shortened.all("p") if attributes.get("role") == "note"]
    assert notes == ["banner"] * 2
    assert "Drawn sample." in shortened.words
    assert "ended early (stopped by Ctrl-C)" in shortened.words
    assert "banner" not in [attributes.get("class") for attributes in page.all("p")]


def test_a_closed_test_set_leaves_a_page_about_cross_validation(fake_run):
    results = fake_run.results
    closed = replace(
        results, initial=replace(results.initial, test=None), optimized=replace(results.optimized, test=None)
    )
    words = Page(render(closed, fake_run.predictions, fake_run.gallery)).words
    assert "The test set has not been opened" in words
    assert f"Accuracy on {results.initial.validation.n} cross-validation images" in words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_classes", "shape", "kind"),
    [(100, (224, 224, 3), "jpeg"), (10, (96, 96, 3), "jpeg"), (10, (48, 48, 3), "png")],
)
def test_large_colour_images_and_many_classes_stay_within_the_limit(make_run, n_classes, shape, kind):
    """Noise is what compresses worst; as many images stand on the page as there is room for."""
    rng = np.random.default_rng(0)
    run = make_run(
        classes=tuple(f"class {i}" for i in range(n_classes)),
        image_shape=shape,
        sizes=(n_classes, n_classes, 1000),
        initial_skill=-3.0,
        search=False,
        images={
            name: rng.integers(0, 256, (size, *shape), dtype=np.uint8)
            for name, size in (("training", n_classes), ("validation", n_classes), ("test", 1000))
        },
    )
    html = render(run.results, run.predictions, run.gallery)
    n_shown = len(set(re.findall(r"\.sheet-(\d+) {", html)))
    assert len(html.encode()) <= MAX_PAGE_BYTES
    assert f"data:image/{kind}" in html
    assert n_shown > 0
    if len(run.gallery) > 900:  # the limit was what ended it
        assert len(html.encode()) > MAX_PAGE_BYTES - 1_000_000


def test_images_are_left_out_rather_than_the_limit_broken(monkeypatch, fake_run, page):
    whole = page.html
    monkeypatch.setattr("fashion_classifier.reporting.rendering.MAX_PAGE_BYTES", len(whole.encode()) - 1)
    smaller = Page(render(fake_run.results, fake_run.predictions, fake_run.gallery))
    before, after = (len(gallery_data(each)["tiles"]["true"]) for each in (page, smaller))
    assert 0 < after < before
    assert gallery_data(smaller)["kinds"]["optimized"]["totals"] == gallery_data(page)["kinds"]["optimized"]["totals"]


def test_a_page_without_room_for_images_says_so(monkeypatch, fake_run):
    monkeypatch.setattr("fashion_classifier.reporting.rendering.MAX_PAGE_BYTES", 1000)
    page = Page(render(fake_run.results, fake_run.predictions, fake_run.gallery))
    assert "There is no room for images on this page." in page.words
    assert not page.all("select")


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


def test_what_a_full_evaluation_found_is_told_with_the_doubtful_images(fake_run, page):
    without = page.words
    full, doubtful = in_full(fake_run)
    page = Page(render(full.results, full.predictions, full.gallery, doubtful))
    titles = ("The same steps over seeds", "With more images", "Attacks", "Labels that look wrong", "Near-duplicates")
    for title in titles:
        assert title in page.words, title
        assert title not in without, title
    assert "Not measured in this run" not in page.words
    pictures = [attributes for attributes in page.all("span") if "doubtful-" in (attributes.get("class") or "")]
    assert len(pictures) == 40
    assert all(attributes["aria-label"].startswith("An image labelled") for attributes in pictures)
    assert "37 of 1,200 training and cross-validation images" in page.words


def test_doubtful_images_that_are_not_there_leave_the_rest(fake_run):
    full, _ = in_full(fake_run)
    page = page_of(full)
    assert "Labels that look wrong" in page.words
    assert "doubtful-" not in "".join(attributes.get("class") or "" for attributes in page.all("span"))


def test_recall_is_told_of_each_class_on_all_three_sets(fake_run, page):
    optimized = fake_run.results.optimized
    for report, unseen in zip(optimized.training.per_class, optimized.test.per_class, strict=True):
        row = rf"{re.escape(report.name)} {100 * report.recall:.1f} % [\d.]+ to [\d.]+ %? ?[\d.]+ %"
        assert re.search(row, page.words), row
        assert f"{100 * unseen.recall:.1f} %" in page.words


def test_what_others_reached_stands_beside_a_fashion_mnist_run_alone(fake_run, page):
    assert "What others have reached" not in page.words
    data = replace(fake_run.results.data, fingerprint=_OFFICIAL)
    official = replace(fake_run, results=replace(fake_run.results, data=data))
    assert "What others have reached" in page_of(official).words
