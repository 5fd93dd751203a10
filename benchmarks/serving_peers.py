"""The same model behind what one would write instead of `fashion serve`: the process that `serving.py` starts.

python benchmarks/serving_peers.py fastapi MODEL RUNTIME PORT      a plain endpoint, no batching
python benchmarks/serving_peers.py litserve MODEL RUNTIME PORT     LitServe, batching as much and as long as ours

Both decode with the package's own checks. LitServe takes JSON or forms, no plain file: it is sent base64.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.inference.opening import OpenedModel
from fashion_classifier.serving.engine import open_for_serving
from fashion_classifier.serving.settings import ServeConfig


def main() -> None:
    """Serve until ended."""
    which, place, runtime, port = sys.argv[1:]
    {"fastapi": _fastapi, "litserve": _litserve}[which](Path(place), runtime, int(port))


def _opened(place: Path, runtime: str) -> OpenedModel:
    """Open the model as `fashion serve` does."""
    return open_for_serving(place, runtime, ServeConfig().n_threads)  # type: ignore[arg-type]


def _image(model: OpenedModel, content: bytes) -> Any:
    """Decode a picture."""
    return to_array(read_picture(content, near=model.shape[:2]), model.shape)


def _told(model: OpenedModel, probabilities: Any) -> dict[str, Any]:
    """Return an answer."""
    return {"class": model.classes[int(probabilities.argmax())], "probabilities": probabilities.tolist()}


def _fastapi(place: Path, runtime: str, port: int) -> None:
    """Serve with FastAPI as in its tutorial, one image at a time."""
    import uvicorn  # noqa: PLC0415 - this peer's alone
    from fastapi import FastAPI, Request  # noqa: PLC0415

    model = _opened(place, runtime)
    app = FastAPI()

    async def predict(request: Request) -> dict[str, Any]:
        image = _image(model, await request.body())
        return _told(model, model.predict(image[None])[0])

    predict.__annotations__["request"] = Request  # which the string above cannot be resolved to, being local
    app.add_api_route("/predict", predict, methods=["POST"], response_model=None)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def _litserve(place: Path, runtime: str, port: int) -> None:
    """Serve with LitServe."""
    import litserve  # noqa: PLC0415 - this peer's alone

    class Api(litserve.LitAPI):  # type: ignore[misc]
        """The model behind LitServe's hooks."""

        def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
            self.opened = _opened(place, runtime)

        def decode_request(self, request: dict[str, str]) -> Any:
            return _image(self.opened, base64.b64decode(request["image"]))

        def predict(self, x: Any) -> Any:
            return self.opened.predict(np.asarray(x))

        def encode_response(self, output: Any) -> dict[str, Any]:
            return _told(self.opened, output)

    config = ServeConfig()
    api = Api(max_batch_size=config.batch_images, batch_timeout=config.gather_s)
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(port=port, log_level="warning", generate_client_file=False, access_log=False)


if __name__ == "__main__":
    main()
