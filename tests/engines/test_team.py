"""Threads that begin together: who is called, what an error of one does, and when they end."""

import gc
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.team import Team
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli
from gatebench.training.optimizers import UpdateRule, adam
from support.agreement import sequences
from support.updates import arrays_of


def until(holds: Callable[[], bool]) -> bool:
    """Wait for something that other threads bring about."""
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.001)
    return holds()


def team_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("team_")]


def test_every_thread_but_the_calling_one_is_called_with_its_number():
    prepared, called = [], []
    team = Team(3, lambda: prepared.append(threading.get_ident()))
    team.call(lambda number: called.append((number, threading.get_ident())))
    assert until(lambda: len(called) == 2)
    assert sorted(number for number, _ in called) == [1, 2]
    assert {thread for _, thread in called} == set(prepared)
    assert threading.get_ident() not in prepared
    Team(1, lambda: prepared.append(0)).call(lambda number: called.append((number, 0)))
    assert len(called) == 2
    assert 0 not in prepared


def test_a_thread_that_is_late_is_called_once():
    """It holds up nobody, and makes up for nothing."""
    busy, called = threading.Event(), []
    team = Team(2, lambda: None)
    team.call(lambda number: busy.wait(60) and called.append("first"))
    assert until(lambda: not team._calls[0].functions)
    for name in ("second", "third"):
        team.call(lambda number, name=name: called.append(name))
    busy.set()
    assert until(lambda: len(called) == 2)
    assert called == ["first", "third"]


def test_an_error_of_a_thread_is_raised_when_asked_for_and_ends_nobody():
    def fail(number: int) -> None:
        raise MemoryError(f"of thread {number}")

    team = Team(2, lambda: None)
    team.raise_errors()
    team.call(fail)
    assert until(lambda: team._calls[0].error is not None)
    with pytest.raises(MemoryError, match="of thread 1"):
        team.raise_errors()
    team.raise_errors()
    called: list[int] = []
    team.call(called.append)
    assert until(lambda: called == [1])


def test_threads_end_with_their_engine():
    before = set(team_threads())
    network, rule = Network(trace.load("gru"), 12, 7, 19, bernoulli()), UpdateRule(adam(0.9, 0.999, 1e-8), None)
    engine = FusedCpu(3)
    batch = engine.batch(network, *sequences(network, [4, 2]))
    engine.update(network, rule, arrays_of(network, rule, 3), [batch] * 3, np.ones(3))
    begun = set(team_threads()) - before
    assert len(begun) == 2
    del engine, batch

    def have_ended() -> bool:
        gc.collect()  # again and again: a thread that comes late to its last call keeps the engine for so long
        return not begun & set(team_threads())

    assert until(have_ended)
