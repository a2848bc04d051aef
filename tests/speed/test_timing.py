"""Timing: medians over rounds, warm calls untimed, a bound on rounds of slow calls."""

import itertools

import pytest

from gatebench.speed import timing
from gatebench.speed.timing import TimedCall


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what calls take."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(timing, "WARM", 0.04)
    return now


def takes(clock, *seconds):
    """A call that takes these seconds in turn."""
    of_call = itertools.cycle(seconds)

    def call():
        clock[0] += next(of_call)

    return call


def test_the_median_of_rounds_per_update(clock):
    runs = {"slow": TimedCall(takes(clock, 9.0, 0.5, 0.3, 0.1), updates=2), "steady": TimedCall(takes(clock, 1.0))}
    times = timing.timed(runs, 3)
    assert times == {"slow": pytest.approx(0.15), "steady": pytest.approx(1.0)}


def test_fast_calls_are_warmed_before_every_round(clock):
    order = []
    runs = {name: TimedCall(lambda name=name: order.append(name) or takes(clock, 0.011)()) for name in "ab"}
    assert timing.timed(runs, 2) == {"a": pytest.approx(0.011), "b": pytest.approx(0.011)}
    assert [(name, len(list(calls))) for name, calls in itertools.groupby(order)] == [("a", 6), ("b", 6)] * 2


def test_slow_calls_have_at_least_three_rounds_and_no_more(clock):
    calls = []
    timing.timed({"one": TimedCall(lambda: calls.append(1) or takes(clock, 10.0)())}, 7)
    assert len(calls) == 1 + timing.LEAST_ROUNDS
