"""Figures as files and markup: the same to the byte, at home on any page, in colours for everybody."""

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from fashion_classifier.reporting import figures
from fashion_classifier.reporting.figures.palette import INK, MUTED, PALETTE

WHITE, DARK = "#ffffff", "#1b1f24"


@pytest.fixture(scope="module")
def figure(fake_run):
    return figures.confusion_matrix(fake_run.results.optimized.test, title="Test")


def test_the_same_results_give_the_same_bytes(fake_run, tmp_path):
    """Drawn twice, in one process or another: nothing of the time or of chance is in the file."""
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        drawn = figures.initial_against_optimized(fake_run.results)
        path = figures.save_figure(drawn, folder, "figure")
        written.append((path.read_bytes(), path.with_suffix(".png").read_bytes()))
    assert written[0] == written[1]


def test_a_persons_own_settings_are_neither_used_nor_changed(fake_run):
    plain = figures.to_svg(figures.splits_side_by_side(fake_run.results), prefix="a")
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        assert figures.to_svg(figures.splits_side_by_side(fake_run.results), prefix="a") == plain
        assert dict(mpl.rcParams) == before


class TestMarkup:
    def test_follows_the_pages_theme(self, figure):
        markup = figures.to_svg(figure, prefix="matrix")
        root = ET.fromstring(markup)
        texts = [element for element in root.iter() if element.tag.endswith("text")]
        assert texts
        for text in texts:
            (fill,) = re.findall(r"fill: ([^;]+)", text.get("style", ""))
            assert fill == "currentColor" or fill.startswith("var(--figure-")
        assert not re.search(r"(?<!, )#[0-9a-f]{6}", markup)

    def test_every_variable_is_set_by_both_themes(self, fake_run):
        markup = figures.to_svg(figures.search_progress(fake_run.results.search), prefix="a")
        for dark in (False, True):
            css = figures.theme_css(":root", dark=dark)
            assert css.startswith(":root {")
            assert css.endswith("}")
            for name in re.findall(r"var\((--[\w-]+)", markup):
                assert f"{name}: #" in css

    def test_two_figures_on_a_page_share_no_id_and_no_style(self, fake_run):
        markup = [
            figures.to_svg(figures.splits_side_by_side(fake_run.results), prefix=prefix) for prefix in ("one", "two")
        ]
        ids = [set(re.findall(r'\bid="([^"]*)"', text)) for text in markup]
        assert ids[0]
        assert not ids[0] & ids[1]
        for text, prefix, own in zip(markup, ("one", "two"), ids, strict=True):
            assert all(name.startswith(prefix) for name in own)
            references = re.findall(r'(?:url\(|href=")#([^")]*)', text)
            assert set(references) <= own
            assert "<style" not in text
            assert "<?xml" not in text
            assert "<!DOCTYPE" not in text

    def test_text_is_text_in_the_systems_fonts(self, figure):
        markup = figures.to_svg(figure, prefix="a")
        assert ">Ankle boot</text>" in markup
        assert "DejaVu" not in markup
        assert "system-ui" in markup

    def test_is_one_labelled_image_for_a_screen_reader(self, figure):
        root = ET.fromstring(figures.to_svg(figure, prefix="a"))
        assert root.get("role") == "img"
        assert "1,000 images were recognised" in root.get("aria-label", "")


def test_save_figures_writes_each_as_svg_and_png_and_nothing_else(fake_run, tmp_path):
    folder = tmp_path / "run" / "figures"
    mistakes = figures.draw_mistakes(fake_run.results, fake_run.predictions, fake_run.gallery)
    paths = figures.save_figures(figures.draw_figures(fake_run.results) | mistakes, folder)
    assert len(paths) == 17
    expected = {f"{name}{suffix}" for name in paths for suffix in (".svg", ".png")}
    assert {path.name for path in folder.iterdir()} == expected
    for name, path in paths.items():
        assert path == folder / f"{name}.svg"
        root = ET.parse(path).getroot()
        assert [ground.get("fill") for ground in root.findall("{*}rect")] == [WHITE]
        with Image.open(path.with_suffix(".png")) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert pixels.shape[1] == pytest.approx(374 / 72 * 200, abs=1)
        assert (pixels[0, 0] == 255).all()
        assert pixels.std() > 5


def linear(colour):
    """Give a colour's linear red, green and blue (IEC 61966-2-1)."""
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """Give the contrast ratio of WCAG 2.2."""
    light, dark = sorted((float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# Machado, Oliveira, Fernandes (2009), table 1, severity 1.0; what the eye sees of linear RGB.
SIGHT = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "full": np.eye(3),
}


def lab(rgb):
    """Give CIELAB of linear RGB, white D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


class TestPalette:
    @pytest.mark.parametrize("name", PALETTE)
    def test_every_colour_can_be_read_as_text_on_its_ground(self, name):
        light, dark = PALETTE[name]
        assert contrast(light, WHITE) >= 4.5
        assert contrast(dark, DARK) >= 4.5

    def test_muted_text_can_be_read(self):
        ink = [int(INK[i : i + 2], 16) for i in (1, 3, 5)]
        mixed = [round(255 + float(MUTED[1]) * (grey - 255)) for grey in ink]
        assert contrast("#{:02x}{:02x}{:02x}".format(*mixed), WHITE) >= 4.5

    @pytest.mark.parametrize("sight", SIGHT)
    @pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
    def test_the_models_and_what_was_mended_and_broken_differ_for_the_colour_blind(self, sight, theme):
        for a, b in (("initial", "optimized"), ("mended", "broken")):
            seen = [lab(np.array(SIGHT[sight]) @ linear(PALETTE[name][theme])) for name in (a, b)]
            assert np.linalg.norm(seen[0] - seen[1]) > 20, (a, b)

    def test_no_colour_is_given_twice(self):
        for theme in (0, 1):
            colours = [both[theme] for both in PALETTE.values()]
            assert all(a != b for a, b in combinations(colours, 2))
