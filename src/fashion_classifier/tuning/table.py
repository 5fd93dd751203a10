"""Trials as a table, for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from fashion_classifier.display import html_table
from fashion_classifier.reporting.wording import percent, setting, setting_name
from fashion_classifier.tuning.trials import Trial


def trials_table(trials: Sequence[Trial], chosen: Trial | None) -> str:
    """Write trials and confirmations as an HTML table."""
    return html_table(
        ("trial", "family", "accuracy", "loss", "weights", "seconds", "settings"),
        [_row(trial, chosen) for trial in trials],
        caption="The search, trial by trial",
        notes=("Accuracy and loss are of the cross-validation images.",),
    )


def _row(trial: Trial, chosen: Trial | None) -> tuple[str, ...]:
    """Write a trial as a row of a table."""
    confirms = trial.params.get("confirms")
    name = str(trial.index) if confirms is None else f"confirmation of {confirms}"
    is_chosen = chosen is not None and confirms is None and trial.index == chosen.index
    family = trial.params["family"]
    settings = {
        setting_name(key.removeprefix(f"{family}_")): setting(value)
        for key, value in trial.params.items()
        if key not in {"family", "confirms"}
    }
    return (
        f"{name} (chosen)" if is_chosen else name,
        family,
        trial.state if trial.accuracy is None else percent(trial.accuracy),
        "–" if trial.loss is None else f"{trial.loss:.3f}",
        "–" if trial.n_parameters is None else f"{trial.n_parameters:,}",
        f"{trial.seconds:.1f}",
        ", ".join(f"{key} {value}" for key, value in settings.items()),
    )
