"""The model behind a plain FastAPI endpoint, one image at a time: a process that `serving.py` starts.

python benchmarks/serving_peers.py MODEL RUNTIME PORT
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from fashion_classifier.data.pictures import read_picture, to_array
from fashion_classifier.inference.opening import OpenedModel
from fashion_classifier.serving.engine import open_for_serving
from fashion_classifier.serving.settings import ServeConfig


def main() -> None:
    """Serve until ended."""
    place, runtime, port = sys.argv[1:]
    model = opened(Path(place), runtime)
    app = FastAPI()

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        image = decoded(model, await request.body())
        return told(model, model.predict(image[None])[0])

    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)


def opened(place: Path, runtime: str) -> OpenedModel:
    """Open the model as `fashion serve` does."""
    return open_for_serving(place, runtime, ServeConfig().n_threads)  # type: ignore[arg-type]


def decoded(model: OpenedModel, content: bytes) -> Any:
    """Decode a picture."""
    return to_array(read_picture(content, near=model.shape[:2]), model.shape)


def told(model: OpenedModel, probabilities: Any) -> dict[str, Any]:
    """Return an answer."""
    return {"class": model.classes[int(probabilities.argmax())], "probabilities": probabilities.tolist()}


if __name__ == "__main__":
    main()
