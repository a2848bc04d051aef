"""The yardstick, and what fits into memory."""

import os

import pytest
import torch

from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.training import machine
from gatebench.training.likelihoods import bernoulli
from gatebench.training.model import Model


def model(engine, units=46):
    return Model(trace.load("gru"), 88, 88, units, bernoulli(), create(engine))


def test_the_rate_is_that_of_a_product(monkeypatch):
    rate = machine.matmul_rate(1)
    assert 1e9 < rate < 1e13
    assert machine.matmul_rate(1) == rate, "measured once"


def test_measuring_leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    machine.matmul_rate.__wrapped__(2)
    assert torch.get_num_threads() == before


def test_free_memory_is_of_this_machine():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < machine.free_memory() < total


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_as_many_members_as_memory_takes(engine, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    own = model(engine)
    each = own.engine.memory_per_member(own, 3200)
    for members in (1, 7, 40):
        monkeypatch.setattr(machine, "free_memory", lambda members=members: int((members + 0.5) * each * 4 / machine.SHARE))
        assert machine.members_that_fit(own, 3200, 1) == members, "four workers share"
    monkeypatch.setattr(machine, "free_memory", lambda: 1)
    assert machine.members_that_fit(own, 3200, 1) == 1


def test_only_the_plain_loop_keeps_every_step_of_every_member():
    plain, fused = model("reference"), model("fused_cpu")
    assert plain.engine.memory_per_member(plain, 6400) > 1.8 * plain.engine.memory_per_member(plain, 3200)
    assert fused.engine.memory_per_member(fused, 6400) == fused.engine.memory_per_member(fused, 3200)
