"""`fashion serve`: a model behind an address, for programs and for people."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from fashion_classifier.cli.options import ModelOrRun
from fashion_classifier.cli.output import drop_output, output
from fashion_classifier.cli.predict import RuntimeChoice
from fashion_classifier.errors import MissingExtraError

if TYPE_CHECKING:
    from fashion_classifier.serving.settings import ServeConfig

KEY = "FASHION_API_KEY"
NEEDED = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")


def serve(
    model: ModelOrRun = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at; 0 for any that is free.")] = 8000,
    open_to_all: Annotated[
        bool,
        typer.Option(
            "--open-to-all", help="Let anybody who can reach the address be answered, without $FASHION_API_KEY."
        ),
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A host name by which the server may be called; repeatable."),
    ] = None,
    runtime: Annotated[
        RuntimeChoice,
        typer.Option(
            "--runtime", help="What computes; auto tries all that are installed and takes the fastest that agrees."
        ),
    ] = RuntimeChoice.AUTO,
    threads: Annotated[int, typer.Option("--threads", help="Threads for the model; 0 for one a core but one.")] = 0,
    decoders: Annotated[
        int, typer.Option("--decoders", help="Processes that decode pictures; 0 for one a core but one, at most four.")
    ] = 0,
    drain_s: Annotated[
        float, typer.Option("--drain", metavar="SECONDS", help="From being told to end until no more is accepted.")
    ] = 1.0,
) -> None:
    """Serve a model: an API for programs, and a page for people.

    It listens on this machine alone. To be reached from others it needs a key in $FASHION_API_KEY, which callers then
    show, or --open-to-all. SIGTERM and Ctrl-C end it in order: /readyz says no, and what was asked is still answered.

    Examples:

      fashion serve

      fashion serve runs/2026-01-31-101500-auto --port 9000

      FASHION_API_KEY=... fashion serve --host 0.0.0.0 --allow-host garments.example.org
    """
    _check_extra()
    from fashion_classifier.serving.settings import ServeConfig

    config = ServeConfig(
        host=host,
        port=port,
        key=os.environ.get(KEY, ""),
        open_to_all=open_to_all,
        names=tuple(names or ()),
        threads=threads,
        decoders=decoders,
        drain_s=drain_s,
    )
    _serve(config, model, runtime)


def _check_extra() -> None:
    """Say what to install, if something is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"Serving needs {', '.join(missing)}: pip install 'fashion-images-classifier[serve]'.")


def _serve(config: ServeConfig, model: ModelOrRun, runtime: RuntimeChoice) -> None:
    """Open the socket, then the model, and serve."""
    from fashion_classifier.experiment.lookup import locate_model
    from fashion_classifier.serving.about import about
    from fashion_classifier.serving.app import make_app
    from fashion_classifier.serving.engine import open_for_serving
    from fashion_classifier.serving.lifecycle import Lifecycle
    from fashion_classifier.serving.server import listen, serve

    with output(as_json=False) as out_to, listen(config.host, config.port) as listening:
        config = replace(config, port=listening.getsockname()[1])
        place = locate_model(model)
        _say(out_to.remark, f"Model: {place.shown}")
        opened = open_for_serving(place.path, runtime.value, config.n_threads)
        by = opened.computed_by
        _say(out_to.remark, f"Computed by {by['name']} in {by['precision']}")
        lifecycle = Lifecycle(config.limits)
        app = make_app(opened, about(place), config, lifecycle)
        serve(app, config, lifecycle, listening, lambda: _say(out_to.tell, f"Serving at {config.address}"))
        _say(out_to.remark, "Ended.")


def _say(say: Callable[[str], None], sentence: str) -> None:
    """Tell how it goes on; a disk that is full, or a reader who has gone, is no reason not to serve."""
    try:
        say(sentence)
    except OSError:
        drop_output()
