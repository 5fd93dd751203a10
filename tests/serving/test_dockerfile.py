"""The Dockerfile, without a container engine: what it says, and what comes of its steps in folders of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import request
from urllib.error import URLError

import pytest

ROOT = Path(__file__).parents[2]
KEY = "a-key-of-enough-letters"


@dataclass(frozen=True)
class Step:
    """An instruction of a Dockerfile."""

    name: str
    said: str

    @property
    def words(self) -> list[str]:
        """Its arguments: a JSON list, or words."""
        return json.loads(self.said) if self.said.startswith("[") else self.said.split()


def stages() -> list[list[Step]]:
    """Return the instructions of each stage, its FROM first; what stands before the first one is left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    steps = [Step(*line.split(None, 1)) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]
    starts = [number for number, step in enumerate(steps) if step.name == "FROM"]
    return [steps[begin:end] for begin, end in zip(starts, [*starts[1:], len(steps)], strict=True)]


BUILD, FINAL = stages()


def said(name: str) -> str:
    """Return what the final stage says by one instruction."""
    [step] = [step for step in FINAL if step.name == name]
    return step.said


def test_it_runs_as_nobody_that_may_do_more_and_can_be_asked_whether_it_is_well():
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", said("USER"))
    assert "/readyz" in said("HEALTHCHECK")
    assert said("STOPSIGNAL") == "SIGTERM"
    names = [step.name for step in FINAL]
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in {"RUN", "COPY"})


def test_nothing_is_built_from_what_is_not_pinned():
    installs = [step.said for step in BUILD if step.name == "RUN" and "pip install" in step.said]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-build-isolation" in line for line in installs)
    assert all("--no-deps" in line for line in installs)


def test_what_is_copied_is_there_and_everything_else_is_kept_out():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {word for step in BUILD if step.name == "COPY" for word in step.words[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_what_is_installed_is_a_part_of_what_is_tested():
    def pinned(name: str) -> dict[str, set[str]]:
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        return {block.split(" ")[0]: set(re.findall(r"sha256:[0-9a-f]{64}", block)) for block in blocks}

    ours, tested = pinned("requirements-serve.txt"), pinned("requirements-dev.txt")
    assert ours
    assert {name: hashes for name, hashes in ours.items() if tested.get(name) != hashes} == {}
    assert not [name for name in ours if re.match("torch|optuna|matplotlib", name)]
    wanted = (ROOT / "requirements-serve.in").read_text().splitlines()
    direct = {re.split(r"[ ;]", line)[0] for line in wanted if line and not line.startswith("#")}
    assert direct <= {name.split("==")[0] for name in ours}


class Container:
    """Folders in which a stage's steps are gone through: absolute paths of the image lie below a folder of ours."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root
        (root / "python").mkdir(parents=True)
        base = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
        (root / "python" / "python").symlink_to(base)
        kept = ("PIP_CERT", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"PATH": f"{root / 'python'}:{os.environ['PATH']}", "HOME": str(root)}

    def here(self, text: str) -> str:
        """Return a text with the image's own places as ours."""
        return re.sub(r"(?<![\w.])/(opt|build|srv|tmp)\b", rf"{self.root}/\1", text)

    def go_through(self, steps: list[Step], context: Path) -> None:
        """Do what a stage's steps say."""
        for step in steps:
            if step.name == "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", self.here(step.said)):
                    self.environment[name] = value.replace("$PATH", self.environment["PATH"])
            elif step.name == "WORKDIR":
                self.folder = Path(self.here(step.said))
                self.folder.mkdir(parents=True, exist_ok=True)
            elif step.name == "COPY" and not step.said.startswith("--from"):
                *sources, target = step.words
                for source in sources:
                    self.copy(context / source, self.folder / target / (source if (context / source).is_file() else ""))
            elif step.name == "RUN":
                self.run(step.said)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file, or what is in a folder, as far as .dockerignore lets it in."""
        if source.is_file():
            shutil.copy(source, target)
        else:
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, command: str) -> None:
        """Run a command as a shell of the image would."""
        done = subprocess.run(
            ["sh", "-c", self.here(command)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the image is of Linux")
def test_its_steps_make_a_server_that_answers_and_needs_no_pytorch(tmp_path):
    container = Container(tmp_path / "image")
    container.environment["PIP_CACHE_DIR"] = str(Path.home() / ".cache/pip")
    container.go_through([step for step in BUILD if step.name != "ENV"], ROOT)  # its ENV only turns pip's cache off
    container.go_through(FINAL, ROOT)
    port = free_port()

    def as_run(text: str) -> list[str]:
        words = json.loads(text)
        return [container.here(word).replace("0.0.0.0", "127.0.0.1").replace("8000", str(port)) for word in words]

    command = [*as_run(said("ENTRYPOINT")), *as_run(said("CMD"))]
    health = as_run(said("HEALTHCHECK").partition("CMD ")[2])
    environment = {**container.environment, "FASHION_API_KEY": KEY}
    torch = subprocess.run(["python", "-c", "import torch"], env=environment, capture_output=True, check=False)
    assert b"ModuleNotFoundError" in torch.stderr
    with subprocess.Popen(command, env=environment, cwd=container.folder, stderr=subprocess.PIPE) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", server)
            subprocess.run(health, env=environment, cwd=container.folder, check=True)
            answer = ask(f"http://127.0.0.1:{port}/v1/predict")
            assert answer["model"] == "fashion-mnist"
            assert len(answer["images"]) == 1
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0
    assert subprocess.run(health, env=environment, cwd=container.folder, capture_output=True, check=False).returncode


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # on a busy machine it takes its time
        assert server.poll() is None, server.stderr.read()
        try:
            request.urlopen(address, timeout=5).close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{address} never answered")


def ask(address: str) -> Any:
    body = json.dumps({"images": [{"pixels": [[number % 256] * 28 for number in range(28)]}]}).encode()
    headers = {"Content-Type": "application/json", "X-API-Key": KEY}
    with request.urlopen(request.Request(address, body, headers), timeout=20) as response:
        return json.load(response)
