"""MLflow: parameters, metrics, a child run for each trial, files, and the model in MLflow's ONNX flavour."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from fashion_classifier.tracking.model_folder import model_files
from fashion_classifier.tracking.records import Begun, Concluded, Fact, Measured, State, TrialMade

EXPERIMENT = "fashion"
IDENTITY, PARENT, HAS_MODEL = "fashion.identity", "mlflow.parentRunId", "fashion.has_model"
LONGEST_PARAMETER = 500  # letters that every store takes
MOST_PARAMETERS = 100  # in one request
_STATES: dict[State, str] = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class ToMlflow:
    """Tells MLflow.

    Parameters
    ----------
    where
        Address of the server or the database; empty for what MLflow's environment variables say.
    """

    def __init__(self, where: str) -> None:
        if where:
            mlflow.set_tracking_uri(where)
        self.client = MlflowClient()
        self.experiment = self._experiment()
        self.run: mlflow.entities.Run
        self._known: dict[str, set[int]] = {}
        self._trials: set[str] = set()

    def begin(self, begun: Begun) -> None:
        """Begin a run, or go on with the one that has this identity."""
        found = self._find(f"tags.`{IDENTITY}` = '{begun.identity}'")
        for run in found:
            self.run = run
            self._trials = {str(run.info.run_name) for run in self._find(f"tags.`{PARENT}` = '{run.info.run_id}'")}
            self.client.update_run(run.info.run_id, status="RUNNING")
        if not found:
            self.run = self.client.create_run(self.experiment, run_name=begun.name, tags={IDENTITY: begun.identity})
        self._describe(begun.about)

    def measure(self, measured: Measured) -> None:
        """Log a validation's figures at its step."""
        self._log({f"{measured.series}/{name}": value for name, value in measured.figures.items()}, measured)

    def trial(self, made: TrialMade) -> None:
        """Make a child run of a trial."""
        if made.name in self._trials:
            return
        at = round(1000 * made.time)
        run = self.client.create_run(
            self.experiment,
            start_time=at - round(1000 * made.figures.get("seconds", 0.0)),
            run_name=made.name,
            tags={PARENT: self.run.info.run_id, "fashion.state": made.state},
        )
        self.client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, at, 0) for name, value in made.figures.items()],
            params=list(_parameters(made.settings)),
        )
        self.client.set_terminated(run.info.run_id, "FAILED" if made.state == "failed" else "FINISHED", end_time=at)
        self._trials.add(made.name)

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        """Log the results, the files and the model."""
        run = self.run.info.run_id
        self._describe(concluded.about)
        self._log(concluded.figures, None)
        for name in concluded.files:
            path = folder / name
            if path.is_dir():
                self.client.log_artifacts(run, str(path), name)
            elif path.is_file():
                self.client.log_artifact(run, str(path))
        if concluded.model:
            self._keep_model(folder / concluded.model, folder.name)

    def end(self, state: State) -> str:
        """End the run; return its page, or where there is no server its id."""
        self.client.set_terminated(self.run.info.run_id, _STATES[state])
        address = mlflow.get_tracking_uri()
        if not address.startswith("http"):
            return f"run {self.run.info.run_id} in {address}"
        return f"{address.rstrip('/')}/#/experiments/{self.experiment}/runs/{self.run.info.run_id}"

    def _keep_model(self, folder: Path, name: str) -> None:
        """Log a model's files, and once the model in the ONNX flavour."""
        run = self.run.info.run_id
        for file in model_files(folder):
            self.client.log_artifact(run, str(file), "model_folder")
        if HAS_MODEL in self.client.get_run(run).data.tags:
            return
        from fashion_classifier.tracking.mlflow_model import log_model  # noqa: PLC0415 - brings PyTorch, at the end

        if log_model(folder, name, run):
            self.client.set_tag(run, HAS_MODEL, "true")

    def _experiment(self) -> str:
        """Return the experiment's id, making it if need be."""
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        there = self.client.get_experiment_by_name(name)
        return str(self.client.create_experiment(name) if there is None else there.experiment_id)

    def _find(self, condition: str) -> list[Any]:
        """Return the runs that meet a condition."""
        return list(self.client.search_runs([self.experiment], condition, max_results=10_000))

    def _describe(self, about: Mapping[str, Fact]) -> None:
        """Log parameters, but for those that are there: MLflow takes each once."""
        there = self.client.get_run(self.run.info.run_id).data.params
        new = iter([one for one in _parameters(about) if one.key not in there])
        while some := list(islice(new, MOST_PARAMETERS)):
            self.client.log_batch(self.run.info.run_id, params=some)

    def _log(self, figures: Mapping[str, float], measured: Measured | None) -> None:
        """Log metrics, but for those that are there at this step."""
        step, at = (0, self.run.info.start_time) if measured is None else (measured.step, round(1000 * measured.time))
        new = [Metric(name, value, at, step) for name, value in figures.items() if step not in self._steps(name)]
        if new:
            self.client.log_batch(self.run.info.run_id, metrics=new)
        for metric in new:
            self._known[metric.key].add(step)

    def _steps(self, name: str) -> set[int]:
        """Return at which steps a metric is there."""
        if name not in self._known:
            history = self.client.get_metric_history(self.run.info.run_id, name)
            self._known[name] = {metric.step for metric in history}
        return self._known[name]


def _parameters(values: Mapping[str, Fact]) -> Iterator[Param]:
    """Write settings as MLflow's parameters."""
    for name, value in values.items():
        yield Param(_key(name), str(value)[:LONGEST_PARAMETER])


def _key(name: str) -> str:
    """Return a name with nothing in it that MLflow refuses."""
    return "".join(letter if letter.isalnum() or letter in "_-./ " else "_" for letter in name)
