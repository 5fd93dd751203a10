"""A model exported: what is compared on what, and what happens when something comes between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.conftest import CLASSES
from tests.inference.export.exports import ruled_model

from fashion_classifier.errors import UsageError
from fashion_classifier.experiment.exporting import export_model
from fashion_classifier.inference.bundle import save_model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A model folder, its model of colour images."""
    monkeypatch.delenv("FASHION_DATA", raising=False)
    model = ruled_model(data=blobs(40, size=13, colour=True))
    save_model(replace(model, classes=tuple(sorted(CLASSES))), tmp_path / "mine")
    return tmp_path / "mine"


def test_what_was_written_is_told(folder, tmp_path):
    told: list[str] = []

    def listen(task: str, done: float, total: float, detail: str = "") -> None:
        told.append(task)

    exported = export_model(folder, target=tmp_path / "deep" / "it.onnx", progress=listen)
    assert exported.files == (tmp_path / "deep" / "it.onnx",)
    assert exported.n_bytes == exported.files[0].stat().st_size
    assert exported.agreement.holds
    assert exported.agreement.n == 264
    assert exported.compared_on == ""
    assert not exported.has_learned
    assert set(told) == {"Opening the model", "Asking the model", "Writing the file", "Comparing"}


def test_a_file_that_somebody_made_meanwhile_is_not_overwritten(folder, tmp_path):
    place = tmp_path / "it.xml"

    def intrude(task: str, done: float, total: float, detail: str = "") -> None:
        if task == "Comparing":
            place.write_text("somebody's")

    with pytest.raises(UsageError, match=r"it\.xml is there by now; nothing was overwritten"):
        export_model(folder, form="openvino", target=place, progress=intrude)
    assert place.read_text() == "somebody's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["it.xml", "mine"]


def test_an_interruption_leaves_nothing(folder, tmp_path):
    def stop(task: str, done: float, total: float, detail: str = "") -> None:
        if task == "Comparing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_model(folder, target=tmp_path / "it.onnx", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_of_much_data_a_part_takes_part_the_same_each_time(folder, tmp_path):
    data = blobs(12_000, size=13, colour=True, seed=3)
    images, labels, classes = data.images, data.labels, np.array(sorted(CLASSES))
    np.savez(
        tmp_path / "many.npz", x_train=images, y_train=labels, x_test=images[:60], y_test=labels[:60], classes=classes
    )
    one, other = (
        export_model(folder, data=str(tmp_path / "many.npz"), target=tmp_path / f"{n}.onnx") for n in range(2)
    )
    assert one.agreement == other.agreement
    assert one.agreement.n_labelled == 2_000
