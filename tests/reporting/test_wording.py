"""Numbers as people read them."""

import pytest

from fashion_classifier.evaluation.intervals import Estimate
from fashion_classifier.reporting import wording


def plain(text):
    """Write the spaces at which no line is broken as ordinary ones."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.9412, "94.1 %"),
        (0, "0.0 %"),
        (1, "100.0 %"),
        (0.99996, "99.996 %"),
        (0.0002, "0.02 %"),
        (0.9999, "99.99 %"),
    ],
)
def test_what_is_not_quite_all_or_nothing_is_not_rounded_to_it(fraction, text):
    assert plain(wording.percent(fraction)) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.9412, 0.9364, 0.9456), "94.1 % (93.6 to 94.6 %)"),
        (Estimate(0.94123, 0.94087, 0.94159), "94.12 % (94.09 to 94.16 %)"),
        (Estimate(0.941234, 0.941230, 0.941238), "94.1234 % (94.1230 to 94.1238 %)"),
        (Estimate(1.0, 0.7, 1.0), "100.0 % (70.0 to 100.0 %)"),
        (Estimate(0.5, 0.5, 0.5), "50.0 % (50.0 to 50.0 %)"),
    ],
)
def test_there_are_more_decimals_where_the_interval_asks_for_them(estimate, text):
    assert plain(wording.share(estimate)) == text


def test_differences_have_a_sign_and_zero_has_none():
    assert plain(wording.signed_points(Estimate(-0.0254, -0.0301, 0.0))) == "−2.5 points (−3.0 to 0.0)"
    assert plain(wording.points(-0.01)) == "1.0 points"
    assert plain(wording.points(0.01, 0)) == "1 point"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.949, "9.9 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (274.2, "4 min 34 s"),
        (3780, "1 h 03 min"),
    ],
)
def test_times_are_as_exact_as_they_are_long(seconds, text):
    assert plain(wording.duration(seconds)) == text


@pytest.mark.parametrize(
    ("p_value", "text"),
    [
        (1e-30, "p < 0.001"),
        (0.0214, "p = 0.021"),
        (0.0996, "p = 0.100"),
        (0.82, "p = 0.82"),
        (1.0, "p = 1.00"),
    ],
)
def test_p_values(p_value, text):
    assert plain(wording.probability_of_chance(p_value)) == text


def test_lists_of_names_stay_short():
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b"]) == "a and b"
    assert wording.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_counts_agree_with_their_noun():
    assert plain(wording.counted(1, "image")) == "1 image"
    assert plain(wording.counted(12_000, "image")) == "12,000 images"
    assert plain(wording.counted(2, "family", "families")) == "2 families"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0012345, "0.00123"),
        (128, "128"),
        (60_000, "60,000"),
        (True, "yes"),
        (None, "–"),
        ([32, 128], "32, 128"),
        ([], "–"),
        ("adam", "adam"),
        ({"flip": True, "max_shift": 2}, "flip yes, max shift 2"),
    ],
)
def test_settings_are_written_as_a_person_would(value, text):
    assert wording.setting(value) == text


def test_moments_are_dates_and_times_of_day():
    assert wording.moment("2026-03-01T12:00:00+00:00") == "1 March 2026, 12:00 UTC"
    assert wording.moment("yesterday") == "yesterday"
