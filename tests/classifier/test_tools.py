"""The estimator in scikit-learn's own tools."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import estimator_html_repr
from tests.classifier.conftest import drawn, fetch_openml, quick

X, Y = drawn(150)
FRAME, LABELS = fetch_openml("Fashion-MNIST")


@pytest.mark.parametrize("form", [X, FRAME], ids=["array", "frame"])
def test_it_is_cross_validated(form):
    assert cross_val_score(quick(epochs=4), form, Y, cv=3).mean() > 0.9


@pytest.mark.slow
def test_it_is_cross_validated_by_several_processes():
    alone, shared = (cross_val_score(quick(epochs=4), X, Y, cv=3, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert shared == pytest.approx(alone, abs=0.05)  # threads are fewer there, and round otherwise


def test_images_are_answered_for_out_of_fold():
    said = cross_val_predict(quick(epochs=4), X, Y, cv=3, method="predict_proba")
    assert log_loss(Y, said, labels=np.unique(Y)) < 0.6


def test_its_parameters_are_searched():
    search = GridSearchCV(quick(), {"epochs": [0.1, 6], "mirror": [True, False]}, cv=2).fit(X, Y)
    assert search.best_params_["epochs"] == 6
    assert search.score(X, Y) > 0.9
    assert search.n_features_in_ == search.best_estimator_.n_features_in_


def test_it_is_part_of_a_pipeline():
    darker = FunctionTransformer(lambda images: images // 2)
    pipeline = make_pipeline(darker, quick(epochs=6)).fit(X, Y)
    assert pipeline.score(X, Y) > 0.9
    assert list(pipeline.classes_) == sorted(set(Y))
    scaled = make_pipeline(StandardScaler(), quick()).fit(FRAME, LABELS)
    assert scaled[-1].image_shape_ is None
    assert scaled.score(FRAME, LABELS) > 0.9


@pytest.mark.parametrize("ensemble", [True, False])
def test_it_is_calibrated(ensemble):
    calibrated = CalibratedClassifierCV(quick(epochs=4), method="sigmoid", cv=2, ensemble=ensemble).fit(X, Y)
    assert calibrated.score(X, Y) > 0.9
    assert calibrated.predict_proba(X).sum(axis=1) == pytest.approx(1.0)


def test_the_pixels_that_matter_are_found():
    small, labels = drawn(60, size=8)
    rows = small.reshape(len(small), -1)
    learned = quick(epochs=6).fit(rows, labels)
    found = permutation_importance(learned, rows, labels, scoring="neg_log_loss", n_repeats=1, random_state=0)
    by_row = found.importances_mean.reshape(8, 8).sum(axis=1)
    assert by_row[1:6].max() > 10 * abs(by_row[[0, 7]]).max()  # where the bars are that tell the classes apart


def test_it_votes_and_is_boosted():
    votes = VotingClassifier([("one", quick()), ("two", quick(random_state=1))], voting="soft").fit(X, Y)
    assert votes.score(X, Y) > 0.9
    values = X.reshape(len(X), -1) / 255
    boosted = AdaBoostClassifier(quick(image_shape=None, epochs=1), n_estimators=2, random_state=0).fit(values, Y)
    assert boosted.score(values, Y) > 0.9


def test_a_notebook_shows_it():
    learned = quick().fit(X, Y)
    shown = learned._repr_html_()
    assert "FashionClassifier" in shown
    assert "image_shape_" in shown
    assert shown.count("<div") == shown.count("</div>")
    assert "FashionClassifier" in estimator_html_repr(make_pipeline(StandardScaler(), quick()))
    assert repr(quick()) == "FashionClassifier(epochs=2, model='mlp', random_state=0)"
    with config_context(display="text"), pytest.raises(AttributeError):
        _ = learned._repr_html_


@pytest.mark.parametrize("values", [X, X / 255], ids=["images", "table"])
def test_another_process_gets_it_as_it_is(values):
    learned = quick(image_shape="auto" if values.dtype == np.uint8 else None).fit(values, Y)
    handed = pickle.dumps(learned)
    for other in (pickle.loads(handed), copy.deepcopy(learned)):
        assert np.array_equal(other.predict_proba(values), learned.predict_proba(values))
        assert other.get_params() == learned.get_params()
    for module in (b"torch", b"fashion_classifier.models", b"fashion_classifier.inference"):
        assert module not in handed  # numbers and texts alone, beside the estimator and its history
