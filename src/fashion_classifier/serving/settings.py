"""What a server listens to, whom it answers, and the limits that hold whoever calls."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from fashion_classifier.errors import UsageError
from fashion_classifier.limits import available_cores

MIB = 1 << 20
LONGEST_NAME = 200  # characters of what a picture is called, in an answer
SHORTEST_KEY = 16  # characters


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a caller may ask for at most; all is checked before a picture is decoded.

    Parameters
    ----------
    body_bytes, json_bytes
        Of a request's body, and of one that is JSON, which takes many times its size while it is read.
    bodies_bytes
        Of all bodies that are held at one time.
    images, explained
        In one request, and in one that asks what mattered.
    pixels
        Of one picture.
    connections
        That are open at one time; fewer where the system allows fewer. Whoever comes then is told to come again.
    requests
        That are worked on at one time, their bodies there; whoever comes then is told to come again.
    waiting_images
        That wait for the model, before whoever comes is told to come again.
    header_bytes
        Of a request's headers and address, about; a packet more may be read.
    header_s, body_s, request_s
        Seconds for the headers to arrive, for the body, and for a request as a whole.
    taking_s
        Seconds for which a caller may leave answers lying before the connection is ended.
    decoding_s
        Seconds for one picture to be decoded.
    decoding_bytes
        Memory that a process which decodes may take, where the system limits it.
    keep_alive_s
        Seconds after which a connection on which nothing is asked is closed.
    """

    body_bytes: int = 16 * MIB
    json_bytes: int = 8 * MIB
    bodies_bytes: int = 64 * MIB
    images: int = 32
    explained: int = 8
    pixels: int = 24_000_000
    connections: int = 768
    requests: int = 192
    waiting_images: int = 1024
    header_bytes: int = 64 << 10
    header_s: float = 10.0
    body_s: float = 10.0
    request_s: float = 20.0
    taking_s: float = 10.0
    decoding_s: float = 2.0
    decoding_bytes: int = 1024 * MIB
    keep_alive_s: int = 15

    def __post_init__(self) -> None:
        wrong = [f"{name} is {value}" for name, value in vars(self).items() if not value > 0]
        if wrong:
            raise UsageError(f"Limits are numbers above 0, but {', '.join(wrong)}.")
        if not self.json_bytes <= self.body_bytes <= self.bodies_bytes:
            raise UsageError(
                "`json_bytes <= body_bytes <= bodies_bytes` must hold, but got "
                f"{self.json_bytes}, {self.body_bytes}, {self.bodies_bytes}."
            )


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """How to serve.

    Parameters
    ----------
    host, port
        Where to listen; port 0 for any that is free.
    key
        What a caller must show to be answered; empty for nothing.
    open_to_all
        Whether an address that others can reach may be listened to without a key.
    names
        Host names by which the server may be called, besides those of this machine's loopback and its address.
    threads
        For the model; 0 for one a core but one, at least one: the network needs one, too.
    decoders
        Processes that decode pictures; 0 for one a core but one, at least one and at most four.
    batch_images
        That the model is given at once, at most.
    gather_s
        Seconds that the first of a batch waits for others which have arrived but are not read yet.
    drain_s
        Seconds between being told to end, when readiness goes down, and no longer accepting connections.
    limits
        For callers.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    key: str = ""
    open_to_all: bool = False
    names: tuple[str, ...] = ()
    threads: int = 0
    decoders: int = 0
    batch_images: int = 64
    gather_s: float = 0.002
    drain_s: float = 1.0
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        faults = []
        if not 0 <= self.port <= 65535:
            faults.append(f"a port is a number from 0 to 65535, but got {self.port}")
        if self.key and (len(self.key) < SHORTEST_KEY or not self.key.isascii() or not self.key.isprintable()):
            faults.append(f"a key is at least {SHORTEST_KEY} printable ASCII characters")
        if not self.key and not self.open_to_all and not is_loopback(self.host):
            faults.append(
                f"{self.host} can be reached from other machines, and there is no key: set one in the environment, or "
                "say that anybody may be answered"
            )
        if min(self.threads, self.decoders, self.batch_images - 1, self.gather_s, self.drain_s) < 0:
            faults.append("threads, decoders and seconds are at least 0, a batch at least 1 image")
        if faults:
            raise UsageError("; ".join(faults)[:1].upper() + "; ".join(faults)[1:] + ".")

    @property
    def address(self) -> str:
        """Where somebody on this machine reaches it."""
        host = "localhost" if _is_unspecified(self.host) else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def n_threads(self) -> int:
        """How many threads the model computes with."""
        return self.threads or max(1, available_cores() - 1)

    @property
    def n_decoders(self) -> int:
        """How many processes decode."""
        return self.decoders or max(1, min(4, available_cores() - 1))


def _is_unspecified(host: str) -> bool:
    """Tell whether an address stands for all that a machine has."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
