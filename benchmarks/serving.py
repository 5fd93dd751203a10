"""`fashion serve` under load: requests a second, their times, memory, and what overload does to it.

The aims, on two cores that are shared with the load generator: at least 1,500 requests a second of one image each (a
PNG of 28x28 pixels, keep-alive) with 99 % of them answered within 60 ms; memory flat over 100,000 requests; ten times
as many connections are shed with 503, and when they are gone it is as fast as before. Side by side: the same model and
runtime behind a plain FastAPI endpoint, and behind LitServe.

The load is made by wrk (`apt-get install wrk`), one thread. LitServe lives in an environment of its own, and is left
out where none is named:

python -m venv .venv-litserve && .venv-litserve/bin/pip install litserve==0.2.17
python benchmarks/serving.py compare --litserve .venv-litserve        3 rounds: two minutes
python benchmarks/serving.py memory                                   one to two minutes
python benchmarks/serving.py overload                                 half a minute
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from common import FASHION, HERE, ROOT, Row, parser, read_rows, record
from fashion_classifier.inference.shelf import shipped_folders
from fashion_classifier.serving.examples import drawn
from fashion_classifier.serving.portrait import png
from tables import SUMMARIES, print_table

NAME = "serving"
CONNECTIONS = 64
MANY = 100_000
PATHS = ("src", "benchmarks/serving_peers.py", "benchmarks/serving_litserve.py", "pyproject.toml", "constraints.txt")
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "{kind}"
local file = io.open("{body}", "rb")
wrk.body = file:read("*all")
file:close()
done = function(summary, latency, requests)
  local form = '\\n{{"requests": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "refused": %d, "broken": %d}}\\n'
  local errors = summary.errors
  io.write(string.format(form, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


def main() -> None:
    """Measure and record."""
    made = parser(__doc__)
    made.add_argument("what", choices=("compare", "memory", "overload"))
    made.add_argument("-n", type=int, default=3, help="rounds of the comparison")
    made.add_argument("--seconds", type=int, default=5, help="of load at a time")
    made.add_argument("--runtime", default="onnx", help="auto, onnx or openvino; the same for all")
    made.add_argument("--model", type=Path, default=shipped_folders()[0])
    made.add_argument("--litserve", type=Path, help="the environment that LitServe is installed in")
    arguments = made.parse_args()
    measure = {"compare": _compare, "memory": _memory, "overload": _overload}[arguments.what]
    with tempfile.TemporaryDirectory() as folder:
        facts = measure(Bench(Path(folder), arguments.model, arguments.runtime, arguments.litserve), arguments)
    common = {
        "what": arguments.what,
        "model": arguments.model.name,
        "runtime": arguments.runtime,
        "load": "wrk, 1 thread",
    }
    servers = {name: version(name) for name in ("fastapi", "uvicorn", "onnxruntime")}
    record(NAME, {**common, "servers": servers, **facts}, folder=arguments.results, paths=PATHS)
    print_table(SUMMARIES[NAME](read_rows(NAME, arguments.results)))


class Bench:
    """Starts servers and puts them under load.

    Parameters
    ----------
    folder
        For files of its own.
    model, runtime
        What all servers serve, and with what.
    litserve
        Environment of LitServe; None to leave it out.
    """

    def __init__(self, folder: Path, model: Path, runtime: str, litserve: Path | None) -> None:
        self._folder, self._model, self._runtime = folder, model, runtime
        self._litserve = litserve
        picture = png(drawn(10)[9])
        self.body_bytes = len(picture)
        self._png = self._script("image/png", picture)
        self._json = self._script(
            "application/json", json.dumps({"image": base64.b64encode(picture).decode()}).encode()
        )

    @property
    def names(self) -> list[str]:
        """Which servers there are to compare."""
        return ["fashion serve", "plain FastAPI", *(["LitServe"] if self._litserve else [])]

    def _script(self, kind: str, body: bytes) -> Path:
        """Write what wrk sends."""
        file = self._folder / kind.partition("/")[2]
        file.write_bytes(body)
        script = file.with_suffix(".lua")
        script.write_text(SCRIPT.format(kind=kind, body=file))
        return script

    @contextmanager
    def serving(self, name: str) -> Iterator[tuple[int, str]]:
        """Start a server; give its process and its address."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        peer = [str(self._model), self._runtime, str(port)]
        environment = dict(os.environ)
        if name == "fashion serve":
            command = [*FASHION, "serve", str(self._model), "--port", str(port), "--runtime", self._runtime]
        elif name == "plain FastAPI":
            command = [sys.executable, str(HERE / "serving_peers.py"), *peer]
        else:
            assert self._litserve is not None
            command = [str(self._litserve / "bin/python"), str(HERE / "serving_litserve.py"), *peer]
            environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), sysconfig.get_paths()["purelib"]])
        path = "/v1/predict" if name == "fashion serve" else "/predict"
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}/docs")  # which all of them have
            yield process.pid, f"http://127.0.0.1:{port}{path}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)

    def load(self, name: str, address: str, seconds: int, connections: int = CONNECTIONS) -> Row:
        """Put a server under load; return what came back."""
        script = self._json if name == "LitServe" else self._png
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(script), address]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: Row = json.loads(re.findall(r"^\{.*\}$", done.stdout, re.MULTILINE)[-1])
        found["answered_per_s"] = round((found["requests"] - found["refused"]) / found["seconds"], 1)
        return found


