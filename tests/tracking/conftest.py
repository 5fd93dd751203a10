"""Command line and data of the other tests, and an MLflow server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest
from tests.cli.conftest import fashion, npz, put_run, trained

__all__ = ["fashion", "npz", "put_run", "trained"]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for trackers as long as a busy machine needs."""
    monkeypatch.setattr("fashion_classifier.tracking.following.PATIENCE_S", 150.0)


class Server:
    """A program that serves on a port of this machine's own, until it is stopped.

    Parameters
    ----------
    command
        Its words after "python"; "{port}" stands for the port.
    folder
        Where it runs.
    """

    def __init__(self, command: list[str], folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.command = [sys.executable, *(word.format(port=port) for word in command)]
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, page: str) -> None:
        """Start it and wait until it gives a page."""
        environment = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        for _ in range(6000):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.address}{page}", timeout=60).close()
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise AssertionError((self.folder / "server.log").read_text())

    def stop(self) -> None:
        """End it and the processes that it has started."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real MLflow server, with SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    store, files = f"sqlite:///{folder}/mlflow.db", str(folder / "files")
    where = ["--host", "127.0.0.1", "--port", "{port}", "--workers", "1"]
    server = Server(
        ["-m", "mlflow", "server", "--backend-store-uri", store, "--artifacts-destination", files, *where], folder
    )
    server.start("/health")
    yield server
    server.stop()
