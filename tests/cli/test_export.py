"""`fashion export`: a file that answers by itself, held to its model before it gets its name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.conftest import blobs, write_npz
from tests.inference.export.exports import DATA, HOW, answers_in_pytorch, ruled_model
from tests.inference.shelves import accuracy, put_model

from fashion_classifier.inference.bundle import load_model, save_model
from fashion_classifier.inference.manifest import write_manifest

# Runs a file with nothing but its runtime: neither this package nor PyTorch can be imported.
ALONE = """
import sys

class Closed:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"fashion_classifier", "torch"}:
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Closed())
import json
import numpy as np

runtime, place, images, answers = sys.argv[1:]
images = np.load(images)
if runtime == "onnx":
    import onnxruntime
    session = onnxruntime.InferenceSession(place, providers=["CPUExecutionProvider"])
    run = lambda batch: session.run(["probabilities"], {"images": batch})[0]
    classes = session.get_modelmeta().custom_metadata_map["classes"]
else:
    import openvino
    model = openvino.compile_model(place, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    run = lambda batch: model(batch)["probabilities"]
    classes = openvino.Core().read_model(place).get_rt_info(["fashion_classifier", "classes"]).value
np.save(answers, np.concatenate([run(images[:1]), run(images[1:8]), run(images[8:])]))
assert not {"fashion_classifier", "torch"} & set(sys.modules)
print(classes)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """For each kind of data a model with every rule, and its folder."""
    folder = tmp_path_factory.mktemp("saved")
    made = {kind: ruled_model(data=blobs(40, **how)) for kind, how in DATA.items()}
    for kind, model in made.items():
        save_model(model, folder / kind)
    return {kind: (model, folder / kind) for kind, model in made.items()}


@pytest.fixture
def model(fashion, saved):
    """The model of grey images; its folder is `mine`."""
    made, folder = saved["grey"]
    shutil.copytree(folder, "mine")
    return made


@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_an_export_answers_without_this_package_and_without_pytorch(fashion, saved, kind, to):
    data = blobs(40, **DATA[kind])
    made, folder = saved[kind]
    shutil.copytree(folder, "mine")
    (place, *_) = fashion("export", "mine", "--to", to, "--json").json["files"]
    np.save("images.npy", data.images)
    command = [sys.executable, "-I", "-c", ALONE, to, place, "images.npy", "answers.npy"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == list(made.classes)
    expected = answers_in_pytorch(made, data.images)["probabilities"]
    assert np.abs(np.load("answers.npy") - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("to", "files"),
    [("onnx", ["mine.onnx"]), ("openvino", ["mine.xml", "mine.bin"]), ("torch-export", ["mine.pt2"])],
)
def test_each_form_is_called_as_the_model_and_told_with_an_example_that_runs(fashion, model, to, files):
    result = fashion("export", "mine", "--to", to)
    assert result.code == 0, result.err
    assert f"Written: {' and '.join(files)} (" in result.out
    assert "Agrees with the model (noise, drawn garments): on 264 images probabilities differ by at most" in (
        result.out
    )
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == sorted(files)
    program = "\n".join(line.strip() for line in result.out.splitlines()[-3:])
    images = blobs(40, **DATA["grey"]).images
    names = {"images": images}
    exec(program, names)
    found = np.asarray(names["probabilities"])
    assert np.abs(found - answers_in_pytorch(model, images)["probabilities"]).max() < 1e-3


def test_programs_are_told_what_was_written_and_how_far_it_agrees(fashion, model):
    told = fashion("export", "mine", "--output", "deep/it.onnx", "--json").json
    assert told["schema"] == "fashion.export/1"
    assert told["files"] == ["deep/it.onnx"]
    assert told["bytes"] == Path("deep/it.onnx").stat().st_size
    assert told["answers"] == ["probabilities", "strangeness", "refused", "in_set"]
    assert told["image"] == {"height": 14, "width": 14, "channels": 1}
    agreement = told["agreement"]
    assert agreement["n"] == 264
    assert agreement["largest_difference"] < 1e-3
    assert agreement["changed"] == agreement["ruled_otherwise"] == agreement["labelled"] == 0
    assert agreement["data"] is agreement["accuracy"] is agreement["exported_accuracy"] is None


def test_a_run_s_model_is_compared_on_its_own_data_and_named_after_both(fashion, put_run):
    put_run("first")
    told = fashion("export", "first", "--json").json
    assert told["files"] == ["first-optimized.onnx"]
    assert told["agreement"]["labelled"] == 48
    assert told["agreement"]["accuracy"] == told["agreement"]["exported_accuracy"]
    props = {prop.key: json.loads(prop.value) for prop in onnx.load("first-optimized.onnx").metadata_props}
    judged = json.loads(Path("first/evaluation.json").read_text())["optimized"]["test"]["accuracy"]
    assert props["accuracy"]["accuracy"] == judged["value"]
    assert fashion("export", "first", "--initial", "--json").json["files"] == ["first-initial.onnx"]
    assert len(json.loads(Path("first/run.json").read_text())["openings"]) == 1  # the run's own


def test_data_that_is_not_the_model_s_own_is_passed_over_unless_it_is_named(fashion, put_run, npz, monkeypatch):
    put_run("first")
    write_npz(Path("other.npz"), seed=5)
    npz.unlink()
    monkeypatch.setenv("FASHION_DATA", "other.npz")
    assert fashion("export", "first", "--json").json["agreement"]["labelled"] == 0
    named = fashion("export", "first", "--data", "other.npz", "--output", "b.onnx", "--json").json
    assert named["agreement"]["labelled"] == 48


def test_without_a_name_the_best_shipped_model_is_taken_and_named(fashion, tmp_path):
    put_model(tmp_path / "shipped/good", test=accuracy(0.9))
    result = fashion("export")
    assert "Model: good (comes with the program)" in result.out
    props = {prop.key: json.loads(prop.value) for prop in onnx.load("good.onnx").metadata_props}
    assert props["accuracy"] == {"accuracy": 0.9, "accuracy_interval": [pytest.approx(0.85), 0.92], "n": 200}
    assert props["licence"] == "MIT"


@pytest.mark.parametrize(
    ("to", "taken"), [("onnx", "mine.onnx"), ("openvino", "mine.bin"), ("torch-export", "mine.pt2")]
)
def test_nothing_is_overwritten(fashion, model, to, taken):
    Path(taken).write_text("somebody's")
    result = fashion("export", "mine", "--to", to)
    assert result.code == 2
    assert f"{taken} is already there; nothing was overwritten" in result.err
    assert [path.name for path in Path().iterdir() if path.is_file()] == [taken]
    assert Path(taken).read_text() == "somebody's"


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "openvino"])
def test_a_graph_that_was_tampered_with_is_refused_with_the_figures_and_leaves_nothing(fashion, model, to):
    graph = onnx.load("mine/model.onnx")
    bias = next(tensor for tensor in graph.graph.initializer if numpy_helper.to_array(tensor).shape == (3,))
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.array([1, 0, 0], np.float32), bias.name))
    onnx.save(graph, "mine/model.onnx")
    assert "its content is not what the manifest says" in fashion("export", "mine", "--to", to).err
    write_manifest(Path("mine"))
    result = fashion("export", "mine", "--to", to)
    assert result.code == 5
    assert (
        f"as {to} in float32 it does not answer as it does itself: on 264 images probabilities differ by" in result.err
    )
    assert "Nothing was written." in result.err
    assert [path.name for path in Path().iterdir()] == ["mine"]


