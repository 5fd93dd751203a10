"""A PostgreSQL server of one's own, for benchmarks and tests: Debian's package, on loopback, in a folder that goes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER, PASSWORD = "tester", "kwyjibo"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "timezone": "America/St_Johns",  # as the server of people who live there
}


@dataclass
class Server:
    """A server that can be stopped and started again.

    Parameters
    ----------
    programs
        Where its programs lie.
    folder, port
        Its own.
    """

    programs: Path
    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Of its database, with the password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in {**SETTINGS, "port": self.port}.items()]
        self.process = _begin(self.programs / "postgres", "-D", self.folder / "data", *settings)
        asked: list[str | Path] = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        until = time.monotonic() + 60
        while subprocess.run(asked, check=False).returncode:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, cutting off who is connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=60)
            self.process = None


@contextmanager
def server() -> Iterator[Server]:
    """Give a server that runs.

    Its programs refuse to run as root, who runs them as the user that the package makes.

    Raises
    ------
    FileNotFoundError
        If they are not installed.
    """
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed (Debian's package is called postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="fashion-postgresql-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        how = ["-U", USER, "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
        made = _begin(programs / "initdb", "-D", folder / "data", *how, "-E", "UTF8", "--locale=C")
        said, _ = made.communicate(timeout=60)
        assert made.returncode == 0, said
        running = Server(programs, folder, _free_port())
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder)


def _begin(*command: str | Path) -> subprocess.Popen[str]:
    """Start a program of the server."""
    who: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", **who)


def _free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
