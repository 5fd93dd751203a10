"""A Ray cluster of one's own, for benchmarks and tests: all its machines are this one, and it goes at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

LOOPBACK = "127.0.0.1"
STORE_BYTES = 100 << 20  # that each machine keeps of what tasks exchange
# A machine that is gone is noticed in five seconds; one that is only busy is given ten for each answer.
SOON = {"health_check_period_ms": 1000, "health_check_failure_threshold": 5, "health_check_timeout_ms": 10_000}


@contextmanager
def own_cluster(*cpus: int) -> Iterator[Cluster]:
    """Give a cluster of machines with so many processors each; the first stays as long as the cluster."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # or whoever joins takes loopback for this machine's address
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - after what is set above

    first, *others = cpus
    how: dict[str, Any] = {
        "node_ip_address": LOOPBACK,
        "object_store_memory": STORE_BYTES,
        "include_dashboard": False,
    }
    cluster: Any = Cluster(initialize_head=True, head_node_args={**how, "num_cpus": first, "_system_config": SOON})
    try:
        for n in others:
            cluster.add_node(**how, num_cpus=n)
        yield cluster
    finally:
        cluster.shutdown()
