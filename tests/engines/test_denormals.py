"""Denormal numbers are taken for zero wherever something is computed, and nowhere else."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from gatebench.engines import reference
from gatebench.engines.base import Network, flushed_denormals
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.training import optimizers
from gatebench.training.likelihoods import gaussian_mixture
from support.agreement import population, sequences
from support.datasets import Tiny
from support.training import BASE, model, start

ENGINES = {"fused_cpu": FusedCpu, "reference": Reference}
ALLOWED = 1.5
"""Largest ratio of the times of an update with denormal numbers and one without."""


def is_flushing() -> bool:
    """Whether this thread takes denormal numbers for zero."""
    return sys.float_info.min * 0.5 == 0


def test_a_block_sets_its_thread_and_restores_it():
    assert not is_flushing()
    with flushed_denormals():
        assert is_flushing()
        with flushed_denormals():
            assert is_flushing()
        assert is_flushing()
    assert not is_flushing()
    with pytest.raises(ZeroDivisionError), flushed_denormals():
        raise ZeroDivisionError
    assert not is_flushing()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_thread_of_an_engine_does_and_that_of_its_user_does_not(engine, threads):
    computing = ENGINES[engine](threads)
    meet = threading.Barrier(threads if engine == "fused_cpu" else 1, timeout=60)

    def look(_: int) -> bool:
        meet.wait()  # so that no thread takes what is meant for another
        return is_flushing()

    assert all(computing.map(look, range(meet.parties)))
    assert computing.compute(is_flushing)
    assert not is_flushing()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_threads_of_torch_do_too(engine):
    """Torch starts them when a thread first needs them: here those of the user's thread stand before the engine's do."""

    def use() -> None:
        torch.set_num_threads(2)
        many = torch.full((2**20,), 1e-39)
        assert (many * 1.0 != 0).all()
        assert (ENGINES[engine](2).compute(lambda: many * 1.0) == 0).all()
        torch.set_num_threads(2)
        assert (many * 1.0 != 0).all()

    with ThreadPoolExecutor(1) as user:
        user.submit(use).result()


def test_an_update_does_from_its_first_operation_to_its_last(tiny: Tiny, monkeypatch):
    seen = []
    norm = optimizers.norm
    monkeypatch.setattr(optimizers, "norm", lambda gradient: seen.append(is_flushing()) or norm(gradient))
    start(tiny.load()).run_epoch()
    assert seen
    assert all(seen)
    assert not is_flushing()


def test_steps_of_a_model_do(monkeypatch):
    seen = []
    advance = reference.advance
    monkeypatch.setattr(reference, "advance", lambda *args: seen.append(is_flushing()) or advance(*args))
    trial = model("gru")
    parameters = trial.views(trial.start_rows([1], BASE))
    trial.advance(parameters, torch.zeros(1, trial.inputs), trial.start(parameters))
    assert seen == [True]


def test_an_update_takes_no_longer_with_denormal_numbers():
    """Components far from all targets have shares of about 1e-38, whose products with anything are denormal."""
    network = Network(trace.load("gru"), 4, 2, 24, gaussian_mixture(20))
    xs, ys = sequences(network, [2] * 1500)
    usual = population(network, 2)
    far = usual.clone()
    network.views(far)["readout_b"][:, 0, 22:60] = 13.3  # so many deviations away: exp(-13.3^2 / 2) is 4e-39
    weights = np.full(2, 1e-4)
    computing = FusedCpu()
    batch = [computing.batch(network, xs, ys)] * 2

    def seconds(rows: torch.Tensor) -> float:
        started = time.process_time()
        computing.gradients(network, rows, batch, weights)
        return time.process_time() - started

    times = [(seconds(usual), seconds(far)) for _ in range(25)]
    fastest = [min(column) for column in zip(*times, strict=True)]
    assert fastest[1] < ALLOWED * fastest[0]
