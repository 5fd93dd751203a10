"""The page in a real browser: whole and quiet at every width, in both themes, by hand, by keyboard and on paper."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.browser.conftest import write_page
from tests.reporting.conftest import make_run

from fashion_classifier.reporting.gallery import Gallery, misclassified

pytestmark = pytest.mark.browser

WIDTHS, THEMES = (360, 800, 1280), ("light", "dark")
EVIL = ('<script>alert("1")</script>', "a & b", "<img src=x onerror=alert(1)>", '=cmd|"/c calc"!A1')
COPY = "() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }"
REFUSE = "() => { navigator.clipboard.writeText = async () => { throw new Error('not allowed'); }; }"
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")

# Elements that reach beyond the window, but for those in a region that scrolls by itself.
TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter((e) => !e.closest(".scroll, nav, .unseen, .skip") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.tagName + "." + (e.getAttribute("class") || ""))
"""


def n_confused(run, model, true, predicted):
    """Count how often a model took one class for another."""
    return getattr(run.results, model).test.confusion[true][predicted]


MATRICES = {"rates": "rates-", "counts": ""}


def most_confused(run, model):
    """Give the pair of classes that a model confused most, and how often."""
    counts = np.array(getattr(run.results, model).test.confusion)
    np.fill_diagonal(counts, 0)
    true, predicted = divmod(int(counts.argmax()), len(counts))
    return true, predicted, int(counts.max())


def cell(page, model, true, predicted, *, kind="rates"):
    """Find a cell of a confusion matrix."""
    return page.locator(f'#figure-confusion-{MATRICES[kind]}{model} [data-true="{true}"][data-predicted="{predicted}"]')


def shown(page, model):
    """Give the true class and a model's answer of each tile that is shown."""
    truths = page.locator("#wall .true").all_inner_texts()
    answers = [text[2:] for text in page.locator(f'#wall .answer[data-by="{model}"]').all_inner_texts()]
    return list(zip(truths, answers, strict=True))


