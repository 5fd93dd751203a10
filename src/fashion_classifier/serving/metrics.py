"""What is counted and timed, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PATHS = frozenset(
    {"/", "/docs", "/openapi.json", "/v1/predict", "/v1/model", "/healthz", "/readyz", "/metrics", "/report"}
)


class Metrics:
    """The figures of one server, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "fashion_requests", "Requests, by address and status.", ("path", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "fashion_request_seconds",
            "From a request's headers to its answer.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self.images = Counter(
            "fashion_images", "Pictures, by what came of them.", ("outcome",), registry=self._registry
        )
        self.batches = Histogram(
            "fashion_batch_images", "Images that the model was given at once.", buckets=SIZES, registry=self._registry
        )
        self.model_seconds = Histogram(
            "fashion_model_seconds", "For one batch, in the model.", buckets=SECONDS, registry=self._registry
        )

        self._counters: dict[tuple[str, int | None], Counter] = {}

    def count(self, path: str, status: int | None, seconds: float) -> None:
        """Count a request; addresses that there are not are counted as one."""
        named = (path if path in PATHS else "other", status)
        if named not in self._counters:
            self._counters[named] = self.requests.labels(*named)
        self._counters[named].inc()
        self.seconds.observe(seconds)

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Have a value asked for whenever the figures are."""
        Gauge(name, help_text, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)
