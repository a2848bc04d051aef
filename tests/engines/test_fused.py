"""The engine for processors against the reference in float64: cells of all shapes, broken members, extreme ones."""

import dataclasses
import re
from functools import cache

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.kernels import CHUNK, FAR
from gatebench.engines.fused_cpu.processor import processor
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli, gaussian_mixture
from support.agreement import assert_agree, population, sequences, true
from support.agreement import gradients as gradients_of
from support.other_cells import OTHERS, cell

NAMES = list(registry.available("cells", ".py"))
AUGMENTED = [
    {"length": 3},
    {"length": 3, "window": "ahead"},
    {"projection": None, "gate": False},
]


@pytest.fixture(autouse=True)
def threads_of_torch():
    """An engine that computes sets them for the whole process: back to what they were."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@cache
def fused(threads=1, code_for=None):
    """The engine under test."""
    return FusedCpu(threads, code_for=code_for)


def ragged(k):
    """Lengths of member k: other ones for each member, a length of 1, ties, and not in order."""
    return [20 + k, 9, 33, 1, 20, 2, 3, 9, 1]


def run(network, flat, music, weights, threads=1, code_for=None):
    """Losses and gradient of the engine under test."""
    return gradients_of(fused(threads, code_for), network, flat, music, weights)


def compare(network, members=2, lengths=ragged, density=1.0, threads=1, scale=1.0, together=False, code_for=None):
    """Both engines on a population, each member with its own batch; returns the true gradients by name."""
    flat = population(network, members, scale)
    music = [sequences(network, lengths(k), density, k) for k in range(members)]
    weights = np.random.default_rng(members).uniform(0.5, 1.5, members).astype(np.float32)
    before = flat.clone()
    computed, expected = run(network, flat, music, weights, threads, code_for), true(network, flat, music, weights)
    assert torch.equal(flat, before), "parameters are only read"
    assert_agree(network, computed, expected, together)
    numbers = sum(rows * columns for rows, columns in network.shapes.values())
    assert not computed[1][:, numbers:].any(), "what is no parameter has no gradient"
    engine = fused(threads, code_for)
    alone = engine.losses(network, flat, [engine.batch(network, *sequences) for sequences in music])
    for a, b in zip(alone, computed[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    return network.views(expected[1])


def assert_alive(gradients):
    """A comparison of zeros would say nothing."""
    for name, gradient in gradients.items():
        assert (gradient.abs().amax((1, 2)) > 0).all(), f"nothing depends on {name}"


# cells of the project


SHAPES = {
    "a piano roll": (88, 88, 46, 3, ragged, 0.05, 1),
    "a piano roll, its batch dealt out": (88, 88, 46, 1, ragged, 0.05, 2),
    "one sequence each": (5, 5, 7, 3, lambda k: [3 + 5 * k], 1.0, 2),
    "equal lengths": (20, 20, 16, 10, lambda k: [12] * 9, 1.0, 2),
    "more sequences than a tile has rows": (12, 3, 100, 3, lambda k: list(range(1, 20 + k)), 1.0, 2),
    "one of everything": (1, 1, 1, 10, ragged, 1.0, 1),
    "more sequences than a chunk has rows": (9, 4, 16, 1, lambda k: [3, 1, 2] * (CHUNK // 3 + 9), 0.2, 1),
    "steps that end chunks": (7, 2, 7, 3, lambda k: [CHUNK // 4 + k] * 4, 0.2, 1),
}


IN_ALL_SHAPES = [
    "gru",
    "gru_reset_after",
    "lstm",
    "lstm_augmented",
    "lstm_peephole",
    "lstm_sherstinsky",
    "rnn",
    "rhn",
    "sru",
]
"""Cells whose plans differ in kind."""
NOTHING_IN_ONE_UNIT = {
    "antisymmetric": "W",  # it is its own transpose
    "gru_layernorm": "U|W|alpha_[34]",  # what is normalised alone is 0
    "lstm_layernorm": "alpha_3|(alpha|beta)_[12][fig]|b_[fig]",  # nor is the memory seen then
}
"""Cell -> parameters on which nothing depends where it has a single unit."""
OF_EACH_CELL = ["a piano roll", "a piano roll, its batch dealt out", "one of everything"]
"""Shapes that every cell is run in: 1, 3 and 10 members, sequences of their own lengths."""
RUNS = [(cell, shape) for cell in NAMES for shape in (SHAPES if cell in IN_ALL_SHAPES else OF_EACH_CELL)]
RUNS += [(cell, "more sequences than a chunk has rows") for cell in ("gru_layernorm", "lstm_layernorm")]
"""Cells and shapes; what is averaged is stored for the rows of a chunk, which then are used anew."""


@pytest.mark.parametrize(("cell", "shape"), RUNS)
def test_a_cell_equals_the_reference(cell, shape):
    inputs, outputs, units, members, lengths, density, threads = SHAPES[shape]
    network = Network(trace.load(cell), inputs, outputs, units, bernoulli())
    scale = 0.5 if max(lengths(0)) > 40 else 1.0  # many steps of large weights make much of a rounding
    gradients = compare(network, members, lengths, density, threads, scale, together=units == 1)
    if units == 1 and any(node.op == "relu" for node in network.graph.nodes):  # a single one is off in some members
        gradients = {name: gradient.flatten(0, 1)[None] for name, gradient in gradients.items()}
    if units == 1:
        gradients = {name: g for name, g in gradients.items() if not re.fullmatch(NOTHING_IN_ONE_UNIT.get(cell, ""), name)}
    assert_alive(gradients)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm_augmented"])
def test_rows_that_are_far_apart_are_packed(cell):
    """Before they are read by columns, for the gradients of matrices."""
    network = Network(trace.load(cell), 3, 2, FAR + 5, bernoulli())
    assert_alive(compare(network, 1, lambda _: [5, 2, CHUNK + 9], scale=0.5))


@pytest.mark.parametrize("cell", NAMES)
def test_a_single_step_equals_the_reference(cell):
    """Nothing comes from before and nothing goes on, so what multiplies a state has a gradient of exactly zero."""
    network = Network(trace.load(cell), 6, 6, 7, bernoulli())
    gradients = compare(network, 3, lambda k: [1] * (1 + 10 * k))
    assert gradients["readout_W"].abs().sum() > 0


@pytest.mark.parametrize("shape", ["a piano roll", "one of everything"])
@pytest.mark.parametrize("options", AUGMENTED, ids=str)
def test_options_of_a_cell_equal_the_reference(options, shape):
    inputs, outputs, units, members, lengths, density, threads = SHAPES[shape]
    network = Network(trace.load("lstm_augmented", **options), inputs, outputs, units, bernoulli())
    assert_alive(compare(network, members, lengths, density, threads, together=units == 1))


@pytest.mark.parametrize("mixture", [gaussian_mixture(4), gaussian_mixture(3, "full")], ids=str)
@pytest.mark.parametrize("cell", ["gru", "lstm_augmented"])
def test_a_mixture_equals_the_reference(cell, mixture):
    for outputs, units, members, threads in ((5, 16, 3, 2), (1, 7, 2, 1)):
        network = Network(trace.load(cell), 5, outputs, units, mixture)
        gradients = compare(network, members, lambda k: [9, 13 + k, 4, 1, 9] * 3, 1.0, threads, scale=0.5)
        assert gradients["readout_b"].abs().sum() > 0


# cells that the project does not have


@pytest.mark.parametrize("equations", OTHERS)
def test_a_cell_of_another_shape_equals_the_reference(equations):
    graph = cell(OTHERS[equations])
    assert fused().lacks(graph) is None
    for inputs, units, members, density, threads in ((33, 21, 3, 0.1, 2), (4, 7, 1, 1.0, 1)):
        network = Network(graph, inputs, 5, units, bernoulli())
        gradients = compare(network, members, lambda k: [9, 13 + k, 4, 1, 9], density, threads, scale=0.5)
        assert_alive(gradients)


def test_a_likelihood_outside_of_the_kernels_sees_any_first_state():
    """The readout reads the states where they are stored, be it among sums or among previous states."""
    for name in ("no recurrence, just a product", "a delay line that is read out"):
        network = Network(cell(OTHERS[name]), 4, 3, 9, gaussian_mixture(2, "full"))
        assert_alive(compare(network, 3, ragged, scale=0.5))


def test_a_cell_of_another_house(tmp_path, monkeypatch):
    file = tmp_path / "cells" / "light.py"
    file.parent.mkdir()
    file.write_text(
        '"""Of Jozefowicz et al. 2015."""\n\nfrom gatebench.graph.ops import sigmoid, tanh\n\n'
        'PAPER = "Jozefowicz et al."\n\n\n'
        "def step(x, h, *, W, U, b):\n"
        "    z = sigmoid(W.z @ x + b.z)\n"
        "    r = sigmoid(W.r @ x + U.r @ h + b.r)\n"
        "    h = tanh(U @ (r * h) + tanh(W @ x) + b.h) * z + h * (1 - z)\n"
        "    return h\n"
    )
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    network = Network(trace.load("light"), 88, 88, 30, bernoulli())
    assert_alive(compare(network, 3, ragged, 0.05, 2))


# members and threads


FEW = ["gru", "lstm_augmented", "rnn"]
LIKELIHOODS = [bernoulli(), gaussian_mixture(2), gaussian_mixture(2, "full")]


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=str)
@pytest.mark.parametrize("cell", FEW[:2])
def test_a_broken_member_leaves_its_neighbours_alone(cell, likelihood):
    """Broken ones have the longest sequences: they come first, and their numbers lie where the others work next."""
    network = Network(trace.load(cell), 9, 3, 13, likelihood)
    sound, members, broken = [1, 3, 5], 6, [0, 2, 4]
    matrix = next(name for name, (rows, _) in network.graph.parameters.items() if rows not in {"X", "1"})
    for value in (np.nan, np.inf, -np.inf):
        flat = population(network, members, 0.5)
        views = network.views(flat)
        for view in views.values():
            view[0] = value
        views[matrix][2, -1, -1], views["readout_b"][4, 0, -1] = value, np.nan  # one number is enough
        music = [sequences(network, [40, 21, 8] if k in broken else [13, 1, 7], seed=k) for k in range(members)]
        weights = np.ones(members, np.float32)
        for threads in (1, 3):
            losses, gradient = run(network, flat, music, weights, threads)
            alone, separate = run(network, flat[sound], [music[k] for k in sound], weights[sound], threads)
            for k in broken:  # their gradients are of no interest
                assert not np.isfinite(losses[k]).any(), f"{value} in member {k} with {threads} threads"
            for k, clean in zip(sound, alone, strict=True):
                assert np.isfinite(losses[k]).all()
                assert np.array_equal(losses[k], clean)
            assert separate.isfinite().all()
            assert torch.equal(gradient[sound], separate)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("cell", FEW)
def test_a_member_of_a_population_equals_that_member_alone(cell, threads):
    """However batches are dealt out."""
    network = Network(trace.load(cell), 9, 9, 13, bernoulli())
    flat, members = population(network, 5), 5
    music = [sequences(network, ragged(k)[: k + 1], 0.1, k) for k in range(members)]
    weights = np.linspace(0.5, 2, members, dtype=np.float32)
    losses, gradient = run(network, flat, music, weights, threads)
    for k in range(members):
        loss_alone, of = run(network, flat[k : k + 1], music[k : k + 1], weights[k : k + 1])
        np.testing.assert_allclose(losses[k], loss_alone[0], rtol=1e-6)
        assert torch.linalg.vector_norm(gradient[k] - of[0]) <= 1e-6 * torch.linalg.vector_norm(of[0])


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=str)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_two_runs_are_equal_to_the_bit(threads, likelihood):
    """Also behind other work that the same memory has seen; members are 2 and 3, dealt out and not."""
    network, engine = Network(trace.load("lstm_augmented"), 9, 3, 13, likelihood), fused(threads)
    for members in (2, 3):
        flat = population(network, members, 0.5)
        music = [sequences(network, ragged(k), 0.1, k) for k in range(members)]
        batches = [engine.batch(network, *arrays) for arrays in music]
        weights = np.ones(members, np.float32)
        losses, gradient = engine.gradients(network, flat, batches, weights)
        other = [sequences(network, [70, 50], seed=k) for k in range(members)]
        run(network, 3 * population(network, members, seed=2), other, weights, threads)
        for again in (batches, [engine.batch(network, *arrays) for arrays in music]):
            repeated, same = engine.gradients(network, flat, again, weights)
            assert all(np.array_equal(a, b) for a, b in zip(losses, repeated, strict=True))
            assert torch.equal(gradient, same)


def test_members_may_share_a_batch():
    network = Network(trace.load("gru"), 9, 9, 13, bernoulli())
    flat, music, weights = population(network, 3), sequences(network, ragged(0)), np.ones(3, np.float32)
    shared = fused(2).batch(network, *music)
    assert_agree(
        network, fused(2).gradients(network, flat, [shared] * 3, weights), true(network, flat, [music] * 3, weights)
    )


def test_a_batch_keeps_to_the_threads_of_its_run():
    """One made for one number of threads serves another."""
    network = Network(trace.load("gru"), 9, 9, 13, bernoulli())
    flat, music, weights = population(network, 1), [sequences(network, ragged(0))], np.ones(1, np.float32)
    batches = [fused().batch(network, *arrays) for arrays in music]
    expected = true(network, flat, music, weights)
    for threads in (2, 1, 20, 3):
        assert_agree(network, fused(threads).gradients(network, flat, batches, weights), expected)


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_half_precision_and_double_precision_are_refused(share):
    network = Network(trace.load("rnn"), 4, 4, 5, bernoulli())
    batches = [fused().batch(network, *sequences(network, [3], share))]
    for kind in (torch.float64, torch.float16):
        with pytest.raises(ValueError, match=r"works in float32 on the cpu, not in torch\.float"):
            fused().losses(network, population(network, 1).to(kind), batches)


# far ends


@pytest.mark.parametrize("cell", NAMES)
def test_saturated_states_and_extreme_readouts_equal_the_reference(cell):
    """Inputs of 1 or -1 with weights of 50 hold gates at their ends; logits stand at 200 on either side, right and wrong."""
    network = Network(trace.load(cell), 9, 10, 13, bernoulli())
    size = 20 if cell == "lstm_niaf" else 50  # what it adds to its state is not bounded by a tanh
    flat = population(network, 3)
    for name, view in network.views(flat).items():
        if name == "readout_b":
            view[:] = 200 * torch.tensor([1.0, -1.0] * 5)
        elif name != "readout_W":
            rows = network.graph.parameters[name][0]
            view.sign_().mul_(size if rows == "X" else 1 / view.shape[1])
    music = [sequences(network, [12, 5, 1, 7][k:], seed=k) for k in range(3)]
    for x in (x for xs, _ in music for x in xs):
        np.sign(x, out=x)
    weights = np.ones(3, np.float32)
    computed, expected = run(network, flat, music, weights), true(network, flat, music, weights)
    assert all((other > 100).all() for other in expected[0])
    assert_agree(network, computed, expected, together=True)


def test_a_perfect_prediction_costs_nothing_and_a_wrong_one_its_logit():
    """A loss that is computed from probabilities would be infinite, or would not tell 200 from 300."""
    network = Network(trace.load("rnn"), 3, 2, 5, bernoulli())
    flat = torch.zeros(3, network.row)
    for k, logit in enumerate((200.0, 300.0, 1e4)):
        network.views(flat)["readout_b"][k, 0] = torch.tensor([logit, -logit])
    right = np.tile(np.float32([1, 0]), (4, 1))
    xs = [np.zeros((4, 3), np.float32)] * 2
    losses, gradient = run(network, flat, [(xs, [right, 1 - right])] * 3, np.ones(3, np.float32))
    np.testing.assert_allclose(losses, [[0, 4 * 2 * logit] for logit in (200, 300, 1e4)], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(network.views(gradient)["readout_b"][:, 0], [[4, -4]] * 3, rtol=1e-6)


def test_a_mixture_far_from_its_targets_equals_the_reference():
    network = Network(trace.load("gru"), 5, 3, 13, gaussian_mixture(4))
    flat = population(network, 2)
    network.views(flat)["readout_b"].mul_(30)  # means, scales and weights of many orders of magnitude
    network.views(flat)["readout_b"][:, :, 16:].clamp_(-6, 6)
    music = [sequences(network, ragged(k), seed=k) for k in range(2)]
    weights = np.ones(2, np.float32)
    computed, expected = run(network, flat, music, weights), true(network, flat, music, weights)
    for ours, reference in zip(computed[0], expected[0], strict=True):
        assert np.abs(reference).max() > 1e3
        np.testing.assert_allclose(ours, reference, rtol=1e-4)
    of, to = computed[1].double(), expected[1]
    assert torch.linalg.vector_norm(of - to) <= 1e-4 * torch.linalg.vector_norm(to)


# the other kind of processor


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize(
    ("cell", "likelihood"), [("lstm_augmented", LIKELIHOODS[0]), *(("gru", other) for other in LIKELIHOODS[1:])], ids=str
)
def test_code_for_narrow_and_wide_vectors_equals_the_reference(lanes, cell, likelihood):
    """Code for vectors of either width; the compiler splits those that are wider than the registers here."""
    other = dataclasses.replace(processor(), lanes=lanes, rows=lanes // 2)
    for inputs, outputs, units, density in ((30, 30, 46, 0.05), (5, 3, 7, 1.0), (11, 8, 25, 1.0)):
        network = Network(trace.load(cell), inputs, outputs, units, likelihood)
        assert_alive(compare(network, 3, lambda k: [9, 13 + k, 4, 1, 9], density, 2, scale=0.5, code_for=other))
