"""The server's page in a real browser: pictures in every way, answers, problems, widths, themes, keyboard."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from tests.data.garments.scenes import jumper_mask, photograph
from tests.serving.conftest import Process

from fashion_classifier.inference.shelf import shipped_folders

pytestmark = pytest.mark.browser

WIDTHS, THEMES = (320, 800, 1280), ("light", "dark")
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter((e) => !e.closest(".unseen, .skip, pre") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.tagName + "." + (e.getAttribute("class") || ""))
"""
GIVE = """
([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/png" }));
  }
  const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}
"""
BROKEN = {"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG nonsense"}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A server with the model that comes with the package."""
    started = Process(shipped_folders()[0], "--runtime", "onnx", "--drain", "0", cwd=tmp_path_factory.mktemp("served"))
    yield started
    started.end()


@pytest.fixture
def open_served(browser: Browser, process: Process) -> Iterator[object]:
    """Give a function that opens the page; nothing may be complained of, nor asked of anybody else."""
    opened = []

    def open_it(
        path: str = "/", *, width: int = 1280, theme: str = "light", expected: str = "", base: str = "", **settings
    ):
        base = base or process.base
        look = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
        context = browser.new_context(**look, **settings)  # type: ignore[arg-type]
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda one: complaints.append(one.url) if not one.url.startswith((base, "data:", "blob:")) else None,
        )
        page.goto(base + path)
        opened.append((context, complaints, expected))
        return page

    yield open_it
    for context, complaints, expected in opened:
        context.close()
        assert [text for text in complaints if not (expected and re.search(expected, text))] == []


def garment(name: str = "shirt.png", size: int = 400) -> Any:
    """Draw a shirt on black, as an upload."""
    image = Image.new("L", (size, size))
    outline = [
        (0.2, 0.2),
        (0.4, 0.1),
        (0.6, 0.1),
        (0.8, 0.2),
        (0.95, 0.5),
        (0.8, 0.55),
        (0.72, 0.4),
        (0.72, 0.95),
        (0.28, 0.95),
        (0.28, 0.4),
        (0.2, 0.55),
        (0.05, 0.5),
    ]
    ImageDraw.Draw(image).polygon([(x * size, y * size) for x, y in outline], fill=200)
    file = io.BytesIO()
    image.save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def answered(page: Page, n: int = 1) -> None:
    """Wait until so many cards have an answer."""
    expect(page.locator(".card")).to_have_count(n)
    expect(page.locator(".card.waiting")).to_have_count(0, timeout=15_000)


def give(page: Page, kind: str, *files: Any) -> None:
    """Paste or drop files, as a browser hands them over."""
    page.evaluate(GIVE, [kind, [[file["name"], base64.b64encode(file["buffer"]).decode()] for file in files]])


class TestAnswers:
    def test_an_upload_is_answered_in_every_way(self, open_served):
        page = open_served()
        page.set_input_files("#pick", garment())
        answered(page)
        card = page.locator(".card")
        expect(card.locator(".name")).to_have_text("shirt.png")
        expect(card.locator(".said")).not_to_be_empty()
        expect(card.locator(".sure")).to_contain_text("%")
        expect(card.locator(".second")).to_contain_text("Runner-up: ")
        assert card.locator(".saw").evaluate("(image) => [image.naturalWidth, image.naturalHeight]") == [28, 28]
        assert card.locator(".photo").evaluate("(image) => image.naturalWidth") == 400
        colours = card.locator(".map").evaluate("(map) => [...map.getContext('2d').getImageData(0, 0, 28, 28).data]")
        pixels = np.array(colours).reshape(28, 28, 4)
        assert (pixels[..., 0] > pixels[..., 2] + 40).any()  # something mattered
        card.locator("summary").click()
        assert card.locator("tbody tr").count() == 10
        shares = [float(text.split()[0]) for text in card.locator("tbody .n").all_inner_texts()]
        assert shares == sorted(shares, reverse=True)
        expect(page.locator("#status")).to_contain_text("shirt.png: ")

    def test_a_photograph_is_said_to_be_one(self, open_served):
        page = open_served()
        file = io.BytesIO()
        photograph(jumper_mask()).save(file, "JPEG")
        jumper = {"name": "jumper.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
        page.set_input_files("#pick", [garment(), jumper])
        answered(page, 2)
        first, second = page.locator(".card").all()  # the last one is on top
        expect(first.locator(".how")).to_contain_text("photograph")
        expect(second.locator(".how")).to_be_hidden()
        expect(page.locator(".model")).to_contain_text("Photographs are harder")

    def test_several_at_once_and_a_broken_one_among_them(self, open_served):
        page = open_served(expected="415")
        page.set_input_files("#pick", [garment("a.png"), BROKEN, garment("c.png")])
        answered(page, 3)
        expect(page.locator(".card.failed")).to_have_count(1)
        failed = page.locator(".card.failed")
        expect(failed.locator(".name")).to_have_text("broken.png")
        expect(failed.locator(".sure")).to_contain_text("no picture in a known format")
        expect(failed.locator(".again")).to_be_hidden()
        assert page.locator(".card .name").all_inner_texts() == ["c.png", "broken.png", "a.png"]

    @pytest.mark.parametrize("kind", ["paste", "drop"])
    def test_pictures_are_pasted_and_dropped(self, open_served, kind):
        page = open_served()
        give(page, kind, garment("one.png"), garment("two.png"))
        answered(page, 2)
        assert page.locator(".card.failed").count() == 0

    def test_drawn_ones_are_known_and_the_stranger_is_none_of_them(self, open_served):
        page = open_served()
        tries = page.locator(".try")
        assert tries.count() >= 5
        names = [name.split(" (")[0] for name in tries.evaluate_all("(all) => all.map((one) => one.dataset.name)")]
        for number in range(tries.count()):
            tries.nth(number).click()
        answered(page, tries.count())
        assert page.locator(".card .said").all_inner_texts()[::-1] == [*names[:-1], "None of these"]
        expect(page.locator(".card").first.locator(".sure")).to_contain_text("unlike")

    def test_a_picture_too_large_for_the_server_is_shrunk_here(self, open_served):
        page = open_served(expected="413")
        large = io.BytesIO()
        Image.new("L", (5200, 5200), 90).save(large, "PNG")
        page.set_input_files("#pick", {"name": "large.png", "mimeType": "image/png", "buffer": large.getvalue()})
        answered(page)
        assert page.locator(".card.failed").count() == 0

    def test_names_are_only_text(self, open_served):
        page = open_served()
        page.set_input_files("#pick", garment('<img src=x onerror=alert(1)>".png'))
        answered(page)
        assert page.locator(".name img").count() == 0
        expect(page.locator(".card .name")).to_contain_text("<img src=x")

    def test_answers_are_cleared(self, open_served):
        page = open_served()
        page.set_input_files("#pick", garment())
        answered(page)
        page.locator("#clear").click()
        expect(page.locator("#answers")).to_be_hidden()
        expect(page.locator("#pick")).to_be_focused()


class TestTrouble:
    def test_a_server_that_is_gone_is_told_and_asked_again(self, open_served, tmp_path):
        first = Process(shipped_folders()[0], "--runtime", "onnx", "--drain", "0", cwd=tmp_path)
        page = open_served(base=first.base, expected="ERR_|Failed to load")
        page.set_input_files("#pick", garment())
        answered(page)
        port = first.port
        first.end()
        page.set_input_files("#pick", garment("later.png"))
        answered(page, 2)
        failed = page.locator(".card.failed")
        expect(failed.locator(".said")).to_have_text("The server does not answer.")
        expect(failed.locator(".again")).to_be_visible()
        second = Process(shipped_folders()[0], "--runtime", "onnx", "--drain", "0", "--port", str(port), cwd=tmp_path)
        failed.locator(".again").click()
        expect(page.locator(".card.failed")).to_have_count(0)
        answered(page, 2)
        second.end()

    def test_a_file_that_is_gone_is_not_the_servers_fault(self, open_served, tmp_path):
        page = open_served(expected="ERR_|Failed to load")
        file = tmp_path / "shirt.png"
        file.write_bytes(garment()["buffer"])
        page.route("**/v1/predict*", lambda route: route.abort())
        page.set_input_files("#pick", file)
        answered(page)
        expect(page.locator(".said")).to_have_text("The server does not answer.")
        page.unroute("**/v1/predict*")
        file.unlink()
        page.locator(".again").click()
        expect(page.locator(".said")).to_have_text("This file cannot be read.")

    def test_answers_that_come_after_clearing_are_not_announced(self, open_served):
        page = open_served()
        held: list[Any] = []
        page.route("**/v1/predict*", lambda route: held.append(route))  # noqa: PLW0108 - playwright sets an attribute
        page.set_input_files("#pick", garment())
        expect(page.locator(".card.waiting")).to_have_count(1)
        page.wait_for_timeout(200)
        page.locator("#clear").click()
        with page.expect_response("**/v1/predict*"):
            held[0].continue_()
        page.wait_for_timeout(300)
        expect(page.locator("#status")).to_have_text("The answers are cleared.")

    def test_a_key_is_asked_for_and_used(self, open_served, tmp_path, monkeypatch):
        monkeypatch.setenv("FASHION_API_KEY", "a key of some length")
        guarded = Process(shipped_folders()[0], "--runtime", "onnx", "--drain", "0", cwd=tmp_path)
        page = open_served(base=guarded.base, expected="401")
        page.set_input_files("#pick", garment())
        answered(page)
        expect(page.locator("#key")).to_be_focused()
        page.keyboard.type("a key of some length")
        page.keyboard.press("Enter")
        expect(page.locator(".card.failed")).to_have_count(0)
        answered(page)
        expect(page.locator("#key-form")).to_be_hidden()
        guarded.end()

    def test_no_other_script_runs(self, open_served):
        page = open_served(expected="Content Security Policy|violates")
        page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
            }"""
        )
        assert page.evaluate("window.ran") is None


