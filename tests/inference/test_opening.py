"""A model folder is opened in any runtime, gives the same answers in each, and needs no PyTorch for that."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from tests.conftest import blobs
from tests.inference.conftest import make_model

from fashion_classifier.errors import DataError, ModelError, UnavailableError, UsageError
from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.opening import open_model
from fashion_classifier.inference.runtimes.opening import open_runtime

DATA = blobs(40)


@pytest.mark.parametrize("runtime", ["auto", "torch", "onnx", "openvino"])
def test_every_runtime_gives_the_network_s_probabilities(saved, runtime):
    opened, loaded = open_model(saved, runtime, threads=1), load_model(saved)
    assert opened.classes == loaded.classes
    assert opened.shape == loaded.shape
    assert opened.predict(DATA.images) == pytest.approx(loaded.predict(DATA.images), abs=1e-5)


def test_onnx_runtime_is_taken_where_there_is_a_choice(saved):
    runtime = open_model(saved).runtime
    assert (runtime.name, runtime.precision) == ("onnx", "float32")


def test_a_folder_without_onnx_is_opened_in_pytorch(tmp_path):
    save_model(make_model(), tmp_path / "model", onnx=False)
    assert open_model(tmp_path / "model", threads=1).runtime.name == "torch"
    with pytest.raises(ModelError, match=r"this model has no model\.onnx, which onnx in float32 needs"):
        open_model(tmp_path / "model", "onnx")


def test_no_images_give_no_rows(saved):
    assert open_model(saved).predict(DATA.images[:0]).shape == (0, 3)


def test_images_of_another_shape_are_refused(saved):
    with pytest.raises(DataError, match="they are 5x5 grey, the model takes 12x12 grey"):
        open_model(saved).predict(np.zeros((2, 5, 5), np.uint8))


def test_what_there_is_not_is_said(saved, tmp_path):
    with pytest.raises(UsageError, match="There is no runtime 'abacus'; there are torch, onnx, openvino"):
        open_runtime(saved, "abacus")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="onnx computes in float32 or int8, not in int4"):
        open_runtime(saved, "onnx", "int4")
    with pytest.raises(UnavailableError, match="there is no model here"):
        open_model(tmp_path)


def test_predicting_in_a_process_of_its_own_imports_no_pytorch(saved, tmp_path):
    from PIL import Image

    Image.fromarray(DATA.images[0]).save(tmp_path / "a.png")
    arguments = ["fashion", "predict", str(tmp_path / "a.png"), "--model", str(saved), "--json"]
    program = (
        f"import sys\nsys.argv = {arguments!r}\n"
        "from fashion_classifier.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end\n"
        "heavy = {'torch', 'optuna', 'sklearn', 'matplotlib', 'polars', 'scipy', 'safetensors'}\n"
        "print('HEAVY:', sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "HEAVY: []" in done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["runtime"] == {"name": "onnx", "precision": "float32", "views": "mirrored", "tried": []}
    expected = load_model(saved).predict(DATA.images[:1])[0]
    assert facts["rows"][0]["probability"] == pytest.approx(expected.max(), abs=1e-5)
