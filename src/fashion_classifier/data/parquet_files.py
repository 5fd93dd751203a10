"""Parquet files as Hugging Face writes them: train-….parquet and test-….parquet, each in shards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from fashion_classifier.data.dataset import Images
from fashion_classifier.data.labels import LabelColumn
from fashion_classifier.data.picture_sets import read_pictures
from fashion_classifier.data.pixels import check_joining
from fashion_classifier.data.raw import RawCollection
from fashion_classifier.data.reading import (
    FoundPart,
    Listing,
    ReadOptions,
    Source,
    Split,
    assign_splits,
    collect,
)
from fashion_classifier.errors import FaultList
from fashion_classifier.progress import Progress, silent

if TYPE_CHECKING:
    from fashion_classifier.data.parquet_tables import Shard

_SHARD = re.compile(r"(?P<before>.*)-(?P<number>\d{5})-of-(?P<total>\d{5})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ParquetFiles(Source):
    """Parquet files with a column of pictures or pixel values (image) and one of labels (label)."""

    container: ClassVar[str] = "Parquet files"

    @classmethod
    def find(cls, listing: Listing) -> Self | None:
        """Recognise files that end in .parquet, here, in data/, or in the only folder with such."""
        here = _parquet_files(listing)
        below = {name: _parquet_files(Listing.of(listing.folder / name)) for name in ([] if here else listing.folders)}
        found = [files for files in below.values() if files]
        files = here or below.get("data") or (found[0] if len(found) == 1 else ())
        return cls(location=listing.folder, files=files) if files else None

    def read(self, *, options: ReadOptions | None = None, progress: Progress = silent) -> RawCollection:
        """Read and check all files; see `Source.read`."""
        from fashion_classifier.data.parquet_tables import read_shard  # noqa: PLC0415 - brings Polars, for Parquet alone

        options = options or ReadOptions()
        faults = FaultList()
        shards: dict[Split, list[Shard]] = {}
        for split, files in assign_splits(self, faults, shards=True).items():
            self._check_complete(files, faults)
            for number, file in enumerate(files):
                progress(f"Reading {split} shards", number, len(files), self.place_of(file))
                shard = read_shard(file, self.place_of(file), options.image_size, options.group_by, faults)
                if shard is not None:
                    shards.setdefault(split, []).append(shard)
            progress(f"Reading {split} shards", len(files), len(files))
        images, notes = self._images(shards, options, faults, progress)
        parts = {split: _part(of_split, images.get(split)) for split, of_split in shards.items()}
        return collect(self, parts, faults, options, progress, notes=notes)

    def _check_complete(self, files: Sequence[Path], faults: FaultList) -> None:
        """Note the shards that lack, where names say how many there are."""
        there: dict[tuple[str, int], set[int]] = {}
        for file in files:
            if shard := _SHARD.fullmatch(file.stem):
                there.setdefault((shard["before"], int(shard["total"])), set()).add(int(shard["number"]))
        for (before, total), numbers in there.items():
            for number in range(total):
                if number not in numbers:
                    missing = files[0].with_name(f"{before}-{number:05}-of-{total:05}.parquet")
                    faults.add(self.place_of(missing), "the shard is missing", "Put it beside the others")

    def _images(
        self,
        shards: Mapping[Split, Sequence[Shard]],
        options: ReadOptions,
        faults: FaultList,
        progress: Progress,
    ) -> tuple[dict[Split, Images], tuple[str, ...]]:
        """Return the images of each part; pictures are decoded together, for they share one size."""
        encoded = {split: [shard.pictures for shard in some if shard.pictures] for split, some in shards.items()}
        values = {split: [shard.images for shard in some if shard.images is not None] for split, some in shards.items()}
        if any(encoded.values()) and any(values.values()):
            problem = "some files hold encoded pictures, others pixel values"
            faults.add(str(self.location), problem, "Write all files in one way")
            return {}, ()
        if any(values.values()):
            return {split: self._joined(split, images, faults) for split, images in values.items()}, ()
        pictures = {split: list(chain.from_iterable(lists)) for split, lists in encoded.items()}
        everything = list(chain.from_iterable(pictures.values()))
        way = options.pictures
        found = read_pictures(everything, options.image_size, faults, progress, way=way) if everything else None
        if found is None:
            return {}, ()
        ends = np.cumsum([len(some) for some in pictures.values()])
        return dict(zip(pictures, np.split(found.images, ends[:-1]), strict=True)), found.notes

    def _joined(self, split: Split, images: Sequence[Images], faults: FaultList) -> Images:
        """Put the images of a part's shards into one array."""
        if len({some.shape[1:] for some in images}) > 1:
            problem = f"the {split} files hold images of different sizes"
            faults.add(str(self.location), problem, "Bring them to one size")
            return images[0]
        check_joining(images, f"{self.location.name}, {split} files")
        return np.concatenate(images)


def _parquet_files(listing: Listing) -> tuple[Path, ...]:
    """Return the Parquet files of a folder."""
    return tuple(listing.folder / name for name in listing.files if name.lower().endswith(".parquet"))


def _part(shards: Sequence[Shard], images: Images | None) -> FoundPart:
    """Put the labels and groups of a part's shards under one another."""
    groups = [shard.groups for shard in shards if shard.groups is not None]
    return FoundPart(
        LabelColumn.joined([shard.labels for shard in shards]),
        images,
        np.concatenate(groups) if groups and len(groups) == len(shards) else None,
    )
