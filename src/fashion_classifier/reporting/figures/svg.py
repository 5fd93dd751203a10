"""Figures -> files and markup: SVG that follows the page it stands on, SVG and PNG that stand alone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from fashion_classifier.reporting.figures.lettering import drawing
from fashion_classifier.reporting.figures.palette import INK, PALETTE
from fashion_classifier.reporting.figures.sheet import alt_text
from fashion_classifier.storage import atomic_path, write_text

FONT_STACK = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
PNG_DPI = 200

_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"#([\w.:-]+)(?=\)|$)")
_SMOOTH_FROM = 48  # pixels: smaller images are shown pixel by pixel, larger ones as photographs


def to_svg(figure: Figure, *, prefix: str) -> str:
    """Give a figure as an `<svg>` element to be set into an HTML page, whose theme it follows.

    What the page needs to know:

    - Text and axes are drawn in `currentColor`: they take the text colour of the element around the figure.
    - Every other colour is a variable with a fallback for white ground, ``var(--figure-optimized, #bf400d)``.
      On dark ground set the variables that `theme_css` gives.
    - The ground is transparent. The fonts are the system's; text is text, and can be selected and searched.
    - It is as wide as what is around it, and at most as wide as it was drawn (374 points, 499 CSS pixels), so
      that letters have their right size on a wide page and shrink by a quarter at 390 pixels.
    - Nothing leaks: no `<style>`, no ids but those that begin with `prefix`.
    - For screen readers it is one image, labelled with the figure's words (`alt_text`).
    - The cells of a confusion matrix (up to 40 classes) and the images of a gallery carry ``data-true`` and
      ``data-predicted``, class indices for cells and names for images, and a `<title>` shown on hovering; the most
      confused pairs below a matrix carry ``data-pair``, both indices.

    Parameters
    ----------
    prefix
        Begins every id; unique in the page, and valid in an id ("confusion-initial").

    Returns
    -------
    str
        The same for the same figure, to the byte.
    """
    root = _elements(figure, prefix)
    for element in root.iter():
        if "style" in element.attrib:
            element.attrib["style"] = _themed(element.attrib["style"])
    return ET.tostring(root, encoding="unicode")


def theme_css(selector: str, *, dark: bool) -> str:
    """Give the CSS rule that sets the figures' colours, for one ground.

    Parameters
    ----------
    selector
        Where it holds (":root", or "[data-theme=dark]").
    dark
        For a dark ground, #1b1f24 or darker; else for a white one.

    Examples
    --------
    >>> theme_css(":root", dark=False)[:38]
    ':root { --figure-initial: #5b6b82; --f'
    """
    rules = " ".join(f"--figure-{name}: {colours[dark]};" for name, colours in PALETTE.items())
    return f"{selector} {{ {rules} }}"


def save_figure(figure: Figure, folder: Path, name: str) -> Path:
    """Write a figure as ``name.svg`` and ``name.png``, dark on white, each whole or not at all.

    Returns
    -------
    Path
        The SVG file's.
    """
    with atomic_path(folder / f"{name}.png") as path, drawing():
        # The lowest level packs a report's figures in half a second less, into a seventh more.
        packed: dict[str, Any] = {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 1}}
        figure.savefig(path, format="png", dpi=PNG_DPI, facecolor="white", **packed)
    root = _elements(figure, name)
    width, height = _size(figure)
    del root.attrib["style"]
    root.attrib.update({"width": f"{width:g}pt", "height": f"{height:g}pt"})
    root.insert(0, ET.Element("rect", {"width": "100%", "height": "100%", "fill": "#ffffff"}))
    ET.indent(root, space="")
    target = folder / f"{name}.svg"
    write_text(target, f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n')
    return target


def _size(figure: Figure) -> tuple[float, float]:
    """Give width and height in points."""
    return figure.get_figwidth() * 72, figure.get_figheight() * 72


def _elements(figure: Figure, prefix: str) -> ET.Element:
    """Draw a figure as a tree of SVG elements, without anything that would leak into a page."""
    written = StringIO()
    with drawing():
        figure.savefig(written, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    root = ET.fromstring(written.getvalue())  # noqa: S314 - our own writing
    _drop_style_and_metadata(root)
    used = {name for element in root.iter() for name in _references(element)}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _rename(element, prefix, used)
        if element.tag == "text":
            element.set("style", re.sub(r"font-family:[^;]*;? ?", "", element.get("style", "")))
        elif element.tag == "image":
            _compress(element)
    _set_root(root, figure, prefix)
    return root


def _drop_style_and_metadata(root: ET.Element) -> None:
    """Remove the style sheet and the metadata, which hold for a whole document."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"metadata", "style"}:
                parent.remove(child)


def _references(element: ET.Element) -> Iterator[str]:
    """Name the ids to which an element refers."""
    for name in ("clip-path", _HREF):
        if match := _REFERENCE.search(element.get(name, "")):
            yield match[1]


def _rename(element: ET.Element, prefix: str, used: set[str]) -> None:
    """Begin the ids that are used with the prefix, unfold marks, drop other ids."""
    own = element.attrib.pop("id", "")
    if own in used:
        element.set("id", f"{prefix}-{own}")
    elif own.startswith("{"):
        _unfold_mark(element, json.loads(own))
    if (target := element.attrib.pop(_HREF, None)) is not None:
        element.set("href", _REFERENCE.sub(rf"#{prefix}-\1", target) if target.startswith("#") else target)
    if "clip-path" in element.attrib:
        element.set("clip-path", _REFERENCE.sub(rf"#{prefix}-\1", element.attrib["clip-path"]))


def _unfold_mark(element: ET.Element, data: dict[str, str]) -> None:
    """Give an element the tooltip and the data that `sheet.mark` folded into its id."""
    title = ET.Element("title")
    title.text = data.pop("tooltip")
    for name, value in data.items():
        element.set(f"data-{name}", value)
    element.insert(0, title)


def _set_root(root: ET.Element, figure: Figure, prefix: str) -> None:
    """Write the outermost element's attributes: size, defaults, and the words for those who cannot see it."""
    width, height = _size(figure)
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "id": prefix,
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": "100%",
            "style": f"max-width: {width:g}pt; height: auto",
            "role": "img",
            "aria-label": alt_text(figure),
            "font-family": FONT_STACK,
            "stroke-linejoin": "round",
            "stroke-linecap": "butt",
        }
    )


def _themed(style: str) -> str:
    """Replace the palette's colours in a style by the page's."""
    style = style.replace(INK, "currentColor")
    for name, (light, _) in PALETTE.items():
        style = style.replace(light, f"var(--figure-{name}, {light})")
    return style


def _compress(element: ET.Element) -> None:
    """Write an embedded image as small as it can be: grey as grey, a photograph as JPEG."""
    data = base64.b64decode(element.attrib["href"].partition(",")[2])
    image = Image.open(BytesIO(data)).convert("RGBA")
    if image.getchannel("A").getextrema() != (255, 255):
        return
    is_photograph = min(image.size) >= _SMOOTH_FROM
    if is_photograph:
        element.attrib.pop("style", None)
    colours = np.asarray(image)[..., :3]
    is_grey = bool((colours == colours[..., :1]).all())
    small = image.convert("L" if is_grey else "RGB")
    buffer = BytesIO()
    if is_photograph:
        small.save(buffer, "JPEG", quality=85)
    else:
        small.save(buffer, "PNG", optimize=True)
    kind = "jpeg" if is_photograph else "png"
    element.set("href", f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}")
