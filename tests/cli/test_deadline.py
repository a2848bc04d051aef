"""A block that is stopped at its time: neither the timer nor the user's Ctrl-C is taken for the other."""

import signal
import threading
import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from gatebench.cli import deadline
from gatebench.cli.deadline import TimeUp, until


def test_what_ends_in_time_is_left_alone():
    before = signal.getsignal(signal.SIGINT)
    with until(time.monotonic() + 0.05):
        pass
    assert signal.getsignal(signal.SIGINT) is before
    time.sleep(0.1)


def test_time_that_is_over_stops_at_once():
    with pytest.raises(TimeUp), until(time.monotonic() - 1):
        time.sleep(10)


def test_the_users_own_interrupt_stays_one():
    with pytest.raises(KeyboardInterrupt), until(time.monotonic() + 60):
        signal.raise_signal(signal.SIGINT)


def test_within_the_block_it_is_known_whose_interrupt_it_was():
    seen: list[bool] = []

    def end_by(end: Callable[[], object]) -> None:
        try:
            end()
        finally:
            seen.append(deadline.is_up())

    with pytest.raises(TimeUp), until(time.monotonic() + 0.05):
        end_by(lambda: time.sleep(60))
    with pytest.raises(KeyboardInterrupt), until(time.monotonic() + 60):
        end_by(lambda: signal.raise_signal(signal.SIGINT))
    assert [*seen, deadline.is_up()] == [True, False, False]


class Timer:
    """In place of `threading.Timer`: it goes off when the test says so."""

    started: ClassVar[list["Timer"]] = []

    def __init__(self, seconds: float, function: Callable[[], None]) -> None:
        self.seconds, self.go_off, self.daemon = seconds, function, False

    def start(self) -> None:
        self.started.append(self)

    def cancel(self) -> None:
        """Too late: it is going off."""


def test_a_timer_that_goes_off_after_the_block_ended_interrupts_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deadline.threading, "Timer", Timer)
    with until(time.monotonic() + 60):
        pass
    Timer.started.pop().go_off()
    time.sleep(0.05)  # a signal would arrive here


def test_a_signal_that_arrives_when_the_block_has_ended_interrupts_nobody(monkeypatch: pytest.MonkeyPatch):
    """The timer went off in time, but what it sent is handled only while the handler is put back."""
    monkeypatch.setattr(deadline.threading, "Timer", Timer)
    monkeypatch.setattr(deadline.os, "kill", lambda *_: None)  # still under way
    cancel = Timer.cancel

    def cancelled(timer: Timer) -> None:
        cancel(timer)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Timer, "cancel", cancelled)
    with until(time.monotonic() + 60):
        Timer.started.pop().go_off()


def test_a_timer_that_goes_off_as_it_is_started_stops_the_block(monkeypatch: pytest.MonkeyPatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(deadline.threading, "Timer", Timer)
    monkeypatch.setattr(Timer, "start", lambda timer: timer.go_off())
    with pytest.raises(TimeUp), until(time.monotonic() + 60):
        pytest.fail("the block was begun")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_timer_that_goes_off_as_the_block_ends_interrupts_nobody(monkeypatch: pytest.MonkeyPatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(deadline.threading, "Timer", Timer)
    alarm = until(time.monotonic() + 60)
    disarm = alarm.disarm  # pyright: ignore[reportAttributeAccessIssue]

    def too_late() -> None:
        Timer.started.pop().go_off()
        disarm()

    monkeypatch.setattr(alarm, "disarm", too_late)
    with alarm:
        pass
    assert signal.getsignal(signal.SIGINT) is before


def sweep_like() -> None:
    """Put a handler of its own in place, as a sweep does, and raise once it was called."""
    received: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    while not received:
        time.sleep(0.001)
    signal.signal(signal.SIGINT, before)
    raise KeyboardInterrupt


def test_a_signal_that_the_block_itself_heeds_is_not_waited_for():
    started = time.monotonic()
    with pytest.raises(TimeUp), until(started + 0.2):
        sweep_like()
    assert time.monotonic() - started < deadline.LONGEST_WAY


def test_a_block_that_ends_at_the_moment_of_the_alarm_is_over_or_out_of_time():
    outcomes = set()
    for i in range(300):
        end = time.monotonic() + 0.002
        late = 60 if i % 30 == 29 else (i % 30 - 10) * 1e-5  # the first is never over by itself
        try:
            with until(end):
                while time.monotonic() < end + late:
                    pass
            outcomes.add("over")
        except TimeUp:
            outcomes.add("out of time")
    time.sleep(0.05)
    assert "out of time" in outcomes
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
