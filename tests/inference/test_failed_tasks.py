"""What goes wrong on a cluster is told in words that help."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from fashion_classifier.errors import UnavailableError
from fashion_classifier.inference import cluster
from fashion_classifier.inference.cluster import DISTRIBUTION, joined


def test_a_machine_without_the_program_is_told_as_that(monkeypatch):
    ray = pytest.importorskip("ray")
    from ray.exceptions import RayTaskError

    def check() -> None:
        error = RayTaskError("version", "ray::version() (pid=7)", PackageNotFoundError(DISTRIBUTION))
        raise error.as_instanceof_cause()

    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setattr(cluster, "_check_machines", check)
    with pytest.raises(UnavailableError, match=f"No package metadata was found for {DISTRIBUTION}"), joined("auto"):
        pass
