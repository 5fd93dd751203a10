"""Two models' settings side by side, those that differ marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fashion_classifier.reporting.comparison_results import ComparedModel
from fashion_classifier.reporting.wording import setting, setting_name

_FINGERPRINT_LETTERS = 8  # enough to tell data apart


@dataclass(frozen=True)
class SettingRow:
    """One setting of both models, as text, and whether it differs."""

    name: str
    a: str
    b: str
    differs: bool


@dataclass(frozen=True)
class SettingGroup:
    """Settings of one kind: the table's title, what its rows are, and the rows."""

    title: str
    heading: str
    rows: tuple[SettingRow, ...]


def setting_columns(a: ComparedModel, b: ComparedModel) -> tuple[tuple[SettingGroup, ...], ...]:
    """Set all that is known of two models side by side, in two columns of tables."""
    network = SettingGroup("Network", "Setting", pair_settings(_network(a), _network(b)))
    predicting = SettingGroup("How it answers", "Setting", pair_settings(a.prediction, b.prediction))
    training = SettingGroup("Recipe of the training", "Setting", pair_settings(a.recipe, b.recipe))
    origin = SettingGroup("Where it came from", "Record", pair_settings(_origin(a), _origin(b)))
    return (network, predicting, origin), (training,)


def _network(model: ComparedModel) -> dict[str, Any]:
    """Give family, sizes and settings of a network."""
    size = f"{model.n_bytes / 1e6:.2f}\u202fMB"
    return {"family": model.family, "parameters": model.n_parameters, "size of the weights": size, **model.config}


def _origin(model: ComparedModel) -> dict[str, Any]:
    """Give what is recorded of a model's making, but for its command, which takes more room than a cell has."""
    told = {name: value for name, value in model.origin.items() if name not in {"command", "training_seed"}}
    return {name: _brief(name, value) for name, value in _flat(told)}


def _brief(name: str, value: Any) -> Any:
    """Write a date without its time, a fingerprint by its beginning, and a seed as the name that it is."""
    if name == "fingerprint":
        return f"{str(value)[:_FINGERPRINT_LETTERS]}…"
    if name == "made":
        return str(value)[: len("2026-01-31")]
    return str(value) if name.endswith("seed") and value is not None else value


def pair_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[SettingRow, ...]:
    """Pair settings by their names, those within settings unfolded; a model without one has a dash there."""
    of_a, of_b = dict(_flat(a)), dict(_flat(b))
    return tuple(_row(name, of_a.get(name), of_b.get(name)) for name in dict.fromkeys((*of_a, *of_b)))


def _row(name: str, a: Any, b: Any) -> SettingRow:
    """Write one setting; where rounding would hide a difference, in full."""
    text_a, text_b = setting(a), setting(b)
    if a != b and text_a == text_b:
        text_a, text_b = str(a), str(b)
    return SettingRow(setting_name(name), text_a, text_b, differs=a != b)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Unfold settings that hold settings: {"augmentation": {"mirror": True}} -> ("augmentation mirror", True)."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", value
