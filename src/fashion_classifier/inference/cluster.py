"""A Ray cluster: joining it, what fits into it, and what its errors mean. Ray is imported where it is needed."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from fashion_classifier.errors import FashionError, MissingExtraError, UnavailableError

DISTRIBUTION = "fashion-images-classifier"
PATIENCE_S = 10.0  # for an answer at an address


def check_reachable(address: str) -> None:
    """Check what can be known of a cluster without joining it: so much is said before work is done for it.

    Parameters
    ----------
    address
        As for `joined`.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    UnavailableError
        If nobody listens at the address: Ray would try for minutes.
    """
    if find_spec("ray") is None:
        raise MissingExtraError("A cluster needs Ray: pip install 'fashion-images-classifier[cluster]'.")
    try:
        place = urlsplit(address if "://" in address else f"//{address}")
        if place.hostname and place.port:
            socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S).close()
    except (OSError, ValueError) as error:
        raise _nowhere(address, error) from error


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Work on a cluster.

    Parameters
    ----------
    address
        "auto" for the one to which this machine belongs, "ray://host:port" for one that is reached from outside.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    UnavailableError
        If there is no such cluster, it goes while it is worked on, or one of its machines has not this program.
    """
    check_reachable(address)
    import ray  # noqa: PLC0415 - an extra, which takes a second
    from ray.exceptions import RayError  # noqa: PLC0415

    from_outside = address.startswith("ray://")  # where Ray takes no further settings
    how: dict[str, Any] = {} if from_outside else {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(address=address, **how)
    except (OSError, RuntimeError, ValueError) as error:
        raise _nowhere(address, error) from error
    try:
        _check_machines()
        yield
    except RayError as error:
        found = getattr(error, "cause", None) or error  # what a task raised: Ray's own first line tells its process
        raise UnavailableError(
            f"The Ray cluster at {address} could not go on ({_first_line(found)}). See to it, and go on: what is "
            "finished is kept."
        ) from error
    finally:
        ray.shutdown()


def n_places(cpus: int, gpus: int) -> int:
    """Return how many tasks that take so many processors each the cluster's machines have room for now, at least 1."""
    wanted = {"CPU": cpus, "GPU": gpus}
    room = [
        min(int(machine["Resources"].get(kind, 0)) // n for kind, n in wanted.items() if n) for machine in _machines()
    ]
    return max(1, sum(room))


def has_gpus() -> bool:
    """Tell whether any machine of the cluster has a graphics card."""
    return any(machine["Resources"].get("GPU", 0) for machine in _machines())


def here() -> Any:
    """Return the strategy that puts something on the machine that asks, which the work does not outlive anyway."""
    import ray  # noqa: PLC0415
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


def meant(error: BaseException) -> FashionError | None:
    """Return the error of ours that one of Ray's is about, if there is one."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, FashionError):
        seen = getattr(seen, "cause", None) or seen.__cause__
    return seen


def _nowhere(address: str, error: Exception) -> UnavailableError:
    """Say that there is no cluster at an address."""
    return UnavailableError(
        f"There is no Ray cluster at {address} ({_first_line(error)}). Start one (`ray start --head`), or name its "
        "address."
    )


def _machines() -> list[dict[str, Any]]:
    """Return what Ray says of the machines that live."""
    import ray  # noqa: PLC0415

    nodes: Any = ray.nodes  # which says nothing of its types
    return [machine for machine in nodes() if machine["Alive"]]


def _check_machines() -> None:
    """Check that each machine has this version of the program: others would train and answer otherwise."""
    import ray  # noqa: PLC0415
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    asked = ray.remote(num_cpus=0, max_retries=0)(version)
    ours = version(DISTRIBUTION)
    for machine in _machines():
        on_it = NodeAffinitySchedulingStrategy(machine["NodeID"], soft=False)
        found = ray.get(asked.options(scheduling_strategy=on_it).remote(DISTRIBUTION))
        if found != ours:
            raise UnavailableError(
                f"{machine['NodeManagerHostname']} has version {found} of this program, not {ours}. Install the same "
                "on all machines."
            )


def _first_line(error: BaseException) -> str:
    """Return the beginning of what an error says."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
