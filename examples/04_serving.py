"""Serve a model and ask it, as a program would.

Shows the server started on this machine alone, on any free port, one picture sent as it is, and the JSON that comes
back. Needs the extra `serve`: pip install 'fashion-images-classifier[serve]'.

    python examples/04_serving.py PICTURE [MODEL]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen


def main() -> None:
    """Start a server, ask it about one picture, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("model", nargs="?", default="fashion-mnist")
    arguments = parser.parse_args()

    command = [sys.executable, "-m", "fashion_classifier", "serve", arguments.model, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = next(line.split()[-1] for line in server.stdout if line.startswith("Serving at "))
            picture = Request(
                f"{address}/v1/predict", arguments.picture.read_bytes(), {"Content-Type": "application/octet-stream"}
            )
            with urlopen(picture, timeout=60) as answer:
                print(json.dumps(json.load(answer), indent=2))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
