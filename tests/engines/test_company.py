"""A sequence's loss in any company: with the engine for processors it is the same to the bit, whoever is in its batch."""

import numpy as np
import pytest
import torch

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import bernoulli, categorical, gaussian, gaussian_mixture
from support.agreement import population, sequences
from support.engine_cases import HERE, targets

pytestmark = pytest.mark.usefixtures("own_cache")

COMPANIES = [range(4), range(4, 9), (0, 3, 9), (8, 2), (5, 1, 7, 3, 9, 0), range(7), range(11)]
"""Positions of sequences that are evaluated together."""
NETWORKS = {
    "gru, music": Network(trace.load("gru"), 88, 5, 46, bernoulli()),
    "wide": Network(trace.load("rnn"), 3, 1, 161, categorical(7)),
    "that looks back": Network(trace.load("lstm_augmented"), 7, 3, 13, gaussian()),
    "layers": Network(trace.load("gru"), 7, 3, 13, gaussian_mixture(3), stack=Stack(2)),
    "both directions": Network(trace.load("gru"), 7, 3, 13, gaussian(), stack=Stack(1, True), at="sequence"),
}


def mixed(network):
    """Sequences of which some are mostly zeros and others not at all, so that batches are read in either form."""
    kinds = [([9, 3], 0.05), ([4, 1, 9, 12], 1.0), ([13, 2, 2, 7], 0.05), ([9], 0.5)]
    made = [sequences(network, lengths, density, seed) for seed, (lengths, density) in enumerate(kinds)]
    return [x for xs, _ in made for x in xs], [y for _, ys in made for y in ys]


def losses(engine, network, rows, arrays, positions, carried=None):
    """``[K, B]`` of the sequences at some positions."""
    xs, ys = ([of_kind[i] for i in positions] for of_kind in arrays)
    return np.array(engine.losses(network, rows, [engine.batch(network, xs, ys)] * len(rows), carried))


RUNS = [(target, name) for target in targets() for name in (NETWORKS if target == HERE else ["gru, music"])]


@pytest.mark.parametrize(("target", "name"), RUNS)
def test_a_loss_is_the_same_to_the_bit_in_any_company(target, name):
    network = NETWORKS[name]
    rows, arrays = population(network, 2), mixed(network)
    one, two = (FusedCpu(threads, code_for=targets()[target]) for threads in (1, 2))
    alone = np.concatenate([losses(one, network, rows, arrays, [i]) for i in range(len(arrays[0]))], 1)
    for positions in COMPANIES:
        for engine in (one, two):
            assert np.array_equal(losses(engine, network, rows, arrays, positions), alone[:, list(positions)])
    assert np.array_equal(losses(two, network, rows[:1], arrays, range(11)), alone[:1]), "its batch is dealt out"


def test_what_is_carried_is_the_same_to_the_bit_in_any_company():
    network, engine = NETWORKS["layers"], FusedCpu()
    rows, arrays = population(network, 1), mixed(network)
    starts = np.random.default_rng(1).standard_normal(network.start_of_series(11, rows).shape).astype(np.float32)

    def run(positions):
        carried = [starts[list(positions)]]
        of_positions = losses(engine, network, rows, arrays, positions, carried)
        return of_positions[0], carried[0]

    alone = [run([i]) for i in range(11)]
    for positions in COMPANIES:
        together, ended = run(positions)
        assert np.array_equal(together, [alone[i][0][0] for i in positions])
        assert np.array_equal(ended, [alone[i][1][0] for i in positions])


FULL = gaussian_mixture(3, "full")
IN_TORCH = {
    "no code for the likelihood": (FusedCpu(), FULL, torch.float32, 1e-12),
    "reference": (Reference(), bernoulli(), torch.float32, 1e-6),
    "reference, mixture": (Reference(), FULL, torch.float32, 1e-5),
    "reference in float64": (Reference(), FULL, torch.float64, 1e-13),
}
"""Engine, likelihood, precision, and how far losses may differ, relative: products of torch add up in another order for
another number of rows, and densities of a mixture are sums in which larger numbers cancel."""


@pytest.mark.parametrize(("engine", "likelihood", "precision", "bound"), IN_TORCH.values(), ids=IN_TORCH)
def test_where_torch_computes_a_loss_its_last_bits_depend_on_its_company(engine, likelihood, precision, bound):
    network = Network(trace.load("gru"), 88, 5, 46, likelihood)
    rows, arrays = population(network, 2).to(precision), mixed(network)
    alone = np.concatenate([losses(engine, network, rows, arrays, [i]) for i in range(11)], 1)
    assert np.isfinite(alone).all()
    for positions in COMPANIES:
        np.testing.assert_allclose(losses(engine, network, rows, arrays, positions), alone[:, list(positions)], rtol=bound)
