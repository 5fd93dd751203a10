"""``POST /v1/predict``: the one address that takes pictures, as an ASGI application that does no more than it must."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from fashion_classifier.inference.answers import Answer
from fashion_classifier.inference.photographs.seen import Seen
from fashion_classifier.inference.predictor import Probabilities
from fashion_classifier.serving.bodies import Disconnected, whole_body
from fashion_classifier.serving.engine import Engine
from fashion_classifier.serving.lifecycle import Lifecycle
from fashion_classifier.serving.metrics import Metrics
from fashion_classifier.serving.portrait import data_uri
from fashion_classifier.serving.problems import Problem
from fashion_classifier.serving.replies import reply

UNLIKE = "it is unlike the images that the model knows"
UPGRADED = (  # by the parser of HTTP that uvicorn uses
    "The request asks for another protocol by its header Upgrade, with which its body is not read. Send it without, as "
    "HTTP/1.1."
)
OPTIONS = ("explain", "seen")
TRUE, FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
Entry = dict[str, Any]


class Predict:
    """Answers pictures.

    Parameters
    ----------
    name
        What the model is called.
    engine, lifecycle, metrics
        Of the server.
    """

    def __init__(self, name: str, engine: Engine, lifecycle: Lifecycle, metrics: Metrics) -> None:
        self._name, self._engine, self._lifecycle = name, engine, lifecycle
        self._classes, self._limits = engine.model.classes, lifecycle.limits
        self._answered, self._refused, self._failed = (
            metrics.images.labels(outcome) for outcome in ("answered", "refused", "problem")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            with ExitStack() as place:
                content = await self._within_time(scope, receive, place)
            await reply(send, 200, content)
        except Disconnected:
            return

    async def _within_time(self, scope: Scope, receive: Receive, place: ExitStack) -> bytes:
        """Answer before the request's time is over."""
        try:
            async with asyncio.timeout(self._limits.request_s):
                return await self._content(scope, receive, place)
        except TimeoutError as error:
            detail = f"There was no answer within {self._limits.request_s:g} s. Send it again, or fewer pictures."
            raise Problem("out-of-time", detail) from error

    async def _content(self, scope: Scope, receive: Receive, place: ExitStack) -> bytes:
        """Read, decode, classify; a place among those who are worked on is taken once the body is there."""
        options = _options(scope["query_string"])
        headers = dict(scope["headers"])
        self._lifecycle.n_reading += 1
        try:
            async with whole_body(receive, headers.get(b"content-length", b""), self._lifecycle) as body:
                place.enter_context(self._lifecycle.request())  # whoever is still sending takes nobody's place
                if not body:
                    raise Problem(
                        "malformed", UPGRADED if b"upgrade" in headers else "The body is empty. Send a picture."
                    )
                kind = headers.get(b"content-type", b"")
                pictures = await self._engine.pictures(body, kind)
                if "explain" in options and len(pictures) > self._limits.explained:
                    most = self._limits.explained
                    raise Problem(
                        "too-large", f"What mattered is told for at most {most} pictures. Send fewer at once."
                    )
                del body
                seen = [await self._engine.see(picture) for picture in pictures]
                names = [picture.name for picture in pictures]
                del pictures  # from here on their bytes are not counted
        finally:
            self._lifecycle.n_reading -= 1
        if len(seen) == 1 and isinstance(seen[0], Problem):
            self._failed.inc()
            raise seen[0]
        entries = await self._entries(names, seen, options)
        return json.dumps({"model": self._name, "images": entries}, ensure_ascii=False).encode()

    async def _entries(
        self, names: Sequence[str], seen: Sequence[Seen | Problem], options: frozenset[str]
    ) -> list[Entry]:
        """Return what is said of each picture, in order."""
        known = [one for one in seen if isinstance(one, Seen)]
        said = iter(await self._engine.answer(known) if known else ())
        entries = []
        for name, one in zip(names, seen, strict=True):
            if isinstance(one, Problem):
                self._failed.inc()
                entries.append({"name": name, "problem": one.facts})
            else:
                answer, probabilities = next(said)
                told = {"name": name, "photograph": one.photograph, **self._told(answer, probabilities)}
                entries.append(told | await self._shown(one, int(probabilities.argmax()), options))
        return entries

    def _told(self, answer: Answer, probabilities: Probabilities) -> Entry:
        """Return an answer as plain values."""
        (self._refused if answer.refused else self._answered).inc()
        values = [round(value, 6) for value in probabilities.tolist()]
        second = int((-probabilities).argsort(kind="stable")[1])  # as `argmax` does, the first of equal ones is first
        return {
            "class": answer.predicted,
            "probability": round(answer.probability, 6),
            "probabilities": dict(zip(self._classes, values, strict=True)),
            "set": None if answer.classes is None else list(answer.classes),
            "runner_up": {"class": self._classes[second], "probability": values[second]},
            "refused": answer.refused,
            "reason": UNLIKE if answer.refused else "",
        }

    async def _shown(self, seen: Seen, label: int, options: frozenset[str]) -> Entry:
        """Return the pictures that were asked for."""
        shown: Entry = {}
        if "seen" in options:
            shown["seen"] = data_uri(seen.shown)
        if "explain" in options:
            mattered, most = await self._engine.explain(seen, label)
            shown |= {"mattered": mattered, "mattered_most": round(min(1.0, most), 6)}
        return shown


def _options(query: bytes) -> frozenset[str]:
    """Return which of `OPTIONS` are wanted.

    Raises
    ------
    Problem
        If there is another one, or its value is neither true nor false.
    """
    if not query:
        return frozenset()
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=8)
    except ValueError as error:
        raise Problem("malformed", "The part after '?' cannot be read. Write explain=true or seen=true.") from error
    wanted = set()
    for name, value in pairs:
        if name not in OPTIONS or value.lower() not in TRUE | FALSE:
            detail = f"{name[:50]}={value[:50]} is not known. There are explain and seen, each true or false."
            raise Problem("unfit", detail)
        if value.lower() in TRUE:
            wanted.add(name)
    return frozenset(wanted)
