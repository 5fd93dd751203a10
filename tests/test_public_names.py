"""The public names are those that are promised, and each can be had."""

from __future__ import annotations

import fashion_classifier


def test_public_names():
    assert set(fashion_classifier.__all__) == set(fashion_classifier._PLACES)
    assert fashion_classifier.__all__ == sorted(fashion_classifier.__all__, key=lambda name: (not name.isupper(), name))
    for name in fashion_classifier.__all__:
        assert getattr(fashion_classifier, name) is not None
        assert name in dir(fashion_classifier)
