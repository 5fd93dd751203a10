"""`fashion data`: look at data, convert it, fetch it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fashion_classifier.cli.completion import complete_forms, complete_sources
from fashion_classifier.cli.help import Command, Group
from fashion_classifier.cli.options import GroupBy, ImageSize, Json, parse_size
from fashion_classifier.cli.output import Output, output

app = typer.Typer(cls=Group, help="Look at data, convert it, fetch it.", no_args_is_help=True, add_completion=False)

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A file or folder, 'fashion-mnist', 'sample' or 'auto'.",
        autocompletion=complete_sources,
    ),
]


@app.command(cls=Command)
def check(
    source: Source = "auto", image_size: ImageSize = None, group_by: GroupBy = None, as_json: Json = False
) -> None:
    """Read data, check it, and print its card: counts, size, fingerprint, duplicates.

    Examples:

      fashion data check "Fashion CSV"

      fashion data check my_photos --image-size 48x48 --json
    """
    from fashion_classifier.data.load import load
    from fashion_classifier.data.sources import ReadOptions
    from fashion_classifier.data.split import split
    from fashion_classifier.errors import DataError

    with output(as_json=as_json) as out_to:
        options = ReadOptions(image_size=parse_size(image_size), group_by=group_by)
        collection = load(source, options=options, progress=out_to.progress)
        obstacle = None  # to training; a model can be judged by such data all the same
        try:
            split(collection)
        except DataError as error:
            obstacle = str(error)
        counts, images = collection.counts, collection.training.images
        low, high = int(images.min()), int(images.max())
        rows = [[name, *(f"{part[name]:,}" for part in counts.values())] for name in collection.classes]
        rows.append(["together", *(f"{sum(part.values()):,}" for part in counts.values())])
        out_to.table(f"{collection.name} ({collection.container}, {collection.location})", ["class", *counts], rows)
        duplicates = collection.duplicates
        repeated = ", ".join(f"{number:,} within the {part} set" for part, number in duplicates.within.items())
        shared = "".join(
            f", {number:,} of the {part} set in the training set" for part, number in duplicates.shared.items()
        )
        out_to.tell(f"\nImages       {collection.shape}, grey levels {low} to {high} in the training set")
        out_to.tell(f"Duplicates   {repeated}{shared}")
        out_to.tell(f"Fingerprint  {collection.fingerprint}")
        for note in collection.notes:
            out_to.tell(f"Note         {note}")
        if obstacle:
            out_to.warn(f"No training is possible on this data. {obstacle}")
        out_to.result(
            "data-check",
            {
                "name": collection.name,
                "container": collection.container,
                "location": collection.location,
                "fingerprint": collection.fingerprint,
                "classes": list(collection.classes),
                "image": collection.shape._asdict(),
                "range": [low, high],
                "counts": counts,
                "duplicates": {
                    "within": duplicates.within,
                    "shared": duplicates.shared,
                    "contradictory": duplicates.contradictory,
                },
                "notes": list(collection.notes),
                "obstacle": obstacle,
                "is_sample": collection.is_sample,
            },
        )


@app.command(cls=Command)
def show(
    source: Source = "auto",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The PNG file to write.")] = Path(
        "contact-sheet.png"
    ),
    per_class: Annotated[int, typer.Option("--per-class", help="Images of each class.")] = 12,
    image_size: ImageSize = None,
    seed: Annotated[int, typer.Option("--seed", help="Which images are taken.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a contact sheet: some training images of each class.

    Example:

      fashion data show sample --out sample.png
    """
    from fashion_classifier.data.contact_sheet import contact_sheet
    from fashion_classifier.data.load import load
    from fashion_classifier.data.sources import ReadOptions
    from fashion_classifier.errors import UsageError
    from fashion_classifier.storage import atomic_path

    if out.exists():
        raise UsageError(f"{out} is already there; nothing was overwritten. Name another file.")
    with output(as_json=as_json) as out_to:
        collection = load(source, options=ReadOptions(image_size=parse_size(image_size)), progress=out_to.progress)
        sheet = contact_sheet(collection.training, per_class=per_class, seed=seed)
        with atomic_path(out) as path:
            sheet.save(path, format="PNG")
        out_to.tell(f"Contact sheet of {collection.name}: {out}")
        out_to.result("data-show", {"file": str(out), "name": collection.name})


@app.command(cls=Command)
def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="What to read, as for the other commands.", autocompletion=complete_sources
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="What to write; it must not be there yet.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORM",
            help="csv, csv-parts, idx, png, npz or parquet; by default from TARGET's name.",
            autocompletion=complete_forms,
        ),
    ] = None,
    image_size: ImageSize = None,
    group_by: GroupBy = None,
    as_json: Json = False,
) -> None:
    """Write data in another form.

    Examples:

      fashion data convert "Fashion CSV" merged --to csv

      fashion data convert fashion-mnist fashion.npz
    """
    from fashion_classifier.data.convert import check_target, guess_form, write_collection
    from fashion_classifier.data.load import load
    from fashion_classifier.data.sources import ReadOptions

    with output(as_json=as_json) as out_to:
        form = to or guess_form(target)
        check_target(target, form)
        options = ReadOptions(image_size=parse_size(image_size), group_by=group_by)
        collection = load(source, options=options, progress=out_to.progress)
        parts = {"training": collection.training}
        if collection.validation is not None:
            parts["validation"] = collection.validation
        if collection.test is not None:
            parts["test"] = collection.test.open("conversion to another form")
        written = write_collection(parts, target, form, out_to.progress)
        _told(out_to, written, form, {name: len(part) for name, part in parts.items()})


@app.command(cls=Command)
def download(as_json: Json = False) -> None:
    """Fetch the official Fashion-MNIST files (30 MB) into the cache; what is there is not fetched again.

    Example:

      fashion data download
    """
    from fashion_classifier.data.load import FASHION_MNIST_SOURCE, locate

    with output(as_json=as_json) as out_to:
        place = locate(FASHION_MNIST_SOURCE, progress=out_to.progress)
        out_to.tell(f"The official files are in {place.path}")
        out_to.result("data-download", {"folder": str(place.path)})


def _told(out_to: Output, written: Path, form: str, counts: dict[str, int]) -> None:
    """Tell what was written."""
    images = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    out_to.tell(f"{written}: {images} images as {form}")
    out_to.result("data-convert", {"target": str(written), "form": form, "counts": counts})
