"""The model behind LitServe, batching as much and as long as `fashion serve`: a process that `serving.py` starts.

python benchmarks/serving_litserve.py MODEL RUNTIME PORT

LitServe takes JSON or forms, no plain file: it is sent base64.
"""

import base64
import sys
from pathlib import Path
from typing import Any

import litserve
import numpy as np

from fashion_classifier.serving.settings import ServeConfig
from serving_peers import decoded, opened, told


class Api(litserve.LitAPI):  # type: ignore[misc]
    """The model behind LitServe's hooks."""

    place: str
    runtime: str

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Open the model, in the process that predicts."""
        self.model = opened(Path(self.place), self.runtime)

    def decode_request(self, request: dict[str, str]) -> Any:
        """Decode a picture."""
        return decoded(self.model, base64.b64decode(request["image"]))

    def predict(self, x: Any) -> Any:
        """Classify a batch."""
        return self.model.predict(np.asarray(x))

    def encode_response(self, output: Any) -> dict[str, Any]:
        """Return an answer."""
        return told(self.model, output)


def main() -> None:
    """Serve until ended."""
    config = ServeConfig()
    api = Api(max_batch_size=config.batch_images, batch_timeout=config.gather_s)
    api.place, api.runtime, port = sys.argv[1:]
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(port=int(port), log_level="warning", generate_client_file=False, access_log=False)


if __name__ == "__main__":
    main()
