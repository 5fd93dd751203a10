"""Fashion Images Classifier: from labelled images of garments to conclusions that can be defended."""

__version__ = "0.1.0"
