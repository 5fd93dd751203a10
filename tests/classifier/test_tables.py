"""Rows of numbers: a small perceptron that learns what tables hold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import train_test_split

from fashion_classifier import FashionClassifier
from fashion_classifier.errors import UsageError

IRIS = load_iris(return_X_y=True)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_known_tables_are_learned(load):
    values, labels = load(return_X_y=True)
    known, new, its_labels, new_labels = train_test_split(values, labels, random_state=0, stratify=labels)
    learned = FashionClassifier(random_state=0).fit(known, its_labels)
    assert learned.image_shape_ is None
    assert learned.recipe_ == "table"
    assert learned.score(new, new_labels) > 0.93


def test_units_do_not_matter():
    values, labels = IRIS
    scaled = values * np.array([1e-9, 1.0, 1e9, 1.0]) + np.array([0.0, 1e6, 0.0, -40.0])
    plain, other = (FashionClassifier(random_state=0).fit(x, labels).predict_proba(x) for x in (values, scaled))
    assert other == pytest.approx(plain, abs=1e-4)


def test_a_column_that_never_changes_is_no_harm_nor_one_that_is_far_off():
    values, labels = IRIS
    learned = FashionClassifier(random_state=0).fit(np.column_stack([values, np.full(150, 0.1)]), labels)
    far_off = np.column_stack([values, np.full(150, 1e300)])
    assert np.isfinite(learned.predict_proba(far_off)).all()


def test_more_rows_than_a_step_sees_are_learned_from_in_batches():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(1500, 3))
    labels = values[:, 0] * values[:, 1] > 0
    learned = FashionClassifier(random_state=0).fit(values, labels)
    assert learned.score(values, labels) > 0.95


def test_time_limits_a_training_of_a_table():
    values, labels = IRIS
    learned = FashionClassifier(minutes=0.2, epochs=2, random_state=0).fit(values, labels)
    assert learned.predict(values).shape == (150,)


def test_a_table_has_no_neighbourhoods():
    with pytest.raises(UsageError, match=r"A table, which X is, has no model 'cnn': .* `image_shape`"):
        FashionClassifier(model="cnn").fit(*IRIS)
