"""Images that are no garment, made here: what a classifier should refuse, of any size and in grey or colour."""

from fashion_classifier.evaluation.strangers.catalogue import KINDS, Kind, strange_images

__all__ = ["KINDS", "Kind", "strange_images"]
