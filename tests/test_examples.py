"""Each example runs, and shows what it says."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.data.garments.scenes import jumper_mask, photograph

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(monkeypatch, capsys, tmp_path):
    """Run an example in a folder of its own, and return what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASHION_DATA", "sample")

    def run(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return str(capsys.readouterr().out)

    return run


@pytest.fixture
def jumper(tmp_path: Path) -> Path:
    """Photograph a jumper."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    photograph(jumper_mask()).save(folder / "jumper.png")
    return folder / "jumper.png"


def test_there_is_a_test_for_each_example():
    tested = [name for name in globals() if name.startswith("test_") and name[5:7].isdigit()]
    assert [path.name[:2] for path in sorted(EXAMPLES.glob("*.py"))] == sorted(name[5:7] for name in tested)


def test_01_own_photographs(example, jumper):
    (jumper.parent / "no picture.png").write_text("words")
    told = dict(line.split(": ", 1) for line in example("01_own_photographs.py", jumper.parent).splitlines())
    assert set(told) == {"jumper.png", "no picture.png"}
    assert "may be" in told["jumper.png"] or "none of these" in told["jumper.png"]
    assert "may be" not in told["no picture.png"]


def test_02_own_classes(example, tmp_path):
    generator = np.random.default_rng(0)
    for name, level in (("socks", 40), ("gloves", 160)):
        folder = tmp_path / "things" / name
        folder.mkdir(parents=True)
        for number in range(30):
            pixels = generator.integers(level, level + 60, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    told = example("02_own_classes.py", tmp_path / "things", tmp_path / "model", "--epochs", 4)
    assert "Split(" in told
    assert "test images right" in told
    assert "socks: " in told
    assert (tmp_path / "model" / "model.json").is_file()


def test_03_comparing_two_recipes(example, tmp_path):
    from tests.conftest import write_npz

    data = write_npz(tmp_path / "things.npz")
    told = example("03_comparing_two_recipes.py", "--data", data, "--epochs", 1)
    assert "initial: " in told
    assert any(verdict in told for verdict in ("better", "worse", "not distinguishable"))
    assert "opened 0 times" in told


@pytest.mark.slow
def test_04_serving(example, jumper):
    (answer,) = json.loads(example("04_serving.py", jumper))["images"]
    assert answer["class"] in answer["probabilities"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=0.01)


@pytest.mark.slow
def test_05_exporting(example, tmp_path):
    told = example("05_exporting.py", tmp_path / "fashion.onnx")
    assert "agrees with the model" in told
    assert told.count("is taken for: ") == 5
    assert (tmp_path / "fashion.onnx").is_file()
