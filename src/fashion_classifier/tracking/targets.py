"""Which tracker, and where to: read from a text, and checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from fashion_classifier.errors import MissingExtraError, UsageError
from fashion_classifier.locks import without_password

TITLES = {"mlflow": "MLflow", "tensorboard": "TensorBoard", "wandb": "Weights & Biases"}
FOLDERS = {"tensorboard": "tensorboard", "wandb": "."}  # where nothing else is said
_NEEDED = {"mlflow": ("mlflow", "pandas"), "tensorboard": ("tensorboard",), "wandb": ("wandb",)}


@dataclass(frozen=True)
class Target:
    """A tracker.

    Parameters
    ----------
    tracker
        "mlflow", "tensorboard" or "wandb", as the extra and the module are called.
    where
        A server's address, or a folder; empty for what the tracker's own environment variables say.
    """

    tracker: str
    where: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return TITLES[self.tracker]

    def __str__(self) -> str:
        return f"{self.tracker}={self.where}" if self.where else self.tracker


def parse_target(text: str, environment: dict[str, str] | None = None) -> Target:
    """Read a tracker and where to, as ``mlflow=http://127.0.0.1:5000``.

    Parameters
    ----------
    text
        The tracker's name, and after "=" an address or a folder.
    environment
        Environment variables, for what the text leaves out.

    Raises
    ------
    UsageError
        If there is no such tracker, it cannot go there, or the address holds a password.
    MissingExtraError
        If the tracker is not installed.
    """
    tracker, _, where = text.partition("=")
    if tracker not in TITLES:
        raise UsageError(f"There is no tracker {without_password(tracker)!r}; there are {', '.join(TITLES)}.")
    if any(find_spec(module) is None for module in _NEEDED[tracker]):
        raise MissingExtraError(
            f"{TITLES[tracker]} is not installed: pip install 'fashion-images-classifier[{tracker}]'."
        )
    if tracker in FOLDERS:
        folder = Path(where or FOLDERS[tracker]).absolute()
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is no folder; {TITLES[tracker]} writes into one.")
        return Target(tracker, str(folder))
    return Target(tracker, _checked_address(where, environment or {}))


def _checked_address(where: str, environment: dict[str, str]) -> str:
    """Check where MLflow is to be told."""
    if not where:
        if environment.get("MLFLOW_TRACKING_URI"):
            return ""
        raise UsageError(
            "MLflow needs an address, as in mlflow=http://127.0.0.1:5000 or mlflow=sqlite:///mlflow.db, or the "
            "environment variable MLFLOW_TRACKING_URI."
        )
    parts = urlsplit(where)
    if parts.scheme not in {"http", "https", "sqlite"}:
        # Which is not repeated, as there may be a password in it.
        raise UsageError("An address of MLflow begins with http://, https:// or sqlite:///. Give such a one.")
    if parts.scheme == "sqlite" and find_spec("cryptography") is None:  # one of what the light package lacks
        raise MissingExtraError("A database without a server is written by the whole of MLflow: pip install mlflow.")
    if "@" in parts.netloc or parts.query:
        raise UsageError(
            "The address of MLflow holds a name, a password or a query, and commands are written into records. Give "
            "the address alone, and the rest in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or in "
            "MLFLOW_TRACKING_TOKEN."
        )
    return where
