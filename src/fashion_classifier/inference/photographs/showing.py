"""Pictures for people: the photograph beside what the model saw of it, and what it said."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.pictures import read_picture
from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.photographs.seen import Seen, as_it_is
from fashion_classifier.inference.sorting import check_elsewhere, free_place

SIDE = 480  # pixels of the photograph's longer side, at most, and of what was seen
GAP, LINE, FONT_SIZE = 12, 26, 18  # pixels
PAPER, INK = "white", "black"
DIMMED = 0.35  # how bright what is not the garment stays


class ShownFolder:
    """A folder of pictures that show what a model saw.

    Parameters
    ----------
    folder
        Where they are written; made when the first one is.
    places
        Files and folders from which the photographs come.

    Raises
    ------
    UsageError
        If the folder is a file, or one of the places or inside of one: what is put there would be found again.
    """

    def __init__(self, folder: Path, places: Sequence[Path]) -> None:
        check_elsewhere(folder, places)
        self.folder = folder

    def put(self, path: Path, seen: Seen | None, shape: ImageShape, answer: Answer) -> Path:
        """Write one picture; return where it lies.

        Where there is a file of its name already, a number is added.

        Parameters
        ----------
        path
            The photograph.
        seen
            What the model was shown of it; None where it was only brought to the model's size.
        shape
            Of the model's images.
        answer
            What the model said.

        Raises
        ------
        DataError
            If the photograph cannot be read any more.
        """
        photograph = read_picture(path, near=(SIDE, SIDE))
        picture = drawn(photograph, as_it_is(photograph, shape) if seen is None else seen, answer)
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            place = free_place(self.folder, path.with_suffix(".png"))
            with suppress(FileExistsError):  # when another process has just taken it
                with place.open("xb") as file:
                    picture.save(file, format="PNG")
                return place


def drawn(photograph: Image.Image, seen: Seen, answer: Answer) -> Image.Image:
    """Draw a photograph, its background dimmed, beside what the model saw of it, with the answer below."""
    photograph = photograph.convert("RGB")
    photograph.thumbnail((SIDE, SIDE))
    left = _dimmed(photograph, seen)
    image = Image.fromarray(seen.shown).convert("RGB")
    times = max(1, SIDE // max(image.size))
    right = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    right.thumbnail((SIDE, SIDE))
    lines = said(answer)
    height = max(left.height, right.height)
    paper = Image.new("RGB", (3 * GAP + left.width + right.width, 3 * GAP + height + LINE * len(lines)), PAPER)
    paper.paste(left, (GAP, GAP + (height - left.height) // 2))
    paper.paste(right, (2 * GAP + left.width, GAP + (height - right.height) // 2))
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(FONT_SIZE)
    for number, line in enumerate(lines):
        draw.text((GAP, 2 * GAP + height + number * LINE), line, fill=INK, font=font)
    return paper


def said(answer: Answer) -> list[str]:
    """Say an answer in one or two lines."""
    best = f"{answer.predicted}, {answer.probability:.0%}"
    if answer.refused:
        return ["None of these", f"(at best {best})"]
    others = [] if answer.classes is None else [name for name in answer.classes if name != answer.predicted]
    return [best, f"or {', '.join(others)}"] if others else [best]


def _dimmed(photograph: Image.Image, seen: Seen) -> Image.Image:
    """Dim what is not the garment."""
    mask = Image.fromarray((seen.mask * 255).astype(np.uint8)).resize(photograph.size, Image.Resampling.BILINEAR)
    return Image.composite(photograph, photograph.point(lambda level: round(level * DIMMED)), mask)
