"""What is fuzzed: for each format a function that takes bytes and has them read as the files of users are read.

It ends well or in an error of the project's own, which it passes over; whatever else it raises was found. Where a
format is more than one file, the first byte of the input says which of them the rest is; the others are sound.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.load import load
from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.data.sources import ReadOptions
from fashion_classifier.data.streams.recognition import find_stream
from fashion_classifier.errors import FashionError

HERE = Path(__file__).parent
SOUND, FOUND = HERE / "sound", HERE / "found"
WRITTEN = HERE.parents[1] / "data" / "parquet_check" / "written"  # by other programs
SIDE = 4
SHAPE = ImageShape(SIDE, SIDE, 1)
OPTIONS = (ReadOptions(), ReadOptions(image_size=(2, 3), channels=3, group_by="group"))
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
ARRAYS = ("x_train", "y_train", "classes", "groups_train")
_NPY = tuple(f"{name}.npy" for name in ARRAYS)
MODEL = ("model.json", "weights.safetensors", "model.onnx", "manifest.json")
RECORDS = ("run.json", "events.jsonl", "stages/rungs.json", "study.json", "evaluation.json", "gallery.npz")


@dataclass(frozen=True)
class Target:
    """A format.

    Parameters
    ----------
    read
        Has an input read in a folder that is its own.
    seeds
        Returns sound inputs, of which all others are made.
    n_inputs
        How many a whole campaign reads.
    largest
        Bytes of an input at most: larger ones hold more of the same, and are slower.
    """

    read: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    n_inputs: int = 100_000
    largest: int = 4096


def read_csv(content: bytes, folder: Path) -> None:
    """Read a table as a data set and as rows to predict for."""
    _read_data(folder / "data.csv", content)


def read_idx(content: bytes, folder: Path) -> None:
    """Read images or labels, raw or zipped, as a data set and, images, as rows to predict for."""
    how, rest = _choice(content, 2 * len(IDX))
    for number, name in enumerate(IDX):
        file = rest if number == how % 2 else _sound("idx", name)
        (folder / name).write_bytes(gzip.compress(file, 1, mtime=0) if how >= 2 else file)
    with suppress(FashionError):
        load(folder, use_cache=False)
    _stream(folder / IDX[how % 2])


def read_npz(content: bytes, folder: Path) -> None:
    """Read an archive, or one array in a sound archive, as a data set and as rows to predict for."""
    how, rest = _choice(content, 1 + len(ARRAYS))
    if how:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in ARRAYS:
                archive.writestr(f"{name}.npy", rest if name == ARRAYS[how - 1] else _sound("npz", f"{name}.npy"))
        rest = packed.getvalue()
    _read_data(folder / "data.npz", rest)


def read_parquet(content: bytes, folder: Path) -> None:
    """Read a table as a data set and as rows to predict for."""
    _read_data(folder / "data.parquet", content)


def read_image(content: bytes, _: Path) -> None:
    """Decode a picture, as it is and near a size."""
    for near in (None, SHAPE[:2]):
        with suppress(FashionError):
            to_array(read_picture(content, near=near), SHAPE)


def read_model(content: bytes, folder: Path) -> None:
    """Open a model folder of which one file is the input, and listed as such."""
    from fashion_classifier.inference.bundle import load_model
    from fashion_classifier.inference.opening import open_model

    how, rest = _choice(content, len(MODEL))
    files = {name: _sound("model", name) for name in MODEL} | {MODEL[how]: rest}
    if MODEL[how] != "manifest.json":
        files["manifest.json"] = _manifest(files)
    for name, file in files.items():
        (folder / name).write_bytes(file)
    with suppress(FashionError):
        load_model(folder)
    with suppress(FashionError):
        opened = open_model(folder, "onnx", threads=1)
        sides = opened.shape[:2] if opened.shape.channels == 1 else opened.shape
        opened.predict(np.zeros((1, *sides), np.uint8))


def read_record(content: bytes, folder: Path) -> None:
    """Read what a run, a search and a report have written down; one of the files is the input."""
    from fashion_classifier.experiment.climbing import kept_rungs
    from fashion_classifier.experiment.lookup import find_runs, is_finished
    from fashion_classifier.experiment.record import RunFolder
    from fashion_classifier.experiment.searching import read_study
    from fashion_classifier.reporting.run_folder import read_gallery, read_results

    how, rest = _choice(content, len(RECORDS))
    name = RECORDS[how]
    (folder / "run/stages").mkdir(parents=True, exist_ok=True)
    (folder / "run/run.json").write_bytes(_sound("record", "run.json"))
    (folder / "run" / name).write_bytes(rest)
    run = folder / "run"
    with suppress(FashionError):
        if name in {"run.json", "events.jsonl"}:
            assert find_runs(folder) == [run]
            is_finished(run)
            RunFolder(run).events()
        elif name == "stages/rungs.json":
            kept_rungs(RunFolder(run))
        else:
            {"study.json": read_study, "evaluation.json": read_results, "gallery.npz": read_gallery}[name](run)


def _whole(*folders: Path) -> list[bytes]:
    """Return sound files that are inputs as they are."""
    return [file.read_bytes() for folder in folders for file in sorted(folder.iterdir())]


def _one_of(target: str, names: tuple[str, ...], *, first: int = 0) -> list[bytes]:
    """Return sound files, each after the byte that says which it is."""
    return [bytes([first + number]) + _sound(target, name) for number, name in enumerate(names)]


TARGETS = {
    "csv": Target(read_csv, lambda: _whole(SOUND / "csv"), 1_000_000),
    "idx": Target(read_idx, lambda: [*_one_of("idx", IDX), *_one_of("idx", IDX, first=2)], 1_000_000),
    "npz": Target(read_npz, lambda: [*_one_of("npz", ("whole.npz",)), *_one_of("npz", _NPY, first=1)]),
    "parquet": Target(read_parquet, lambda: _whole(SOUND / "parquet", WRITTEN)),
    "image": Target(read_image, lambda: _whole(SOUND / "image")),
    "model": Target(read_model, lambda: _one_of("model", MODEL)),
    "record": Target(read_record, lambda: _one_of("record", RECORDS), largest=16_384),
}


def found_before(target: str) -> list[bytes]:
    """Return the inputs that once did what they must not."""
    folder = FOUND / target
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []


def packed(target: str) -> Path:
    """Return the archive of what libFuzzer has learned of a format."""
    return HERE / "learned" / f"{target}.tar.xz"


def learned_before(target: str) -> Iterator[bytes]:
    """Yield the inputs that led where no others did."""
    if packed(target).is_file():
        with tarfile.open(packed(target)) as archive:
            for entry in archive:
                file = archive.extractfile(entry)
                assert file is not None
                yield file.read()


def read_in_new_folder(target: str, content: bytes, place: Path) -> None:
    """Have an input read in a folder that is made for it and removed again."""
    folder = place / target
    folder.mkdir()
    try:
        TARGETS[target].read(content, folder)
    finally:
        shutil.rmtree(folder)


def _read_data(place: Path, content: bytes) -> None:
    """Read a file as a data set, as it is or grouped and resized, and as rows to predict for."""
    place.write_bytes(content)
    with suppress(FashionError):
        load(place, options=OPTIONS[crc32(content) % len(OPTIONS)], use_cache=False)
    _stream(place)


def _stream(place: Path) -> None:
    """Read a file as rows to predict for."""
    stream = find_stream(place)
    for block in stream.blocks(SHAPE) if stream is not None else ():
        assert block.images.shape[1:] == SHAPE[:2]
        assert len(block.images) == block.errors.count("")


def _choice(content: bytes, n: int) -> tuple[int, bytes]:
    """Split an input into a choice among n and the rest."""
    return (content[0] % n if content else 0), content[1:]


@cache
def _sound(target: str, name: str) -> bytes:
    """Return a sound file."""
    return (SOUND / target / name).read_bytes()


def _manifest(files: dict[str, bytes]) -> bytes:
    """List the files of a model folder."""
    listed = {
        name: {"sha256": hashlib.sha256(file).hexdigest(), "bytes": len(file)}
        for name, file in files.items()
        if name != "manifest.json"
    }
    return json.dumps({"format_version": 1, "files": listed}).encode()