def _wait_for(address: str) -> None:
    """Wait until a server answers."""
    for _ in range(600):
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - our own address
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    sys.exit(f"{address} does not answer.")


def _compare(bench: Bench, arguments: object) -> Row:
    """Measure all servers in turn."""
    n, seconds = arguments.n, arguments.seconds  # type: ignore[attr-defined]
    found: dict[str, list[Row]] = {name: [] for name in bench.names}
    for _ in range(n):
        for name in bench.names:
            with bench.serving(name) as (_, address):
                bench.load(name, address, 1)
                found[name].append(bench.load(name, address, seconds))
    rates = {name: statistics.median(row["answered_per_s"] for row in rows) for name, rows in found.items()}
    ours = rates["fashion serve"]
    return {
        "n": n,
        "connections": CONNECTIONS,
        "body_bytes": bench.body_bytes,
        "servers_measured": {name: _summary(rows) for name, rows in found.items()},
        "times_as_fast": {name: round(ours / rate, 2) for name, rate in rates.items() if name != "fashion serve"},
    }


def _summary(rows: Sequence[Row]) -> Row:
    """Return the single values of several rounds."""
    return {key: [row[key] for row in rows] for key in ("answered_per_s", "p50_ms", "p99_ms", "refused", "broken")}


def _memory(bench: Bench, arguments: object) -> Row:
    """Measure memory over very many requests."""
    seconds = arguments.seconds  # type: ignore[attr-defined]
    with bench.serving("fashion serve") as (process, address):
        bench.load("fashion serve", address, 2)
        before = _resident(process)
        loads: list[Row] = []
        while sum(row["requests"] for row in loads) < MANY:
            loads.append(bench.load("fashion serve", address, seconds) | {"resident_mb": _resident(process)})
        after = _resident(process)
    return {
        "requests": sum(row["requests"] for row in loads),
        "resident_mb_before": before,
        "resident_mb_after": after,
        "resident_mb": [row["resident_mb"] for row in loads],
        "servers_measured": {"fashion serve": _summary(loads)},
    }


def _overload(bench: Bench, arguments: object) -> Row:
    """Measure a load, ten times as many connections, and the load again."""
    seconds = arguments.seconds  # type: ignore[attr-defined]
    with bench.serving("fashion serve") as (_, address):
        bench.load("fashion serve", address, 1)
        before = bench.load("fashion serve", address, seconds)
        during = bench.load("fashion serve", address, seconds, 10 * CONNECTIONS)
        after = bench.load("fashion serve", address, seconds)
    return {"connections": [CONNECTIONS, 10 * CONNECTIONS], "before": before, "during": during, "after": after}


def _resident(process: int) -> float:
    """Return the memory of a process and its children, in 10**6 bytes."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    own = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return round(own + sum(_resident(int(child)) for child in children), 1)


if __name__ == "__main__":
    main()
