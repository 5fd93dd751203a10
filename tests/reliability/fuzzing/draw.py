"""Draws the sound files anew, of which all other inputs are made: ``python -m tests.reliability.fuzzing.draw``."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from PIL import Image
from tests.conftest import write_npz
from tests.reliability.fuzzing.targets import ARRAYS, IDX, MODEL, SIDE, SOUND

from fashion_classifier.data.dataset import ImageShape
from fashion_classifier.data.pixels import resized
from fashion_classifier.data.sample import draw_sample
from fashion_classifier.experiment.run import run
from fashion_classifier.experiment.settings import RunConfig
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.predictor import PredictConfig
from fashion_classifier.models.catalogue import build, settings_of
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.reporting.run_folder import read_results
from fashion_classifier.training.config import TrainConfig

SAMPLE = draw_sample(n_training=10, n_test=10).training
IMAGES, LABELS = resized(SAMPLE.images, (SIDE, SIDE)), SAMPLE.labels % 2


def draw_csv(folder: Path) -> None:
    """A table as Kaggle has it, and one with all that a table may have."""
    pixels = IMAGES.reshape(len(IMAGES), -1)
    names = [f"pixel{number}" for number in range(1, SIDE**2 + 1)]
    rows = [[str(label), *map(str, row)] for label, row in zip(LABELS, pixels, strict=True)]
    (folder / "plain.csv").write_text("\n".join(",".join(row) for row in [["label", *names], *rows]) + "\n")
    cells = [f"{row}x{column}" for row in range(1, SIDE + 1) for column in range(1, SIDE + 1)]
    header = ",".join(["group", *cells, '"label"'])
    lines = [f'"garment {number}",{",".join(row[1:])},"a ""{row[0]}"", b"' for number, row in enumerate(rows)]
    (folder / "rich.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header, *lines, ""]).encode())


def draw_idx(folder: Path) -> None:
    """Images and labels."""
    axes = b"".join(length.to_bytes(4, "big") for length in IMAGES.shape)
    (folder / IDX[0]).write_bytes(bytes([0, 0, 8, 3]) + axes + IMAGES.tobytes())
    (folder / IDX[1]).write_bytes(bytes([0, 0, 8, 1]) + axes[:4] + LABELS.astype(np.uint8).tobytes())


def draw_npz(folder: Path) -> None:
    """An archive, packed, and its arrays one by one."""
    groups = np.array([f"garment {number // 2}" for number in range(len(LABELS))])
    arrays: dict[str, Any] = dict(zip(ARRAYS, (IMAGES, LABELS, np.array(["shirt", "shoe"]), groups), strict=True))
    np.savez_compressed(folder / "whole.npz", **arrays)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def draw_parquet(folder: Path) -> None:
    """Pictures as Hugging Face writes them, and pixel values."""
    pictures = [{"bytes": _encoded(image, "PNG"), "path": None} for image in IMAGES]
    names = {"info": {"features": {"label": {"names": ["shirt", "shoe"]}}}}
    pl.DataFrame({"image": pictures, "label": LABELS}).write_parquet(
        folder / "pictures.parquet", metadata={"huggingface": json.dumps(names)}
    )
    for compression in ("uncompressed", "zstd", "snappy"):
        table = {"image": IMAGES.reshape(len(IMAGES), -1).tolist(), "label": LABELS, "group": [*"aabbccddee"]}
        place = folder / f"values-{compression}.parquet"
        pl.DataFrame(table, schema_overrides={"image": pl.List(pl.UInt8)}).write_parquet(place, compression=compression)


def draw_image(folder: Path) -> None:
    """A picture in each format and kind of pixels."""
    grey = Image.fromarray(IMAGES[0])
    kinds = {"grey": grey, "colour": grey.convert("RGB"), "palette": grey.convert("P"), "clear": grey.convert("RGBA")}
    turned = Image.Exif()
    turned[0x0112] = 6
    for kind, picture in kinds.items():
        for form in ("PNG", "GIF", "BMP", "TIFF", "WEBP"):
            (folder / f"{kind}.{form.lower()}").write_bytes(_encoded(picture, form))
    (folder / "deep.png").write_bytes(_encoded(Image.fromarray(IMAGES[0].astype(np.uint16) * 257), "PNG"))
    (folder / "turned.jpeg").write_bytes(_encoded(kinds["colour"], "JPEG", exif=turned, quality=50))
    (folder / "progressive.jpeg").write_bytes(_encoded(grey, "JPEG", progressive=True))
    (folder / "packed.tiff").write_bytes(_encoded(kinds["colour"], "TIFF", compression="tiff_lzw"))


def draw_model(folder: Path) -> None:
    """A network that has learned nothing."""
    config, shape, classes = MlpConfig(hidden=(2,)), ImageShape(SIDE, SIDE, 1), ("shirt", "shoe")
    network = build(config, shape, len(classes), (torch.tensor([60.0]), torch.tensor([80.0])), seed=0)
    how = PredictConfig(precision="float32", views="mirrored", temperature=1.0)
    model = Model(network=network.eval(), config=config, classes=classes, shape=shape, how=how)
    save_model(model, folder / "model")
    for name in MODEL:
        (folder / "model" / name).rename(folder / name)
    (folder / "model").rmdir()


def draw_record(folder: Path) -> None:
    """What a run has written down, and a study."""
    with tempfile.TemporaryDirectory() as place:
        data = write_npz(Path(place, "things.npz"))
        config = RunConfig(data=str(data), minutes=None, trials=2, epochs=1, threads=1, families=("mlp",))
        run(config, Path(place, "run"), command="fashion run")
        events = Path(place, "run/events.jsonl").read_bytes().splitlines(keepends=True)
        facts = json.loads(Path(place, "run/run.json").read_bytes())
        results = json.loads(Path(place, "run/evaluation.json").read_bytes())
        results["data"]["location"] = "things.npz"
        shutil.copy(Path(place, "run/gallery.npz"), folder)
    kept = {name: facts[name] for name in ("schema", "created", "used_s", "openings", "precisions", "finished")}
    rung = {"title": "Trial 1", "change": "other sizes", "family": "mlp", "config": settings_of(MlpConfig())}
    (folder / "stages").mkdir()
    contents = {
        "run.json": {**kept, "settings": {**facts["settings"], "data": "things.npz"}},
        "stages/rungs.json": [{**rung, "recipe": TrainConfig().to_dict()}],
        "study.json": {"data": "things", "families": ["mlp"], "mirror": True, "seed": 1, "affordable_images": 1e5},
        "evaluation.json": _shortened(results),
    }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content, separators=(",", ":")))
    (folder / "events.jsonl").write_bytes(b"".join(events[:3]))
    read_results(folder)


def _shortened(value: Any) -> Any:
    """Leave one item of each list."""
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value[:1]]
    return "-" if isinstance(value, str) and len(value) > 40 else value


def _encoded(picture: Image.Image | np.ndarray, form: str, **settings: object) -> bytes:
    """Encode a picture."""
    content = io.BytesIO()
    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    picture.save(content, form, **settings)
    return content.getvalue()


def main() -> None:
    """Draw everything."""
    shutil.rmtree(SOUND, ignore_errors=True)
    for draw in (draw_csv, draw_idx, draw_npz, draw_parquet, draw_image, draw_model, draw_record):
        folder = SOUND / draw.__name__.removeprefix("draw_")
        folder.mkdir(parents=True)
        draw(folder)


if __name__ == "__main__":
    main()
