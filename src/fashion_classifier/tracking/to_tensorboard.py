"""TensorBoard: curves, settings with what came of them, figures and texts, as event files in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from fashion_classifier.tracking.records import Begun, Concluded, Fact, Measured, State, TrialMade

EVENTS = "events.out.tfevents.*"
PICTURES, TEXTS = ".png", ".md"


class ToTensorboard:
    """Writes event files.

    Parameters
    ----------
    where
        The folder; the work gets one of its name in it.
    """

    def __init__(self, where: Path) -> None:
        self.where = where
        self.folder: Path
        self.writer: SummaryWriter
        self.about: dict[str, Fact] = {}

    def begin(self, begun: Begun) -> None:
        """Begin anew: event files cannot be changed, and everything that they held is told again."""
        self.folder = self.where / begun.name
        for events in self.folder.rglob(EVENTS):
            events.unlink()
        self.writer = SummaryWriter(str(self.folder))  # type: ignore[no-untyped-call]
        self.about = dict(begun.about)
        self._text("settings", f"```json\n{json.dumps(self.about, indent=2, ensure_ascii=False)}\n```")

    def measure(self, measured: Measured) -> None:
        """Add a point to each curve."""
        for name, value in measured.figures.items():
            tag = f"{measured.series}/{name}"
            self.writer.add_scalar(tag, value, measured.step, measured.time)  # type: ignore[no-untyped-call]
        self.writer.flush()  # type: ignore[no-untyped-call]

    def trial(self, made: TrialMade) -> None:
        """Add a row to the table of hyperparameters."""
        self._hyperparameters(made.settings, made.figures, f"trials/{made.name}")

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        """Add the results, and the pictures and texts among the files."""
        settings = {name: value for name, value in self.about.items() if name != "command"}
        self._hyperparameters(settings, concluded.figures, "results")
        for path in (found for name in concluded.files for found in _files(folder / name)):
            if path.suffix == PICTURES:
                with Image.open(path) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
                self.writer.add_image(path.stem, pixels, dataformats="HWC")  # type: ignore[no-untyped-call]
            elif path.suffix == TEXTS:
                self._text(path.stem, path.read_text(encoding="utf-8"))

    def end(self, state: State) -> str:
        """Close the files; return the folder."""
        self._text("ended", state)
        self.writer.close()  # type: ignore[no-untyped-call]
        return str(self.folder)

    def _text(self, tag: str, text: str) -> None:
        """Add a text."""
        self.writer.add_text(tag, text)  # type: ignore[no-untyped-call]

    def _hyperparameters(self, settings: Mapping[str, Fact], figures: Mapping[str, float], name: str) -> None:
        """Add settings and what came of them."""
        self.writer.add_hparams(dict(settings), dict(figures), run_name=name)  # type: ignore[no-untyped-call]


def _files(path: Path) -> list[Path]:
    """Return the file, or the files in the folder."""
    return sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
