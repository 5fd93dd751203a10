"""Time is shared out so that the promise holds, and a run that is continued has what is left."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from fashion_classifier.experiment import budget
from fashion_classifier.experiment.budget import GROWTH, Clock, initial_seconds, report_seconds, share_out


def test_no_limit_limits_nothing():
    clock = Clock(None)
    assert initial_seconds(clock) is None
    assert share_out(clock).training is None
    assert clock.left_s == float("inf")


@given(minutes=st.floats(0.5, 600), used=st.floats(0, 0.5))
def test_the_shares_fit_into_what_is_left(minutes, used):
    limit = 60 * minutes
    clock = Clock(limit, used * limit)
    shares = share_out(clock)
    left = clock.left_s - report_seconds(limit)
    assert 0 <= shares.search <= max(0.0, left)
    assert shares.training >= 1.0
    if left > 10:
        assert shares.search + shares.training * (1 + GROWTH) <= left + 0.1  # the clock runs on


def test_a_short_time_is_not_spent_on_searching():
    assert share_out(Clock(30)).search == 0
    assert share_out(Clock(300)).search > 30


def test_pauses_and_earlier_sessions(monkeypatch):
    now = 100.0
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: now))
    clock = Clock(10, used_s=4)
    now += 1
    with clock.paused():
        now += 20
    assert (clock.used_s, clock.left_s) == (5, 5)
