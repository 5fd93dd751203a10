"""From the rows of `scaling.py` to what docs/scale.md says: the arithmetic, with every number that goes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common import Row
from tables import Table, latest, markdown

MACHINES, WORKERS = 100, 2  # of each machine, as of the one on which was measured
TRIALS, IMAGES = 10_000, 10**9
CONNECTIONS, EACH, RESERVED = 100, 1, 3  # that PostgreSQL gives by default; a worker keeps; it keeps back
BUSY = 0.5  # of the time in which the turn is somebody's, from which on workers wait for each other


@dataclass(frozen=True)
class Measured:
    """The numbers that the arithmetic begins with.

    Parameters
    ----------
    trial_s
        A trial without a study, when as many are made at a time as the machine has cores.
    sharing_s
        What a trial takes longer in PostgreSQL.
    turn_s, claimed_s
        In a study of many trials: for how long a trial has the turn, and what it takes without any training.
    trial_bytes
        That a trial takes of the database.
    images_per_s
        Of two places on a cluster of this machine.
    """

    trial_s: float
    sharing_s: float
    turn_s: float
    claimed_s: float
    trial_bytes: float
    images_per_s: float


def measured(rows: Sequence[Row]) -> Measured | None:
    """Read the numbers off the rows measured last; None while some are missing."""
    trials, images = _last(rows, what="trials"), _last(rows, what="images")
    few, many = (_last(rows, what="claims", storage="postgresql", there=n) for n in (100, TRIALS))
    if trials is None or images is None or few is None or many is None:
        return None
    return Measured(
        trial_s=trials["medians"][f"alone, {WORKERS}"] * WORKERS / trials["trials"],
        sharing_s=max(0.0, trials["medians"]["postgresql, 1"] - trials["medians"]["alone, 1"]) / trials["trials"],
        turn_s=many["turn_s"],
        claimed_s=many["trial_s"],
        trial_bytes=(many["bytes"] - few["bytes"]) / (many["there"] - few["there"]),
        images_per_s=images["images"] / images["medians"][f"ray, {WORKERS}"],
    )


def page(rows: Sequence[Row]) -> str:
    """Return the generated part of docs/scale.md."""
    found = measured(rows)
    if found is None:
        return ""
    tables = [summary(rows), _of_trials(found), _of_images(found)]
    return "\n\n".join(map(markdown, tables))


def summary(rows: Sequence[Row]) -> Table:
    """Show what was measured."""
    cells = []
    for group in latest(rows, ("what", "storage", "there")):
        row = group[-1]
        end = [row["machine"], row["commit"]]
        if row["what"] == "claims":
            said = f"its turns {1000 * row['turn_s']:.0f} ms, trial without training {1000 * row['trial_s']:.0f} ms"
            cells.append([f"a claim, {row['storage']}, {row['there']:,} trials there", str(row["n"]), said, "", *end])
            continue
        n, unit = (row["trials"], "trials/min") if row["what"] == "trials" else (row["images"], "images/s")
        per = 60 if unit == "trials/min" else 1
        for name, seconds in row["medians"].items():
            way, _, workers = name.partition(", ")
            one = row["medians"].get(f"{way}, 1")
            gain = f"{one / seconds:.2f} times as fast as 1" if workers == "2" and one else ""
            cells.append([f"{row['what']}, {name}", str(row["n"]), f"{per * n / seconds:,.1f} {unit}", gain, *end])
    return Table(
        "Beyond one process (`scaling.py`)",
        ["what, way, workers", "n", "median", "gain", "machine", "commit"],
        cells,
        "Trials are all the same training, with one thread each; `alone` has no study. Images: the whole command, the "
        "cluster's own start not included.",
    )


def _of_trials(found: Measured) -> Table:
    """Show what many trials on many machines would take, and what breaks first."""
    workers, each = MACHINES * WORKERS, found.trial_s + found.claimed_s
    hours = TRIALS * each / workers / 3600
    limits = {
        f"connections: ({CONNECTIONS} - {RESERVED}) / {EACH}, PostgreSQL's default": (CONNECTIONS - RESERVED) / EACH,
        f"the turn, {BUSY:.0%} taken: {BUSY:g} * {each:.2f} s / {found.turn_s:.3f} s": BUSY * each / found.turn_s,
    }
    first = min(limits, key=lambda name: limits[name])
    rows = [
        ["a trial with its claim", f"{found.trial_s:.2f} s + {found.claimed_s:.2f} s", f"{each:.2f} s"],
        ["all", f"{TRIALS:,} * {each:.2f} s / {workers} workers / 3,600", f"{hours:.2f} h"],
        ["on one machine", f"{hours:.2f} h * {MACHINES}", f"{hours * MACHINES:.0f} h"],
        ["the turn alone", f"{TRIALS:,} * {found.turn_s:.3f} s / 3,600", f"{TRIALS * found.turn_s / 3600:.2f} h"],
        ["the database", f"{TRIALS:,} * {found.trial_bytes:,.0f} bytes", f"{TRIALS * found.trial_bytes / 1e6:,.0f} MB"],
        *(
            [f"workers that {name.split(':')[0]} let{'s' if 'turn' in name else ''} work", name, f"{limit:,.0f}"]
            for name, limit in limits.items()
        ),
        ["breaks first", first.split(":")[0], f"at {limits[first]:,.0f} workers"],
    ]
    return Table(f"{TRIALS:,} trials on {MACHINES} machines", ["what", "arithmetic", "result"], rows)


def _of_images(found: Measured) -> Table:
    """Show what very many images would take."""
    rate = MACHINES * found.images_per_s
    rows = [
        [
            "all",
            f"{IMAGES:,} / ({MACHINES} * {found.images_per_s:,.0f} images/s) / 3,600",
            f"{IMAGES / rate / 3600:.2f} h",
        ],
        [
            "on one machine",
            f"{IMAGES:,} / {found.images_per_s:,.0f} images/s / 86,400",
            f"{IMAGES / found.images_per_s / 86400:.1f} days",
        ],
        ["pixels to be read", f"{IMAGES:,} * 784 bytes", f"{IMAGES * 784 / 1e12:.2f} TB"],
        ["read at a time", f"{rate:,.0f} images/s * 784 bytes", f"{rate * 784 / 1e6:,.0f} MB/s"],
    ]
    return Table(f"{IMAGES:,} images on {MACHINES} machines", ["what", "arithmetic", "result"], rows)


def _last(rows: Sequence[Row], **wanted: object) -> Row | None:
    """Return the last row with these facts."""
    return next((row for row in reversed(rows) if all(row.get(name) == fact for name, fact in wanted.items())), None)
