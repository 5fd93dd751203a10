"""What data lies at hand, and what the cache holds."""

from __future__ import annotations

import os

from fashion_classifier.data.cache import cache_folder
from fashion_classifier.data.cache_contents import contents
from fashion_classifier.data.load import at_hand
from fashion_classifier.data.sources import find_source
from fashion_classifier.errors import FashionError
from fashion_classifier.experiment.checkup.finding import Finding, Problem


def data() -> Finding:
    """Tell what is found where no data is named; nothing is read or fetched."""
    place = at_hand()
    named = os.environ.get("FASHION_DATA") or None
    facts = {"place": None, "form": None, "named_in_environment": named}
    if place is None:
        return Finding(said="none at hand: the official Fashion-MNIST would be downloaded (30 MB)", facts=facts)
    if place.path is None:
        return Finding(said="the drawn sample, as $FASHION_DATA says", facts={**facts, "place": "sample"})
    said = f"{place.path}{' ($FASHION_DATA)' if named else ''}"
    facts["place"] = str(place.path)
    try:
        form = find_source(place.path).container
    except FashionError as error:
        return Finding(said=said, facts=facts, problems=(Problem(str(error)),))
    return Finding(said=f"{said}: {form}", facts={**facts, "form": form})


def cache() -> Finding:
    """Tell where the cache is and what it holds."""
    kept = contents()
    facts = {"folder": str(cache_folder()), "kept": {part.what: {"n": part.n, "bytes": part.n_bytes} for part in kept}}
    return Finding(said="\n".join([str(cache_folder()), *map(str, kept)]), facts=facts)
