"""What people look at: the page with its examples, and the API's documentation; made when a server starts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response
from starlette.routing import Route

from fashion_classifier import __version__
from fashion_classifier.inference.opening import OpenedModel
from fashion_classifier.serving.about import About
from fashion_classifier.serving.examples import choose_examples, drawn
from fashion_classifier.serving.problems import KINDS
from fashion_classifier.serving.settings import ServeConfig

FOLDER = Path(__file__).with_name("page")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; connect-src 'none'"
DAY = "public, max-age=86400"


class Pages:
    """All that is served to be looked at; nothing that a caller names is looked up on the disk.

    Parameters
    ----------
    model, told
        Which model it is about.
    config
        Of the server.
    description
        Of the API.
    """

    def __init__(self, model: OpenedModel, told: About, config: ServeConfig, description: dict[str, Any]) -> None:
        self._examples = choose_examples(model, drawn())
        self._report = None if config.key else told.report  # a browser that follows a link shows no key
        self._fixed: dict[str, Response] = {}
        files = self._files()
        tag = hashlib.sha256(b"".join(content for content, _ in files.values())).hexdigest()[:12]
        for name, (content, kind) in files.items():  # another model has other examples, at other addresses
            self._put(f"/page/{tag}/{name}", content, kind, cache=DAY)
        self._put("/openapi.json", json.dumps(description, ensure_ascii=False).encode(), "application/json")
        facts = {"told": told, "model": model, "config": config, "at": f"/page/{tag}", "version": __version__}
        self._put("/", self._drawn("index.html", **facts), "text/html", PAGE_POLICY)
        kinds = [(kind, status, title) for kind, (status, title) in KINDS.items()]
        self._put("/docs", self._drawn("docs.html", **facts, api=description, kinds=kinds), "text/html", PAGE_POLICY)
        if self._report is not None:
            self._put("/report", self._report.read_bytes(), "text/html", REPORT_POLICY)

    def add_to(self, app: FastAPI) -> None:
        """Add the addresses to an application."""
        for path, answer in self._fixed.items():
            app.router.routes.append(Route(path, answer, methods=["GET"]))

    def _files(self) -> dict[str, tuple[bytes, str]]:
        """Return what the page consists of beside itself: contents and their types."""
        kinds = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
        files = {name: ((FOLDER / name).read_bytes(), kind) for name, kind in kinds.items()}
        return files | {example.name: (example.content, "image/png") for example in self._examples}

    def _put(self, path: str, content: bytes, kind: str, policy: str = "", cache: str = "") -> None:
        """Keep an answer."""
        headers = {"content-security-policy": policy} if policy else {}
        self._fixed[path] = Response(
            content, media_type=kind, headers=headers | ({"cache-control": cache} if cache else {})
        )

    def _drawn(self, name: str, **facts: Any) -> bytes:
        """Fill in a template."""
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        template = environment.get_template(name)
        return template.render(examples=self._examples, report=self._report is not None, **facts).encode()