class TestWhole:
    @pytest.mark.parametrize("theme", THEMES)
    @pytest.mark.parametrize("width", WIDTHS)
    def test_opens_offline_and_fits(self, open_page, width, theme):
        page = open_page(width=width, theme=theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []
        expect(page.locator("#filters")).to_be_visible()
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper))) < 200) == (theme == "dark")

    def test_a_wide_tables_caption_stays_in_the_window(self, open_page):
        page = open_page(width=360)
        assert max(page.locator("caption span").evaluate_all("(all) => all.map((one) => one.offsetWidth)")) <= 360

    @pytest.mark.parametrize("theme", THEMES)
    def test_every_text_can_be_read_on_what_it_stands_on(self, open_page, theme):
        page = open_page(theme=theme, has_touch=True, is_mobile=True)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        page.set_viewport_size({"width": 1280, "height": page.evaluate("document.documentElement.scrollHeight") + 100})
        found = page.evaluate(CONTRAST, 4.5)
        assert found["poor"] == []
        assert found["nTexts"] > 1000

    def test_faint_text_would_be_found(self, open_page):
        page = open_page(height=20_000)
        page.add_style_tag(content=".lede { color: #999 !important; }")
        assert len(page.evaluate(CONTRAST, 4.5)["poor"]) >= page.locator(".lede").count() > 3

    def test_without_script_it_is_whole_but_for_the_filters(self, open_page):
        page = open_page(java_script_enabled=False)
        assert page.locator("#wall .tile").count() == 60
        expect(page.locator("#gallery-count")).to_contain_text("60 shown")
        for hidden in ("#filters", "#more", ".tool", ".with-script"):
            assert not [found for found in page.locator(hidden).all() if found.is_visible()]

    def test_no_other_script_runs(self, browser, report):
        context = browser.new_context(offline=True)
        page = context.new_page()
        page.goto(report.as_uri())
        page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
            }"""
        )
        assert page.evaluate("window.ran") is None
        context.close()

    def test_class_names_are_only_text(self, open_page, tmp_path):
        run = make_run(classes=EVIL, sizes=(100, 100, 300), search=False)
        page = open_page(write_page(run, tmp_path))
        true, predicted, n = most_confused(run, "optimized")
        cell(page, "optimized", true, predicted).click()
        assert shown(page, "optimized") == [(EVIL[true], EVIL[predicted])] * n
        assert EVIL[0] in " ".join(page.locator("select[name=true] option").all_inner_texts())
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 2


class TestGallery:
    def test_shows_the_surest_mistakes_of_the_optimized_model_first(self, open_page, run):
        page = open_page()
        mistakes = misclassified(run.predictions, run.gallery, "optimized")
        assert shown(page, "optimized") == [(mistake.true, mistake.predicted) for mistake in mistakes[:60]]

    def test_each_picture_is_the_image_to_the_pixel(self, open_page, run):
        page = open_page()
        mistakes = misclassified(run.predictions, run.gallery, "optimized")
        page.locator("#more").click()
        for number in (0, 1, 33, 70):
            drawn = page.locator("#wall .picture").nth(number).screenshot()
            pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"))
            middles = pixels[2:112:4, 2:112:4]  # of each pixel, four times as large on the screen
            np.testing.assert_array_equal(middles, mistakes[number].image)

    @pytest.mark.parametrize("kind", ["initial", "mended", "broken", "both"])
    def test_every_kind_can_be_chosen(self, open_page, run, kind):
        page, comparison = open_page(), run.results.comparison
        page.locator("select[name=kind]").select_option(kind)
        n = {
            "initial": run.results.initial.test.n_misclassified,
            "mended": comparison.mended,
            "broken": comparison.broken,
            "both": comparison.both_wrong,
        }[kind]
        assert page.locator("#gallery-count").inner_text() == f"{n} images" + (", 60 shown" if n > 60 else "")
        assert page.locator("#wall .tile").count() == min(n, 60)
        outcomes = set(page.locator("#wall .outcome").all_inner_texts())
        assert outcomes <= {"initial": {"mended", "both wrong"}, "both": {"both wrong"}}.get(kind, {kind})

    def test_filters_by_true_and_predicted_class_and_back(self, open_page, run):
        page = open_page()
        n_all = run.results.optimized.test.n_misclassified
        true, predicted, n = most_confused(run, "optimized")
        n_true = sum(run.results.optimized.test.confusion[true]) - n_confused(run, "optimized", true, true)
        page.locator("select[name=true]").select_option(str(true))
        assert page.locator("#gallery-count").inner_text() == f"{n_true} of {n_all} images"
        page.locator("select[name=predicted]").select_option(str(predicted))
        assert page.locator("#gallery-count").inner_text() == f"{n} of {n_all} images"
        page.locator("#filters button").click()
        assert page.locator("#gallery-count").inner_text() == f"{n_all} images, 60 shown"

    def test_options_say_how_many_there_are(self, open_page, run):
        page = open_page()
        true, predicted, n = most_confused(run, "optimized")
        page.locator("select[name=true]").select_option(str(true))
        names = page.locator("select[name=predicted] option").all_inner_texts()
        assert names[predicted + 1] == f"{run.results.data.classes[predicted]} ({n})"

    def test_shows_more_a_page_at_a_time(self, open_page, run):
        page = open_page()
        page.locator("#more").click()
        assert page.locator("#wall .tile").count() == 120
        assert page.evaluate("[...document.querySelectorAll('#wall .tile')].indexOf(document.activeElement)") == 60
        while page.locator("#more").is_visible():
            page.locator("#more").click()
        assert page.locator("#wall .tile").count() == run.results.optimized.test.n_misclassified

    def test_a_page_without_room_for_all_says_so(self, open_page, run, tmp_path):
        few = Gallery(run.gallery.images[:40], run.gallery.image_sha256[:40])
        page = open_page(write_page(replace(run, gallery=few), tmp_path))
        n_held = len(misclassified(run.predictions, few, "optimized"))
        n_all = run.results.optimized.test.n_misclassified
        assert page.locator("#gallery-count").inner_text() == (
            f"{n_all} images, {n_held} shown; this page has room for {n_held} of them"
        )

    def test_the_address_holds_the_filter(self, open_page, run):
        page = open_page(address="#misclassified?kind=mended&true=&predicted=")
        assert page.locator("#gallery-count").inner_text().startswith(f"{run.results.comparison.mended} images")
        page.locator("select[name=kind]").select_option("broken")
        assert "kind=broken" in page.url
        page.evaluate("location.hash = '#misclassified?kind=constructor&true=99&predicted=x'")
        assert page.locator("select[name=kind]").input_value() == "broken"


class TestMatrices:
    @pytest.mark.parametrize("kind", ["rates", "counts"])
    @pytest.mark.parametrize("model", ["initial", "optimized"])
    def test_a_click_on_a_cell_shows_its_images(self, open_page, run, model, kind):
        page = open_page()
        true, predicted, n = most_confused(run, model)
        chosen = cell(page, model, true, predicted, kind=kind)
        classes = run.results.data.classes
        label = f"{classes[true]} taken for {classes[predicted]}: {n} images, show them"
        assert chosen.get_attribute("aria-label") == label
        chosen.click()
        assert shown(page, model) == [(classes[true], classes[predicted])] * n
        assert page.locator("#gallery-count").inner_text().startswith(f"{n} of ")
        assert page.locator("select[name=kind]").input_value() == model
        expect(page.locator("#misclassified-title")).to_be_focused()
        expect(page.locator("#misclassified-title")).to_be_in_viewport()

    def test_the_way_back_leads_to_the_matrix(self, open_page, run):
        page = open_page(reduced_motion="reduce")
        true, predicted, _ = most_confused(run, "optimized")
        cell(page, "optimized", true, predicted).click()
        expect(page.locator("#misclassified-title")).to_be_in_viewport()
        page.go_back()
        expect(cell(page, "optimized", true, predicted)).to_be_in_viewport()

    @pytest.mark.parametrize("key", ["Enter", "Space"])
    def test_works_by_keyboard(self, open_page, run, key):
        """One stop in a matrix, arrow keys within it."""
        page = open_page()
        buttons = page.locator("#figure-confusion-rates-optimized [role=button]")
        assert [button.get_attribute("tabindex") for button in buttons.all()] == ["0"] + ["-1"] * (buttons.count() - 1)
        page.locator("#figure-confusion-rates-initial ~ .tool").focus()
        page.keyboard.press("Tab")
        expect(buttons.first).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(buttons.nth(1)).to_be_focused()
        page.keyboard.press("ArrowDown")
        place = "Number(document.activeElement.dataset.true)"
        assert page.evaluate(place) > int(buttons.first.get_attribute("data-true"))
        focused = page.evaluate("({...document.activeElement.dataset})")
        page.keyboard.press(key)
        expect(page.locator("#misclassified-title")).to_be_focused()
        n = n_confused(run, "optimized", int(focused["true"]), int(focused["predicted"]))
        assert len(shown(page, "optimized")) == n

    def test_right_answers_are_no_buttons(self, open_page):
        page = open_page()
        assert cell(page, "optimized", 3, 3).get_attribute("role") is None
        assert page.locator("#figure-confusion-rates-optimized").get_attribute("role") == "group"
        assert page.locator("#figure-learning").count() == 0

    def test_the_pairs_below_are_buttons_even_where_cells_are_too_small(self, open_page, tmp_path):
        run = make_run(classes=tuple(f"class {i}" for i in range(45)), sizes=(450, 450, 900), search=False)
        page = open_page(write_page(run, tmp_path))
        assert page.locator("[data-true]").count() == 0
        pair = page.locator("#figure-confusion-initial [data-pair]").first
        true, predicted, n = most_confused(run, "initial")
        assert pair.get_attribute("data-pair") == f"{true} {predicted}"
        pair.locator("text").click()
        assert shown(page, "initial") == [(f"class {true}", f"class {predicted}")] * n


class TestTakingAway:
    @pytest.mark.parametrize("theme", THEMES)
    def test_every_figure_can_be_saved_and_stands_alone(self, open_page, theme):
        page = open_page(theme=theme)
        figures = page.locator(".plot")
        tools = page.locator(".plot > .tool")
        assert figures.count() == tools.count() > 8
        with page.expect_download() as download:
            page.locator("#figure-confusion-rates-optimized ~ .tool").click()
        assert download.value.suggested_filename == "confusion-rates-optimized.svg"
        text = Path(download.value.path()).read_text(encoding="utf-8")
        root = ET.fromstring(text)
        assert "var(" not in text
        assert "currentColor" not in text
        assert "tabindex" not in text
        assert root.get("aria-label")
        ground = root.find("{http://www.w3.org/2000/svg}rect").get("fill")
        assert ground == page.evaluate("getComputedStyle(document.body).backgroundColor")

    def test_every_table_is_copied_as_csv(self, open_page, run):
        page = open_page()
        page.evaluate(COPY)
        tools = page.locator(".tabular > .tool")
        assert page.locator("table").count() == tools.count() > 8
        tables = {}
        for tool in tools.all():
            title = tool.get_attribute("aria-label").removeprefix("Copy CSV: ")
            tool.evaluate("(tool) => tool.click()")
            text = page.evaluate("window.copied")
            assert text.endswith("\r\n")
            assert "\n" not in text.replace("\r\n", "")
            tables[title] = rows = list(csv.reader(io.StringIO(text)))
            assert len({len(row) for row in rows}) == 1, title
        both = tables["Both models on all three sets of images"]
        assert both[0][:3] == ["Model", "Images", "Accuracy"]
        assert [row[0] for row in both[1:]] == ["Initial model"] * 3 + ["Optimized model"] * 3
        assert [row[1] for row in both[1:]] == ["Training", "Cross-validation", "Test"] * 2
        per_class = tables["Classification report: optimized model"]
        assert [row[0] for row in per_class[1:11]] == list(run.results.data.classes)
        assert per_class[0] == ["Class", "Precision", "Recall", "F1", "Images"]
        assert per_class[-1][-1] == f"{run.results.optimized.test.n:,}"

    def test_a_table_is_saved_where_the_clipboard_is_closed(self, open_page):
        page = open_page()
        page.evaluate(REFUSE)
        tool = page.get_by_role("button", name="Copy CSV: Images of each class")
        tool.focus()
        with page.expect_download() as download:
            tool.press("Enter")
        assert download.value.suggested_filename == "images-of-each-class.csv"
        assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("Class,Training,")
        expect(tool).to_have_text("Saved")
        expect(page.get_by_role("status").last).to_have_text("Saved: Images of each class")

    def test_what_a_spreadsheet_would_run_is_text(self, open_page, tmp_path):
        run = make_run(classes=EVIL, sizes=(100, 100, 300), search=False)
        page = open_page(write_page(run, tmp_path))
        page.evaluate(COPY)
        page.get_by_role("button", name="Copy CSV: Images of each class").evaluate("(tool) => tool.click()")
        rows = list(csv.reader(io.StringIO(page.evaluate("window.copied"))))
        assert [row[0] for row in rows[1:5]] == [*EVIL[:3], f"'{EVIL[3]}"]

    def test_tools_show_on_hover_on_focus_and_where_there_is_no_pointer(self, open_page):
        opacity = "(tool) => Number(getComputedStyle(tool).opacity)"
        page = open_page()
        tool = page.locator(".plot .tool").first
        assert tool.evaluate(opacity) == 0
        page.add_style_tag(content=".tool { transition: none !important; }")
        page.locator(".plot").first.hover()
        assert tool.evaluate(opacity) == 1
        touched = open_page(has_touch=True, is_mobile=True, width=360)
        assert touched.locator(".plot .tool").first.evaluate(opacity) == 1


class TestPaper:
    def test_is_printed_whole_and_without_what_only_a_screen_needs(self, open_page):
        page = open_page()
        page.emulate_media(media="print")
        for hidden in ("nav", "button", "#filters", ".with-script"):
            assert not [found for found in page.locator(hidden).all() if found.is_visible()], hidden
        overflow = "(regions) => regions.map((region) => getComputedStyle(region).overflowX)"
        assert set(page.locator(".scroll").evaluate_all(overflow)) == {"visible"}
        assert page.locator("#wall .tile").first.is_visible()

    def test_no_table_is_cut_on_paper(self, open_page):
        page = open_page(width=688)  # of A4 within its margins
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        cut = "(regions) => regions.filter((r) => r.scrollWidth > r.clientWidth + 1).map((r) => r.ariaLabel)"
        assert page.locator(".scroll").evaluate_all(cut) == []

    def test_what_is_folded_is_opened_for_the_printer_and_folded_again(self, open_page):
        page = open_page()
        details = page.locator("details")
        assert details.count() > 0
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert all(found.get_attribute("open") is not None for found in details.all())
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert all(found.get_attribute("open") is None for found in details.all())

    def test_is_white_on_paper_in_the_dark_theme_too(self, open_page):
        page = open_page(theme="dark")
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"
