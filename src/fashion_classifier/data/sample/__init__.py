"""The built-in sample: garments of the ten Fashion-MNIST kinds, drawn by a small seeded program."""

from fashion_classifier.data.sample.drawing import CLASSES, draw_sample

__all__ = ["CLASSES", "draw_sample"]
