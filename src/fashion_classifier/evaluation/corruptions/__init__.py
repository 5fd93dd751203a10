"""Images as a poor camera, other light, a careless hand or a strong compression would have them."""

from fashion_classifier.evaluation.corruptions.catalogue import (
    CORRUPTIONS,
    SEVERITIES,
    Corruption,
    corrupt,
    find_corruption,
)

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption", "corrupt", "find_corruption"]
