"""The page about two models in a real browser: whole and quiet, its gallery filtered by form and matrix."""

import pytest
from playwright.sync_api import expect
from tests.browser.test_report_page import COPY, EVIL, THEMES, TOO_WIDE, cell, shown
from tests.reporting.comparisons import make_comparison

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def compared():
    """Two models with some hundred mistakes."""
    return make_comparison(image_shape=(28, 28), n=2400)


@pytest.fixture(scope="session")
def report(compared, tmp_path_factory):
    """The page that `open_page` opens."""
    return compared.write_page(tmp_path_factory.mktemp("comparison"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_opens_offline_without_complaint_and_fits(open_page, width, theme):
    page = open_page(width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []
    expect(page.locator("#filters")).to_be_visible()


@pytest.mark.parametrize(("kind", "count"), [("mended", "mended"), ("broken", "broken"), ("both", "both_wrong")])
def test_the_gallery_is_filtered(open_page, compared, kind, count):
    page, n = open_page(), getattr(compared.results.comparison, count)
    page.locator("select[name=kind]").select_option(kind)
    assert page.locator("#gallery-count").inner_text() == f"{n} images" + (", 60 shown" if n > 60 else "")
    assert set(page.locator("#wall .outcome").all_inner_texts()) == {kind if kind != "both" else "both wrong"}


@pytest.mark.parametrize(("letter", "slot"), [("a", "initial"), ("b", "optimized")])
def test_a_click_on_a_matrix_shows_that_models_mistakes(open_page, compared, letter, slot):
    page, test = open_page(), getattr(compared.results, letter).test
    n, true, predicted = max((n, i, j) for i, row in enumerate(test.confusion) for j, n in enumerate(row) if i != j)
    cell(page, letter, true, predicted).click()
    assert shown(page, slot) == [(test.classes[true], test.classes[predicted])] * n
    assert page.locator("#gallery-count").inner_text().startswith(f"{n} of {test.n_misclassified} images")


def test_names_are_only_text(open_page, tmp_path):
    evil = make_comparison(names=(EVIL[0], EVIL[2]), classes=EVIL, n=300)
    page = open_page(evil.write_page(tmp_path))
    expect(page.locator(".pair li").first).to_contain_text(EVIL[0])
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_tables_can_be_copied_and_none_is_cut_on_paper(open_page):
    page = open_page(width=688)  # of A4 within its margins
    page.evaluate(COPY)
    page.get_by_role("button", name="Copy CSV: Recall of each class").evaluate("(tool) => tool.click()")
    assert page.evaluate("window.copied").startswith("Class,Images,A,interval,B,interval,B less A,")
    page.emulate_media(media="print")
    cut = "(regions) => regions.filter((r) => r.scrollWidth > r.clientWidth + 1).map((r) => r.ariaLabel)"
    assert page.locator(".scroll").evaluate_all(cut) == []
