"""What the program promises of whole runs, shown on larger data: slow, and partly on the official files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

OFFICIAL = os.environ.get("FASHION_DATA", "")


def hue_folders(folder: Path, *, n_images: int, seed: int = 0) -> None:
    """Draw pictures whose classes differ by hue alone: lightness and shape are drawn from the same chances."""
    generator = np.random.default_rng(seed)
    for name, hue in (("amber", 30), ("green", 90), ("blue", 160), ("rose", 225)):
        (folder / name).mkdir(parents=True)
        for number in range(n_images):
            height, width = generator.integers(24, 40, 2)
            hsv = np.zeros((height, width, 3), np.uint8)
            hsv[..., 0] = hue + generator.integers(-12, 13)
            hsv[..., 1] = generator.integers(60, 200)
            hsv[..., 2] = generator.integers(60, 256, (height, width)) // 2 + generator.integers(0, 128)
            Image.fromarray(hsv, "HSV").convert("RGB").save(folder / name / f"{number}.png")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_colour_folders_of_mixed_sizes_that_differ_by_hue_alone(fashion, tmp_path):
    hue_folders(tmp_path / "hues", n_images=150)
    result = fashion("run", "--data", "hues", "--minutes", 0.5, "--out", "run", "--json")
    assert result.code == 0, result.err
    assert result.json["optimized"]["test"]["accuracy"] >= 0.95
    assert "no test set" in result.err
    assert "resized" in result.err


@pytest.mark.slow
def test_two_classes_of_mixed_sizes_run_to_a_report(fashion, tmp_path):
    generator = np.random.default_rng(0)
    for part, n_images in (("train", 80), ("test", 20)):
        for name, level in (("dark side", 70), ("light/side", 150)):
            folder = tmp_path / "two" / part / name.replace("/", "%2F")
            folder.mkdir(parents=True)
            for number in range(n_images):
                size = generator.integers(10, 90, 2)
                pixels = np.clip(generator.normal(level, 60, size), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.jpg")
    result = fashion("run", "--data", "two", "--minutes", 0.5, "--image-size", "24x20", "--out", "run", "--json")
    assert result.code == 0, result.err
    assert result.json["data"]["counts"]["test"] == 40
    assert "light/side" in Path("run/report.html").read_text()


@pytest.mark.real_data
def test_every_container_gives_the_same_data_split_and_weights(fashion):
    forms = {"parts": "csv-parts", "merged": "csv", "pictures": "png", "data.npz": "npz", "table": "parquet"}
    for target, form in forms.items():
        converted = fashion("data", "convert", OFFICIAL, target, "--to", form)
        assert converted.code == 0, converted.err
    digests, weights = set(), set()
    for number, source in enumerate([OFFICIAL, *forms]):
        command = ("train", "--data", source, "--model", "cnn", "--epochs", 0.05, "--threads", 2)
        result = fashion(*command, "--out", f"model-{number}", "--json")
        assert result.code == 0, result.err
        assert result.json["data"]["name"] == "Fashion-MNIST"
        digests.add(result.json["data"]["fingerprint"])
        weights.add(Path(f"model-{number}/weights.safetensors").read_bytes())
    assert len(digests) == 1
    assert len(weights) == 1


@pytest.mark.real_data
def test_half_a_minute_gives_a_model_that_is_no_worse_than_the_initial_one(fashion):
    result = fashion("run", "--data", OFFICIAL, "--minutes", 0.5, "--out", "run", "--json")
    facts = result.json
    assert facts["comparison"]["verdict"] != "worse"  # on a quiet machine it is better: .ci/run asks that of a minute
    assert facts["data"]["name"] == "Fashion-MNIST"
