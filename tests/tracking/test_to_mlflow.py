"""MLflow, on a real server with SQLite: what it gets, and what happens when it goes away."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from tests.conftest import blobs

from fashion_classifier.experiment.tracked import concluded_run
from fashion_classifier.inference.opening import open_model
from fashion_classifier.reporting.run_folder import read_results
from fashion_classifier.tracking.journal import JOURNAL, Reader
from fashion_classifier.tracking.records import Told

pytestmark = pytest.mark.slow

# MLflow leaves its mark on the process in which it is asked; so it is asked in another one.
ASK = """
import json, sys
import mlflow, numpy as np
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
(experiment,) = [one for one in client.search_experiments() if one.name == "fashion"]
runs = client.search_runs([experiment.experiment_id], max_results=1000)

def files(run, path=None):
    for one in client.list_artifacts(run, path):
        yield from files(run, one.path) if one.is_dir else [one.path]

found = []
for run in runs:
    series = {name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
    found.append({
        "id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {name: [[one.step, one.value] for one in history] for name, history in series.items()},
        "files": sorted(files(run.info.run_id)),
    })
if len(sys.argv) > 2:
    (owner,) = [run["id"] for run in found if run["name"] == sys.argv[3]]
    images = np.load(sys.argv[2])
    models = client.search_logged_models([experiment.experiment_id])
    (model,) = [one for one in models if one.source_run_id == owner]
    uri = f"models:/{model.model_id}"
    said = mlflow.pyfunc.load_model(uri).predict(images)
    import onnxruntime
    session = onnxruntime.InferenceSession(mlflow.onnx.load_model(uri).SerializeToString())
    alone = session.run(["probabilities"], {"images": images})[0]
    assert np.array_equal(said["probabilities"], alone)
    np.save(sys.argv[2], alone)
print(json.dumps(found))
"""


def ask(server, name, *more):
    """Return what the server knows of a work, and of the trials of its search."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-c", ASK, server.address, *map(str, (*more, name) if more else ())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout.splitlines()[-1])
    (work,) = [run for run in runs if run["name"] == name]
    return work, [run for run in runs if run["tags"].get("mlflow.parentRunId") == work["id"]]


def test_a_finished_run_is_sent_once_however_often_and_its_model_answers_the_same(
    fashion, finished_run, mlflow_server, tmp_path
):
    for _ in range(2):
        sent = fashion("track", finished_run, f"mlflow={mlflow_server.address}", "--json")
        assert sent.code == 0, sent.err
    (told,) = sent.json["tracked"]
    images = blobs(20).images
    np.save(tmp_path / "images.npy", images)
    work, trials = ask(mlflow_server, "run", tmp_path / "images.npy")
    assert told["place"].startswith(mlflow_server.address)
    assert told["place"].endswith(work["id"])
    results = read_results(finished_run)
    assert work["status"] == "FINISHED"
    assert work["params"]["trials"] == "2"
    assert work["params"]["fingerprint"] == results.data.fingerprint
    for series, history in (("initial", results.initial.history), ("retraining", results.optimized.retraining)):
        found = work["metrics"][f"{series}/training_loss"]
        assert found == [[epoch.step, pytest.approx(epoch.training_loss)] for epoch in history]
        assert len(found) > 0
    assert results.optimized.test is not None
    assert work["metrics"]["optimized/test/accuracy"] == [[0, results.optimized.test.accuracy.value]]
    assert {"report.html", "evaluation.json", "model_folder/weights.safetensors"} <= set(work["files"])
    assert any(name.startswith("figures/") for name in work["files"])
    assert results.search is not None
    assert len(trials) == len(results.search.trials)
    by_name = {trial["name"]: trial for trial in trials}
    first = results.search.trials[0]
    assert by_name["search 0"]["params"]["family"] == first.family
    assert by_name["search 0"]["metrics"]["accuracy"] == [[0, first.accuracy]]
    said = open_model(finished_run / "optimized").predict(images)
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), said, atol=1e-3)


def test_a_server_that_goes_away_ends_nothing_and_what_lacks_is_sent_later(fashion, npz, mlflow_server, monkeypatch):
    def gone_by_then(results):
        mlflow_server.stop()
        return concluded_run(results)

    monkeypatch.setattr("fashion_classifier.experiment.run.concluded_run", gone_by_then)
    address = f"mlflow={mlflow_server.address}"
    exact = ["--trials", 1, "--epochs", 2, "--trial-epochs", 1, "--family", "mlp", "--threads", 1]
    ran = fashion("run", "--data", npz, *exact, "--out", "lost", "--track", address, "--json")
    assert ran.code == 0, ran.err
    (told,) = ran.json["tracked"]
    assert told["reason"]
    assert ran.err.count("does not get everything") == 1
    assert f"fashion track {npz.parent / 'lost'} {address}" in ran.err.replace("\n", " ")
    noted = [one for one in Reader(npz.parent / "lost" / JOURNAL).new() if isinstance(one, Told)]
    assert [one.reason for one in noted] == [told["reason"]]
    mlflow_server.start("/health")
    sent = fashion("track", "lost", address)
    assert sent.code == 0, sent.err
    work, _ = ask(mlflow_server, "lost")
    results = read_results(npz.parent / "lost")
    assert work["status"] == "FINISHED"
    steps = [step for step, _ in work["metrics"]["training/validation_loss"]]
    assert steps == [epoch.step for epoch in results.optimized.history]
    assert "report.html" in work["files"]


def test_a_server_that_is_not_there_is_said_and_the_training_is_kept(fashion, npz):
    address = "mlflow=http://127.0.0.1:9"
    done = fashion("train", "--data", npz, "--recipe", "perceptron", "--epochs", 1, "--out", "m", "--track", address)
    assert done.code == 0, done.err
    assert (npz.parent / "m" / "manifest.json").is_file()
    assert "MLflow does not get everything" in done.out
    assert fashion("evaluate", "m", "--data", npz).code == 0
    assert (npz.parent / "m" / JOURNAL).is_file()
