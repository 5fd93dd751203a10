"""A model folder as bytes, for where machines share no folder."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from fashion_classifier.errors import ModelError
from fashion_classifier.inference.manifest import LARGEST, LARGEST_JSON, MANIFEST, read_manifest
from fashion_classifier.storage import atomic_folder

_MOST = {**LARGEST, MANIFEST: LARGEST_JSON}


def packed(folder: Path) -> bytes:
    """Pack what a model folder's manifest lists, as it was written.

    Raises
    ------
    UnavailableError
        If there is no model folder at that place.
    ModelError
        If it is damaged.
    """
    manifest = read_manifest(folder)
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # weights are hardly compressible
        archive.write(folder / MANIFEST, MANIFEST)
        for name in manifest.files:
            archive.writestr(name, manifest.read(name))
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write the model folder that `packed` packed, in the place of one that is there.

    Raises
    ------
    ModelError
        If it is none.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive, atomic_folder(folder) as place:
            for part in archive.infolist():
                _check(part, folder)
                (place / part.filename).write_bytes(archive.read(part))
            read_manifest(place).check()
    except zipfile.BadZipFile as error:
        raise ModelError(f"{folder}: what should be put there is no packed model ({error}).") from error


def _check(part: zipfile.ZipInfo, folder: Path) -> None:
    """Check that a model folder may hold a file, before it is written."""
    if part.file_size > _MOST.get(part.filename, -1):
        raise ModelError(
            f"{folder}: what should be put there holds {part.filename} of {part.file_size:,} bytes, which no model "
            "folder does."
        )
