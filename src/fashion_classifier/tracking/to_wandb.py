"""Weights & Biases, offline: a folder that `wandb sync` sends when somebody who has an account wants that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import wandb

from fashion_classifier.tracking.model_folder import model_files
from fashion_classifier.tracking.records import Begun, Concluded, Measured, State, TrialMade

PROJECT = "fashion"


class ToWandb:
    """Writes what `wandb sync` reads.

    Parameters
    ----------
    where
        The folder.
    """

    def __init__(self, where: Path) -> None:
        self.where = where
        self.run: wandb.Run
        self.series: set[str] = set()

    def begin(self, begun: Begun) -> None:
        """Begin anew: what lies there of the same work is told again."""
        self.where.mkdir(parents=True, exist_ok=True)
        for earlier in (self.where / "wandb").glob(f"offline-run-*-{begun.identity}"):
            shutil.rmtree(earlier)
        os.environ.setdefault("WANDB_DATA_DIR", str(self.where / "wandb"))  # where files wait to be sent
        os.environ.setdefault("WANDB_CACHE_DIR", str(self.where / "wandb" / "cache"))
        self.run = wandb.init(
            mode="offline",
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            dir=str(self.where),
            id=begun.identity,
            name=begun.name,
            config=dict(begun.about),
            # What it finds out by itself would be about the process that sends.
            settings=wandb.Settings(
                console="off",
                disable_git=True,
                save_code=False,
                x_disable_meta=True,
                x_disable_stats=True,
                x_save_requirements=False,
            ),
        )

    def measure(self, measured: Measured) -> None:
        """Log a validation, over the steps of its own training."""
        step = f"{measured.series}/step"
        if measured.series not in self.series:
            self.run.define_metric(f"{measured.series}/*", step_metric=step)
            self.series.add(measured.series)
        self.run.log(
            {f"{measured.series}/{name}": value for name, value in measured.figures.items()} | {step: measured.step}
        )

    def trial(self, made: TrialMade) -> None:
        """Log a trial as a row."""
        values = {"name": made.name, "state": made.state, **made.settings, **made.figures}
        self.run.log({f"trial/{name}": value for name, value in values.items()})

    def conclude(self, concluded: Concluded, folder: Path) -> None:
        """Keep the results, the files and the model folder."""
        self.run.summary.update(dict(concluded.figures))
        self.run.config.update(dict(concluded.about), allow_val_change=True)  # type: ignore[no-untyped-call]
        if concluded.files:
            report = wandb.Artifact(f"report-{self.run.id}", type="report")
            for name in concluded.files:
                path = folder / name
                if path.is_dir():
                    report.add_dir(str(path), name=name)
                elif path.is_file():
                    report.add_file(str(path), name=name)
            self.run.log_artifact(report)
        if concluded.model:
            model = wandb.Artifact(f"model-{self.run.id}", type="model")
            for path in model_files(folder / concluded.model):
                model.add_file(str(path), name=path.name)
            self.run.log_artifact(model)

    def end(self, state: State) -> str:
        """End the run; return the folder that `wandb sync` takes."""
        folder = str(Path(self.run.settings.sync_dir))
        self.run.finish(exit_code=0 if state == "finished" else 1)
        return folder