class TestLook:
    @pytest.mark.parametrize("theme", THEMES)
    @pytest.mark.parametrize("width", WIDTHS)
    @pytest.mark.parametrize("path", ["/", "/docs"])
    def test_it_fits_every_width(self, open_served, path, width, theme):
        page = open_served(path, width=width, theme=theme)
        if path == "/":
            page.set_input_files("#pick", garment("a_rather_long_name_without_any_place_to_break_" * 3 + ".png"))
            answered(page)
            page.locator("summary").click()
        else:
            page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []

    @pytest.mark.parametrize("theme", THEMES)
    def test_every_text_can_be_read(self, open_served, theme):
        page = open_served(theme=theme, expected="415")
        page.set_input_files("#pick", [garment(), BROKEN])
        answered(page, 2)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        page.set_viewport_size({"width": 1280, "height": page.evaluate("document.documentElement.scrollHeight") + 100})
        found = page.evaluate(CONTRAST, 4.5)
        assert found["poor"] == []
        assert found["nTexts"] > 40

    def test_a_telephone_offers_its_camera(self, open_served):
        page = open_served(width=390, has_touch=True, is_mobile=True)
        take = page.locator("#take")
        assert take.get_attribute("capture") == "environment"
        expect(page.locator("label[for=take]")).to_be_visible()
        take.set_input_files(garment("photo.png"))
        answered(page)
        expect(open_served().locator("label[for=take]")).to_be_hidden()

    def test_all_of_it_is_reached_by_keyboard(self, open_served):
        page = open_served()
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("#pick")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator(".try").first).to_be_focused()
        page.keyboard.press("Enter")
        answered(page)
        page.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr").first).to_be_visible()

    def test_what_cannot_be_seen_has_words(self, open_served):
        page = open_served()
        page.set_input_files("#pick", garment())
        answered(page)
        assert page.locator("img:not([alt])").count() == 0
        assert page.locator("#status").get_attribute("aria-live") == "polite"
        assert page.locator("h1").count() == 1
        words = "(all) => all.map((one) => one.textContent.trim() || one.querySelector('img')?.alt)"
        for name in page.locator("button").evaluate_all(words):
            assert name

    def test_nothing_moves_where_that_is_not_wanted(self, open_served):
        page = open_served(reduced_motion="reduce")
        assert page.locator("#give").evaluate("(one) => getComputedStyle(one).transitionDuration") in ("0s", "")

    def test_it_tells_which_model_it_is_and_how_good(self, open_served):
        page = open_served()
        (shipped,) = shipped_folders()
        test = json.loads((shipped / "record.json").read_bytes())["test"]
        low, high = test["accuracy_interval"]
        expect(page.locator(".model")).to_contain_text(f"{test['accuracy']:.2%}".replace("%", " %"))
        expect(page.locator(".model")).to_contain_text(f"{low:.2%} to {high:.2%}".replace("%", " %"))
        expect(page.locator(".classes li")).to_have_count(10)
