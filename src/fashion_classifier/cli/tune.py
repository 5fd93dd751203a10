"""`fashion tune`: the search on its own."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.options import (
    Balanced,
    ClusterOption,
    Data,
    Device,
    Families,
    GroupBy,
    ImageSize,
    Json,
    Minutes,
    Mirror,
    Seed,
    Threads,
    Track,
    absolute,
    parse_size,
)
from fashion_classifier.cli.output import between, output, percent, show_collection
from fashion_classifier.cli.shared import is_from_file
from fashion_classifier.cli.track import finish_tracking, parse_targets, tracking_of
from fashion_classifier.errors import UsageError

STUDY = "study"  # what one in a database is called where nothing is said


def tune(
    data: Data = "auto",
    minutes: Minutes = None,
    trials: Annotated[
        int | None, typer.Option("--trials", help="Trials altogether, those already made included.")
    ] = None,
    trial_epochs: Annotated[float | None, typer.Option("--trial-epochs", help="Epochs of a trial.")] = None,
    family: Families = None,
    image_size: ImageSize = None,
    group_by: GroupBy = None,
    mirror: Mirror = True,
    balanced: Balanced = False,
    seed: Seed = 0,
    threads: Threads = 0,
    device: Device = "auto",
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="The study's folder; a study that is there goes on."),
    ] = Path("study"),
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            metavar="URL",
            envvar="FASHION_STORAGE",
            show_envvar=False,
            help="A PostgreSQL database (postgresql://user@host/database), or $FASHION_STORAGE: the study lies there, "
            "and processes on any machines share it.",
        ),
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", metavar="NAME", help="With --storage: which study in that database.")
    ] = None,
    cluster: ClusterOption = None,
    workers: Annotated[
        int, typer.Option("--workers", help="With --cluster: trials made at a time; 0 for as many as fit.")
    ] = 0,
    track: Track = None,
    as_json: Json = False,
) -> None:
    """Search for the best recipe; the same command goes on where it stopped.

    The study lies in FOLDER/study.db (Optuna, SQLite), the best model so far in FOLDER/best. Given several times at
    once, for instance with --threads 1 each, it shares the trials among the processes. With --storage these may be on
    any machine: each is given the same command, and all end with the same choice and model. Leave a password to
    $PGPASSWORD or ~/.pgpass, as others can read command lines.

    With --cluster the trials are made on a Ray cluster, each with --threads processors (one by default) and, where
    there are any, a graphics card; the study stays here. What is lost with a machine is begun anew on another one.

    Examples:

      fashion tune --minutes 10

      fashion tune --trials 30 --trial-epochs 1 --family cnn --out studies/cnn

      fashion tune --trials 500 --trial-epochs 4 --storage postgresql://me@host/studies --study shoes

      fashion tune --trials 500 --trial-epochs 4 --cluster auto --threads 2
    """
    from fashion_classifier.cli import STARTED
    from fashion_classifier.experiment.facts import plain_settings, search_facts
    from fashion_classifier.experiment.preparation import prepare
    from fashion_classifier.experiment.searching import Cluster, check_place, search_only
    from fashion_classifier.experiment.settings import RunConfig
    from fashion_classifier.experiment.tracked import about_work, conclude_search, ended, trial_made
    from fashion_classifier.inference.cluster import check_reachable
    from fashion_classifier.tuning.database import StudyDatabase

    if study is not None and storage is None and not is_from_file("study"):
        raise UsageError("Only a database has studies with names: name the database, or leave the study's name out.")
    if workers and cluster is None and not is_from_file("workers"):
        raise UsageError("Workers are a cluster's: name the cluster, or leave their number out.")
    exact = trials is not None and minutes is None
    config = RunConfig(
        data=absolute(data),
        image_size=parse_size(image_size),
        group_by=group_by,
        minutes=None if exact else 5.0 if minutes is None else minutes,
        trials=trials,
        epochs=4.0 if exact else None,
        trial_epochs=trial_epochs,
        families=tuple(family) if family else RunConfig.families,
        mirror=mirror,
        class_weights="balanced" if balanced else "none",
        seed=seed,
        threads=threads,
        device=device,
    )
    place = None if storage is None else StudyDatabase(storage, STUDY if study is None else study)
    on = None if cluster is None else Cluster(cluster, workers)
    if place is not None:
        place.check_reachable()
    if on is not None:
        check_reachable(on.address)
    targets = parse_targets(track)
    with output(as_json=as_json) as out_to, tracking_of(targets, out_to) as tracking:
        check_place(out)
        prepared = prepare(
            config if on is None else replace(config, device="cpu"),
            used_s=time.perf_counter() - STARTED,
            progress=out_to.progress,
        )
        show_collection(out_to, prepared.collection, prepared.split)
        search, chosen, interrupted = search_only(
            config,
            prepared,
            out,
            storage=place,
            cluster=on,
            tell=out_to.remark,
            on_begin=lambda: tracking.begin(out, about_work(config, prepared.collection)),
            on_trial=lambda trial: tracking.record(trial_made(trial)),
            progress=out_to.progress,
        )
        conclude_search(tracking, search, chosen)
        tracking.record(ended(interrupted))
        if interrupted:
            out_to.end_as_interrupted()
        facts = {
            "study": search.storage.shown,
            "seconds": round(prepared.clock.used_s, 2),
            "trials": len(search.trials()),
            "tracked": finish_tracking(tracking, out_to),
        }
        if chosen is None:
            out_to.tell("No trial is complete yet; the same command goes on.")
            out_to.result("tune", {**facts, "chosen": None, "leaderboard": [], "confirmed": [], "model": None})
            return
        found = search_facts(search, chosen, prepared.clock.used_s, "", seed=config.seed)
        rows = [
            [
                row.family,
                str(row.trial),
                percent(row.accuracy.value),
                between(row.accuracy.low, row.accuracy.high),
                f"{row.loss:.3f}",
                f"{row.n_parameters:,}",
                f"{row.seconds:.1f}",
                str(row.n_trials),
            ]
            for row in found.leaderboard
        ]
        columns = [
            "family",
            "trial",
            "cross-validation",
            "95 % interval",
            "loss",
            "parameters",
            "seconds",
            "trials",
        ]
        out_to.table("The best of each family", columns, rows)
        confirmed = [
            {"trial": trial.params["confirms"], "accuracy": trial.accuracy, "seconds": trial.seconds}
            for trial in search.confirmed()
        ]
        if confirmed:
            told = "; ".join(
                f"trial {row['trial']} {row['accuracy']:.2%} after {row['seconds']:.0f} s" for row in confirmed
            )
            out_to.tell(f"\nTrained again, with another seed: {told}")
        out_to.tell(f"\nChosen: trial {chosen.index}, {chosen.params['family']}")
        for name, value in plain_settings(chosen).items():
            out_to.tell(f"  {name}: {value}")
        out_to.tell(f"Best model so far: {out / 'best'}")
        leaderboard = [
            {
                "family": row.family,
                "trial": row.trial,
                "accuracy": row.accuracy.value,
                "loss": row.loss,
                "seconds": row.seconds,
            }
            for row in found.leaderboard
        ]
        settings = {"family": chosen.params["family"], **plain_settings(chosen)}
        out_to.result(
            "tune",
            {
                **facts,
                "chosen": {"trial": chosen.index, "accuracy": chosen.accuracy, "settings": settings},
                "leaderboard": leaderboard,
                "confirmed": confirmed,
                "model": str(out / "best"),
            },
        )
