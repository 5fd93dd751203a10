"""A server in the test's own process for what it answers, and real processes for how it lives."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import fashion  # noqa: F401 - a fixture
from tests.conftest import blobs

from fashion_classifier.evaluation.prediction_sets import ConformalRule
from fashion_classifier.evaluation.refusal import RefusalRule
from fashion_classifier.experiment.lookup import ModelPlace
from fashion_classifier.inference.bundle import Model, save_model
from fashion_classifier.inference.opening import OpenedModel, open_model
from fashion_classifier.inference.predictor import PredictConfig
from fashion_classifier.models.catalogue import build
from fashion_classifier.models.layers import channel_statistics
from fashion_classifier.models.mlp import MlpConfig
from fashion_classifier.serving.about import About, about
from fashion_classifier.serving.app import make_app
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.settings import ServeConfig

CLASSES = ("T-shirt/top", "<b>", "名前")
BASE = "http://127.0.0.1:8000"


def make_folder(folder: Path, *, colour: bool = False) -> Path:
    """Save a tiny untrained model with rules for sets and for refusing."""
    data = blobs(40, colour=colour)
    config = MlpConfig()
    network = build(config, data.shape, len(CLASSES), channel_statistics(data.images), seed=0)
    model = Model(
        network=network,
        config=config,
        classes=CLASSES,
        shape=data.shape,
        how=PredictConfig(views="mirrored"),
        sets=ConformalRule("lac", 0.05, 0.9),
        refusal=RefusalRule("confidence", 0.95, 0.99),
    )
    save_model(model, folder)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder for images of 12x12 grey pixels."""
    return make_folder(tmp_path_factory.mktemp("serving") / "model")


@pytest.fixture(scope="session")
def model(folder: Path) -> OpenedModel:
    """The model in that folder."""
    return open_model(folder, "onnx", threads=1)


class Server:
    """A server without a network, started and ended in a loop of its own."""

    def __init__(self, model: OpenedModel, config: ServeConfig, told: About | None = None) -> None:
        self.lifecycle = Lifecycle(config.limits)
        self.app = make_app(model, told or about(ModelPlace("tiny", model.path)), config, self.lifecycle)
        self._runner = asyncio.Runner()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self.run(self._start())

    def run(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return self._runner.run(work)

    async def _start(self) -> None:
        self._life: asyncio.Future[None] = asyncio.ensure_future(
            self.app({"type": "lifespan", "asgi": {}, "state": {}}, self._messages.get, self._sent.put)
        )
        await self._messages.put({"type": "lifespan.startup"})
        assert (await self._sent.get())["type"] == "lifespan.startup.complete"

    async def _stop(self) -> None:
        await self._messages.put({"type": "lifespan.shutdown"})
        await self._life

    def close(self) -> None:
        """End it."""
        self.run(self._stop())
        self._runner.close()

    def ask(self, method: str, path: str, **settings: Any) -> httpx.Response:
        """Send one request."""
        answer: httpx.Response = self.run(self.ask_async(method, path, **settings))
        return answer

    async def ask_async(self, method: str, path: str, **settings: Any) -> httpx.Response:
        """Send one request, in the server's loop."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **settings)

    def predict(self, content: bytes, query: str = "", kind: str = "image/png", **settings: Any) -> httpx.Response:
        """Send one picture as it is."""
        headers = {"content-type": kind, **settings.pop("headers", {})}
        return self.ask("POST", f"/v1/predict{query}", content=content, headers=headers, **settings)


MakeServer = Callable[..., Server]


@pytest.fixture(scope="session")
def server(model: OpenedModel) -> Iterator[Server]:
    """A server with its usual settings."""
    made = Server(model, ServeConfig(decoders=1))
    yield made
    made.close()


@pytest.fixture
def make_server(model: OpenedModel) -> Iterator[MakeServer]:
    """Give a function that makes servers with other settings."""
    made = []

    def make(opened: OpenedModel = model, **settings: Any) -> Server:
        made.append(Server(opened, ServeConfig(**{"decoders": 1, **settings})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def picture(
    kind: str = "PNG", size: tuple[int, int] = (12, 12), mode: str = "L", seed: int = 0, **settings: Any
) -> bytes:
    """Write a picture of chance."""
    generator = np.random.default_rng(seed)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]
    levels = generator.integers(0, 256, (*size, *channels), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels, mode).save(file, kind, **settings)
    return file.getvalue()


class Process:
    """`fashion serve` as a process."""

    def __init__(self, folder: Path, *options: str, cwd: Path) -> None:
        command = [sys.executable, "-m", "fashion_classifier", "serve", str(folder), "--port", "0", *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        self.said = []
        self.errors = ""  # what it has written when it has ended
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(r"http://([\d.]+):(\d+)", line):
                self.host, self.port = found[1], int(found[2])
                return
        raise AssertionError(self.said + self.process.stderr.readlines())

    @property
    def base(self) -> str:
        return f"http://{self.host}:{self.port}"

    def end(self, name: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(name)
        _, errors = self.process.communicate(timeout=60)
        self.errors += errors
        return self.process.returncode


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Give a function that starts `fashion serve` with options."""
    started = []

    def begin(*options: str) -> Process:
        started.append(Process(folder, "--runtime", "onnx", *options, cwd=tmp_path))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()
