"""The files of a model folder, as trackers keep them; known without PyTorch."""

from __future__ import annotations

from pathlib import Path

from fashion_classifier.inference.manifest import MANIFEST, read_manifest


def model_files(folder: Path) -> tuple[Path, ...]:
    """Return what a model folder's manifest lists, and the manifest, each file checked.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged.
    """
    manifest = read_manifest(folder)
    manifest.check()
    return tuple(folder / name for name in (*manifest.files, MANIFEST))