@pytest.mark.slow
def test_a_lower_precision_is_measured_on_labelled_images(fashion):
    training, test = blobs(800, seed=1), blobs(60, seed=2)
    names = np.array(training.classes)
    for name, n in (("many.npz", 800), ("few.npz", 300)):
        x, y = training.images[:n], training.labels[:n]
        np.savez(name, x_train=x, y_train=y, x_test=test.images, y_test=test.labels, classes=names)
    assert fashion("train", "--data", "many.npz", "--model", "mlp", "--epochs", 2, "--out", "plain").code == 0
    save_model(load_model("plain"), "mine", int8=True, images=training.images)
    told = fashion("export", "mine", "--precision", "int8", "--data", "many.npz", "--json").json
    assert told["files"] == ["mine-int8.onnx"]
    assert told["agreement"]["labelled"] == 800
    assert told["agreement"]["accuracy"] - told["agreement"]["exported_accuracy"] <= 0.002
    openvino = fashion("export", "mine", "--to", "openvino", "--precision", "int8", "--data", "many.npz", "--json")
    assert openvino.json["files"] == ["mine-int8.xml", "mine-int8.bin"]
    without = fashion("export", "mine", "--precision", "int8", "--output", "a.onnx")
    assert without.code == 2
    assert "measured on labelled images, and mine's own are not at hand" in without.err
    missing = fashion("export", "plain", "--precision", "int8", "--data", "many.npz", "--output", "b.onnx")
    assert missing.code == 5
    assert "has no model.int8.onnx" in missing.err
    few = fashion("export", "mine", "--precision", "int8", "--data", "few.npz", "--output", "c.onnx")
    assert few.code == 2
    assert "it has 300 labelled images besides the test set" in few.err
    assert not list(Path().glob("?.onnx"))


def test_data_of_other_classes_is_refused(fashion, model):
    write_npz(Path("other.npz"))
    result = fashion("export", "mine", "--data", "other.npz")
    assert result.code == 3
    assert "its classes are kind 0" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 4, "there is no model here"),
        (["mine", "--output", "it.pt"], 2, "a file for onnx ends in .onnx"),
        (["mine", "--to", "openvino", "--output", "it.onnx"], 2, "a file for openvino ends in .xml"),
        (["mine", "--to", "torch-export", "--precision", "int8"], 2, "computes in float32, not in int8"),
        (["mine", "--precision", "bfloat16"], 2, "computes in float32 or int8, not in bfloat16"),
        (["mine", "--to", "tflite"], 2, "tflite"),
        (["mine", "--data", "nowhere.npz"], 4, "nowhere.npz"),
    ],
)
def test_wrong_names_are_told(fashion, model, arguments, code, said):
    result = fashion("export", *arguments)
    assert result.code == code
    assert said in result.err
    assert [path.name for path in Path().iterdir()] == ["mine"]


def test_without_openvino_the_extra_is_named(fashion, model, monkeypatch):
    monkeypatch.setattr("fashion_classifier.inference.export.forms.has_openvino", lambda: False)
    result = fashion("export", "mine", "--to", "openvino")
    assert result.code == 4
    assert "pip install 'fashion-images-classifier[openvino]'" in result.err


def test_a_model_folder_without_onnx_is_exported_from_its_network(fashion, model):
    save_model(replace(model, how=replace(model.how, **HOW)), "bare", onnx=False)
    assert fashion("export", "bare").code == 0
    assert Path("bare.onnx").is_file()
