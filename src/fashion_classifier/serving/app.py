"""The parts of a server put together: addresses, what answers at each, and what stands before them all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from fashion_classifier import __version__
from fashion_classifier.inference.opening import OpenedModel
from fashion_classifier.serving.about import About
from fashion_classifier.serving.engine import Engine
from fashion_classifier.serving.gate import Gate
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.metrics import CONTENT_TYPE, Metrics
from fashion_classifier.serving.openapi import COMMON_ERRORS, describe, errors
from fashion_classifier.serving.pages import Pages
from fashion_classifier.serving.predicting import Predict
from fashion_classifier.serving.problems import PROBLEM_JSON, Problem
from fashion_classifier.serving.schemas import ModelCard, State
from fashion_classifier.serving.settings import ServeConfig


def make_app(model: OpenedModel, told: About, config: ServeConfig, lifecycle: Lifecycle) -> ASGIApp:
    """Return the whole server as an ASGI application.

    Parameters
    ----------
    model
        What predicts.
    told
        What people are told of it.
    config
        How to serve.
    lifecycle
        Whether the server is ready, or about to end; whoever runs the application sets it.
    """
    metrics = Metrics()
    metrics.watch("fashion_requests_in_progress", "Requests that are worked on.", lambda: lifecycle.n_requests)
    metrics.watch("fashion_body_bytes", "Bytes of bodies that are held.", lambda: lifecycle.body_bytes)
    engine = Engine(model, config, lifecycle, metrics)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        lifecycle.ready = True
        yield
        lifecycle.ready = False
        await engine.stop()

    app = FastAPI(
        title="Fashion Images Classifier",
        version=__version__,
        description="Classes, honest probabilities, sets of classes, or “none of these”, for pictures of garments.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
        redirect_slashes=False,
    )
    predict = Predict(told.name, engine, lifecycle, metrics)
    app.router.routes.append(Route("/v1/predict", predict, methods=["POST"]))
    _add_facts(app, model, told, config)
    _add_states(app, lifecycle, metrics)
    description = describe(app, model.classes, model.shape, config.limits, needs_key=bool(config.key))
    Pages(model, told, config, description).add_to(app)
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(HTTPException, _told_as_problem)
    app.add_exception_handler(Exception, _unexpected)
    return Gate(app, config, lifecycle, metrics)


def _add_facts(app: FastAPI, model: OpenedModel, told: About, config: ServeConfig) -> None:
    """Add what tells of the model."""
    accuracy = told.accuracy
    card = {
        "model": told.name,
        "sha256": told.sha256,
        "family": told.facts.family,
        "classes": list(model.classes),
        "image": model.shape._asdict(),
        "test": None
        if accuracy is None
        else {"value": accuracy.value, "interval": [accuracy.low, accuracy.high], "n": accuracy.n},
        "data": told.facts.data.get("name"),
        "made": told.facts.made or None,
        "licence": told.facts.licence or None,
        "set_coverage": None if model.sets is None else 1 - model.sets.alpha,
        "accepted": None if model.refusal is None else model.refusal.accepted,
        "limits": vars(config.limits),
    }

    @app.get(
        "/v1/model",
        summary="Which model",
        response_model=ModelCard,
        responses=errors(401, *COMMON_ERRORS),
        tags=["model"],
    )
    async def which_model() -> dict[str, Any]:
        """Tell which model answers, and how good it is."""
        by = model.computed_by
        return {**card, "runtime": {name: by[name] for name in ("name", "precision", "views")}}


def _add_states(app: FastAPI, lifecycle: Lifecycle, metrics: Metrics) -> None:
    """Add what tells of the server."""

    @app.get("/healthz", summary="Alive", response_model=State, responses=errors(*COMMON_ERRORS), tags=["server"])
    async def is_alive() -> dict[str, str]:
        """Tell whether the process is alive."""
        return {"status": "alive"}

    @app.get("/readyz", summary="Ready", response_model=State, responses=errors(503, *COMMON_ERRORS), tags=["server"])
    async def is_ready() -> dict[str, str]:
        """Tell whether to send it requests: not before the model is there, and no longer once it was told to end."""
        if lifecycle.ending or not lifecycle.ready:
            raise Problem("ending", "Send requests to another server.")
        return {"status": "ready"}

    @app.get(
        "/metrics",
        summary="Figures",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **errors(401, *COMMON_ERRORS)},
        tags=["server"],
    )
    async def figures() -> Response:
        """Give counts and times in Prometheus's text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)


async def _told(_: Request, problem: Exception) -> Response:
    """Tell a problem."""
    assert isinstance(problem, Problem)
    return Response(problem.content, problem.status, problem.headers, PROBLEM_JSON)


async def _unexpected(request: Request, _: Exception) -> Response:
    """Tell that something went wrong which should not; what it was is in the log alone."""
    return await _told(request, Problem("unexpected", "The server's log says what it was. Please report it."))


async def _told_as_problem(request: Request, error: Exception) -> Response:
    """Tell in the one form of problems what the framework found wrong."""
    assert isinstance(error, HTTPException)
    kinds: Mapping[int, tuple[str, str]] = {
        404: ("not-found", "See /docs for the addresses that there are."),
        405: ("wrong-method", "See /docs for how this address is asked."),
    }
    problem = Problem(*kinds.get(error.status_code, ("malformed", str(error.detail))))
    told = await _told(request, problem)
    told.headers.update(error.headers or {})
    return told
