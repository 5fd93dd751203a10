"""Every check that scikit-learn has for an estimator; none is expected to fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fashion_classifier import FashionClassifier

ALL = """
import json
from sklearn.utils.estimator_checks import check_estimator
from fashion_classifier import FashionClassifier

found = check_estimator(FashionClassifier(), on_skip=None)
print(json.dumps({check["check_name"]: check["status"] for check in found}))
"""


@parametrize_with_checks([FashionClassifier()])
def test_scikit_learns_own_check_passes(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_all_of_them_pass_and_none_is_skipped():
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}  # one of them needs it, before SciPy is imported
    ended = subprocess.run([sys.executable, "-c", ALL], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout)
    assert len(found) > 50
    assert set(found.values()) == {"passed"}
