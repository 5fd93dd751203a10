"""The wall of images that the page shows: a tile each, the kinds of mistakes they belong to, the surest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from fashion_classifier.reporting.gallery import Gallery
from fashion_classifier.reporting.predictions import AnyModel, ModelName, both_answers, classes_of
from fashion_classifier.reporting.sprite import Sprite
from fashion_classifier.reporting.wording import percent

Outcome = Literal["mended", "broken", "both wrong"]


@dataclass(frozen=True)
class Tile:
    """An image that a model got wrong, with what both said of it.

    Parameters
    ----------
    image
        Its place in the gallery.
    true
        Index of its class.
    said
        Model -> index of the class that it answered.
    sure
        Model -> the probability that it gave that class, from 0 to 1.
    """

    image: int
    true: int
    said: dict[ModelName, int]
    sure: dict[ModelName, float]

    @property
    def outcome(self) -> Outcome:
        """What became of it between the first model and the second."""
        if self.said["optimized"] == self.true:
            return "mended"
        return "broken" if self.said["initial"] == self.true else "both wrong"


@dataclass(frozen=True)
class Kind:
    """One kind of mistakes.

    Parameters
    ----------
    name, title
        In the address, and for people.
    model
        Whose wrong answers these are.
    tiles
        Numbers of its tiles, those with the surest wrong answers first.
    totals
        (true, predicted, number of images) for each pair of classes that was confused, those without a tile included.
    """

    name: str
    title: str
    model: ModelName
    tiles: tuple[int, ...]
    totals: tuple[tuple[int, int, int], ...]

    @property
    def n(self) -> int:
        """Number of images of this kind in all."""
        return sum(number for _, _, number in self.totals)


@dataclass(frozen=True)
class Wall:
    """All tiles, and the kinds that they are shown by; a tile may be of several."""

    classes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    kinds: tuple[Kind, ...]

    def data(self, sprite: Sprite) -> dict[str, Any]:
        """Give what the page's script needs, ready for JSON: a list for each property of the tiles."""
        places = [sprite.place(tile.image) for tile in self.tiles]
        properties: dict[str, Sequence[Any]] = {
            "sheet": [sheet for sheet, _, _ in places],
            "column": [column for _, column, _ in places],
            "row": [row for _, _, row in places],
            "true": [tile.true for tile in self.tiles],
            "outcome": [tile.outcome for tile in self.tiles],
        }
        for model in ("initial", "optimized"):
            properties[model] = [tile.said[model] for tile in self.tiles]
            properties[f"{model}Sure"] = [percent(tile.sure[model], 0) for tile in self.tiles]
        kinds = {kind.name: {"model": kind.model, "tiles": kind.tiles, "totals": kind.totals} for kind in self.kinds}
        return {"classes": self.classes, "tiles": properties, "kinds": kinds}


RUN_TITLES = {
    "optimized": "Mistakes of the optimized model",
    "initial": "Mistakes of the initial model",
    "mended": "Mended by the optimized model",
    "broken": "Broken by the optimized model",
    "both": "Wrong by both models",
}


def build_wall(
    predictions: pl.DataFrame,
    gallery: Gallery,
    n_images: int,
    *,
    second: AnyModel = "optimized",
    titles: Mapping[str, str] = RUN_TITLES,
) -> Wall:
    """Hang the first `n_images` images of a gallery.

    Parameters
    ----------
    predictions
        Both models' answers; the split that they are judged by counts.
    second
        What the second of the two is called in `predictions`; on the wall they stand as "initial" and "optimized", by
        which style sheet and script know them.
    titles
        Of the kinds, for people.
    """
    wrong = _wrong_answers(predictions, second)
    places = {sha256: place for place, sha256 in enumerate(gallery.image_sha256[:n_images].tolist())}
    held = (
        wrong.filter(pl.col("image_sha256").is_in(list(places)))
        .with_columns(image=pl.col("image_sha256").replace_strict(places, return_dtype=pl.Int64))
        .sort("image", "occurrence")
        .with_row_index("tile")
    )
    return Wall(
        classes=classes_of(predictions),
        tiles=tuple(map(_tile, held.iter_rows(named=True))),
        kinds=tuple(
            Kind(
                name=name,
                title=titles[name],
                model=model,
                tiles=tuple(_surest_first(held.filter(condition), model)),
                totals=tuple(_totals(wrong.filter(condition), model)),
            )
            for name, model, condition in _KINDS
        ),
    )


_BY_INITIAL, _BY_OPTIMIZED = pl.col("initial") != pl.col("true"), pl.col("optimized") != pl.col("true")

_KINDS: tuple[tuple[str, ModelName, pl.Expr], ...] = (
    ("optimized", "optimized", _BY_OPTIMIZED),
    ("initial", "initial", _BY_INITIAL),
    ("mended", "initial", _BY_INITIAL & ~_BY_OPTIMIZED),
    ("broken", "optimized", _BY_OPTIMIZED & ~_BY_INITIAL),
    ("both", "optimized", _BY_INITIAL & _BY_OPTIMIZED),
)


def _wrong_answers(predictions: pl.DataFrame, second: AnyModel) -> pl.DataFrame:
    """Give the images that a model got wrong, with both models' answers as indices of classes."""
    return (
        both_answers(predictions, second)
        .select(
            "image_sha256",
            "occurrence",
            true=pl.col("label").to_physical().cast(pl.Int64),
            initial=pl.col("other_predicted").to_physical().cast(pl.Int64),
            optimized=pl.col("predicted").to_physical().cast(pl.Int64),
            initial_sure="other_probability",
            optimized_sure="probability",
        )
        .filter(_BY_INITIAL | _BY_OPTIMIZED)
    )


def _surest_first(held: pl.DataFrame, model: ModelName) -> list[int]:
    """Order tiles by how sure a model's answers were, equally sure ones by the image: always in one order."""
    ordered = held.sort(f"{model}_sure", "image_sha256", "occurrence", descending=[True, False, False])
    return ordered["tile"].to_list()


def _totals(wrong: pl.DataFrame, model: ModelName) -> list[tuple[int, int, int]]:
    """Count a model's answers for each true class."""
    return wrong.group_by("true", model).len().sort("true", model).rows()


def _tile(row: dict[str, Any]) -> Tile:
    """Make a tile of a row."""
    return Tile(
        image=row["image"],
        true=row["true"],
        said={"initial": row["initial"], "optimized": row["optimized"]},
        sure={"initial": row["initial_sure"], "optimized": row["optimized_sure"]},
    )
