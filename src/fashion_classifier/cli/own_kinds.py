"""`fashion train --from MODEL`: what it does, and what is told of it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashion_classifier.cli.output import Output, between, percent, show_collection, told_place
from fashion_classifier.cli.shared import given_command
from fashion_classifier.cli.track import finish_tracking

if TYPE_CHECKING:
    from fashion_classifier.evaluation.metrics import Evaluation
    from fashion_classifier.experiment.settings import RunConfig
    from fashion_classifier.experiment.transfer import Transferred
    from fashion_classifier.tracking.following import Tracking


def train_from(
    named: Path, config: RunConfig, out: Path | None, out_to: Output, tracking: Tracking, *, comparing: bool
) -> None:
    """Train a model's weights on for other classes, and tell what that gained.

    Parameters
    ----------
    named
        The model to go on from.
    config
        Its data, time and seed; the image shape becomes the model's.
    out
        The folder to make; by default one in ./models.
    out_to
        Where to tell it.
    tracking
        Told of the model that is made, when it is.
    comparing
        Whether to train from nothing as well.
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.experiment.lookup import locate_model
    from fashion_classifier.experiment.preparation import prepare
    from fashion_classifier.experiment.record import at_free_place, check_can_be_made, new_run_path
    from fashion_classifier.experiment.tracked import about_work, concluded_training, ended
    from fashion_classifier.experiment.transfer import folders_of, gain_over_nothing, transfer
    from fashion_classifier.inference.bundle import load_model
    from fashion_classifier.reporting.comparison_page import PAGE, write_comparison

    place = locate_model(named)
    folder = out or new_run_path(Path("models"), f"from-{place.path.name}")
    gain_folder = folder.with_name(f"{folder.name}-gain")
    for wanted in folders_of(folder, comparing=comparing) + ([gain_folder] if comparing else []):
        check_can_be_made(wanted)
    source = load_model(place.path)
    height, width, channels = source.shape
    config = replace(config, image_size=(height, width), channels=channels, pictures=source.pictures)
    prepared = prepare(config, used_s=time.perf_counter() - STARTED, progress=out_to.progress)
    show_collection(out_to, prepared.collection, prepared.split)
    out_to.remark(f"From:   {place.shown}, whose images are {source.shape}")
    tracking.begin(folder, {**about_work(config, prepared.collection), "from": place.name})
    found = transfer(source, place.name, config, prepared, folder, comparing=comparing, progress=out_to.progress)
    made = [place for place in (found.model, found.from_nothing) if place is not None]
    for its_place, wanted in zip(made, folders_of(folder, comparing=comparing), strict=True):
        told_place("the model", its_place, wanted, out_to)
    page = None
    if comparing:
        out_to.progress("Drawing the page", 0.0, 1.0)
        command = given_command(out_to.taken)
        gain = gain_over_nothing(found, prepared.collection, command=command, seed=config.seed)
        write = partial(write_comparison, results=gain.results, predictions=gain.predictions, gallery=gain.gallery)
        gain_folder = told_place("the page", at_free_place(gain_folder, write), gain_folder, out_to)
        page = gain_folder / PAGE
        out_to.progress("Drawing the page", 1.0, 1.0)
    tracking.record(concluded_training(found.trained, found.judged))
    tracking.record(ended(cut_short=False))
    _show(found, out_to, place.name, config.data, page)
    out_to.result(
        "train",
        {
            "model": str(found.model),
            "from": str(place.path),
            "family": source.config.family,
            "seconds": round(prepared.clock.used_s, 2),
            "steps": found.trained.fit.steps,
            "precision": found.trained.model.how.precision,
            "data": {"name": prepared.collection.name, "fingerprint": prepared.collection.fingerprint},
            **_facts(found),
            "page": None if page is None else str(page),
            "tracked": finish_tracking(tracking, out_to),
        },
    )


def _facts(found: Transferred) -> dict[str, Any]:
    """Return what programs are told of how well it does."""
    from fashion_classifier.cli.run import comparison_facts, evaluation_facts

    nothing, gain = found.judged_from_nothing, found.gain
    return {
        "held_out": evaluation_facts(found.judged),
        "from_nothing": None
        if nothing is None
        else {"model": str(found.from_nothing), "held_out": evaluation_facts(nothing)},
        "gain": None if gain is None else comparison_facts(gain),
    }


def _show(found: Transferred, out_to: Output, name: str, data: str, page: Path | None) -> None:
    """Tell people."""
    ways = [(f"from {name}", found.judged), ("from nothing", found.judged_from_nothing)]
    rows = [_row(way, judged) for way, judged in ways if judged is not None]
    title = f"{found.judged.n:,} images, each judged by a network that had not seen it (five folds)"
    out_to.table(title, ["trained", "accuracy", "95 % interval", "loss"], rows)
    if (gain := found.gain) is not None:
        out_to.tell(
            f"\nFrom {name} against from nothing, equally long: {gain.verdict} "
            f"({100 * gain.difference.value:+.2f} points, 95 % interval "
            f"{between(gain.difference.low, gain.difference.high)}, p = {gain.p_value:.2g}); {gain.mended:,} images "
            f"mended, {gain.broken:,} broken"
        )
    out_to.tell(f"Model:  {found.model}  (learned from all of these images; {found.trained.fit.steps:,} steps)")
    if found.from_nothing is not None:
        out_to.tell(f"Page:   {page}")
        out_to.remark(f"Beside: {found.from_nothing}; on the test images, which are sealed still, compare them with")
        out_to.remark(f"        fashion compare {found.from_nothing} {found.model} --data {data}")


def _row(way: str, judged: Evaluation) -> list[str]:
    """Return a row of the table."""
    accuracy = judged.accuracy
    return [way, percent(accuracy.value), between(accuracy.low, accuracy.high), f"{judged.loss.value:.3f}"]
