"""Layers, both directions, dropout, readouts of a sequence: the reference against torch.nn, the fused engine against it."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.engines import reference
from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.reference import Reference
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import categorical, gaussian, gaussian_mixture

CELLS = list(registry.available("cells", ".py"))
REFERENCE, FUSED = Reference(), FusedCpu()
LENGTHS = [7, 12, 1, 9, 2, 12]
INPUTS, UNITS = 3, 5
TORCH = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}
NAMES = {
    "rnn": {"W": ["W"], "U": ["U"], "b": ["b_h"]},
    "lstm": {letter: [f"{letter}_{gate}" for gate in "ifco"] for letter in "WUb"},
}
STACKS = [Stack(2, False), Stack(1, True), Stack(3, True)]


def network(cell, stack, at="step", likelihood=None, **options):
    likelihood = likelihood or gaussian()
    outputs = 1 if isinstance(likelihood, categorical) else 2
    return Network(trace.load(cell, **options), INPUTS, outputs, UNITS, likelihood, stack=stack, at=at)


def rows(built, members=2):
    random = torch.Generator().manual_seed(4)
    flat = torch.zeros(members, built.row)
    for view in built.views(flat).values():
        view.copy_(0.4 * torch.randn(view.shape, generator=random))
    return flat


def sequences(built, lengths=LENGTHS):
    random = np.random.default_rng(5)
    xs = [random.standard_normal((n, INPUTS)).astype(np.float32) for n in lengths]
    predicted = [n if built.at == "step" else 1 for n in lengths]
    if isinstance(built.likelihood, categorical):
        return xs, [random.integers(built.likelihood.classes, size=(n, 1)).astype(np.float32) for n in predicted]
    return xs, [random.standard_normal((n, built.outputs)).astype(np.float32) for n in predicted]


def masks(built, lengths=LENGTHS, members=2):
    """Other factors for each member, a third of them 0."""
    random = np.random.default_rng(6)
    steps = [sum(lengths)] * built.stack.layers
    if built.at == "sequence":
        steps[-1] = len(lengths)
    return [[(random.random((n, built.width)) > 1 / 3).astype(np.float32) * 1.5 for n in steps] for _ in range(members)]


def gradients(engine, built, flat, batch_arrays, dropout_masks=None):
    batches = [engine.batch(built, *batch_arrays)] * len(flat)
    return engine.gradients(built, flat, batches, np.linspace(0.5, 1.5, len(flat)).astype(np.float32), dropout_masks)


def padded(built, batch_arrays):
    batch = REFERENCE.batch(built, *batch_arrays)
    return torch.from_numpy(batch.x).double()[None], torch.from_numpy(batch.lengths)[None]


def readout(built, flat, batch_arrays):
    return reference.readout(built, built.views(flat.double()), *padded(built, batch_arrays))


# the reference against torch.nn


def of_torch(cell, built, parameters):
    """The torch module with the same weights; of its two biases one is 0."""
    layers, both = built.stack.layers, built.stack.bidirectional
    module = TORCH[cell](INPUTS, UNITS, layers, bidirectional=both).double()
    for layer in range(layers):
        for direction, suffix in (("", ""), ("back.", "_reverse"))[: built.stack.directions]:
            prefix = (f"{layer + 1}." if layer else "") + direction
            for ours, theirs in (("W", "weight_ih"), ("U", "weight_hh"), ("b", "bias_ih")):
                value = torch.cat([parameters[f"{prefix}{name}"][0] for name in NAMES[cell][ours]], 1)
                parameter = getattr(module, f"{theirs}_l{layer}{suffix}")
                parameter.data.copy_(value.T if ours != "b" else value[0])
            getattr(module, f"bias_hh_l{layer}{suffix}").data.zero_()
    return module


@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("stack", [Stack(), *STACKS], ids=str)
@pytest.mark.parametrize("cell", TORCH)
def test_stacks_equal_those_of_torch(cell, stack, at):
    built = network(cell, stack, at)
    parameters = built.views(rows(built, 1).double())
    batch_arrays = sequences(built)
    x, lengths = padded(built, batch_arrays)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x[0], lengths[0], enforce_sorted=False)
    output, last = of_torch(cell, built, parameters)(packed)
    if at == "step":
        h, _ = torch.nn.utils.rnn.pad_packed_sequence(output)
    else:
        last = last if cell == "rnn" else last[0]
        h = torch.cat(list(last[-stack.directions :]), 1)[None]
    expected = h @ parameters["readout_W"][0] + parameters["readout_b"][0]
    outputs = readout(built, rows(built, 1), batch_arrays)[0]
    assert len(outputs) == (max(LENGTHS) if at == "step" else 1)
    for b, steps in enumerate(LENGTHS if at == "step" else [1] * len(LENGTHS)):
        torch.testing.assert_close(outputs[:steps, b], expected[:steps, b], rtol=0, atol=1e-12)


# the fused engine against the reference


@pytest.mark.parametrize("drops", [False, True], ids=["whole", "dropout"])
@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_fused_stacks_equal_the_reference(stack, at, drops):
    assert_equal(network("gru", stack, at), drops)


@pytest.mark.parametrize("cell", CELLS)
def test_fused_stacks_of_every_cell_equal_the_reference(cell):
    assert_equal(network(cell, Stack(2, True)), True)
    assert_equal(network(cell, Stack(2, False), "sequence"), False)


@pytest.mark.parametrize("at", ["step", "sequence"])
def test_a_single_layer_with_dropout_equals_the_reference(at):
    assert_equal(network("gru", Stack(), at), True)


@pytest.mark.parametrize("options", [{"length": 3}, {"length": 2, "window": "ahead"}, {"projection": None}], ids=str)
def test_windows_of_higher_layers_read_the_layer_below(options):
    assert_equal(network("lstm_augmented", Stack(2, True), **options), True)


@pytest.mark.parametrize(
    "likelihood", [categorical(4), gaussian(), gaussian_mixture(3), gaussian_mixture(3, "full")], ids=str
)
@pytest.mark.parametrize("at", ["step", "sequence"])
def test_every_likelihood_has_stacks(likelihood, at):
    assert_equal(network("gru", Stack(2, True), at, likelihood), True)


def assert_equal(built, drops):
    flat, batch_arrays = rows(built), sequences(built)
    dropout_masks = masks(built) if drops else None
    nll, gradient = gradients(FUSED, built, flat, batch_arrays, dropout_masks)
    expected, true = gradients(REFERENCE, built, flat.double(), batch_arrays, dropout_masks)
    for a, b in zip(nll, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(b).max())
    of, to = built.views(gradient), built.views(true)
    for name in built.shapes:
        for k in range(len(flat)):
            assert to[name][k].any(), name
            size = torch.linalg.vector_norm
            away, size_of_true = float(size(of[name][k].double() - to[name][k])), float(size(to[name][k]))
            # what rounding leaves of a small part of a sum is seen beside the whole
            assert away <= 1e-5 * max(size_of_true, 0.01 * float(size(true[k]))), name
    # The same but for rounding: an evaluation sums in an order of its own, so that a sequence has one loss in any company.
    torch.testing.assert_close(
        FUSED.losses(built, flat, [FUSED.batch(built, *batch_arrays)] * 2),
        gradients(FUSED, built, flat, batch_arrays)[0],
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize("engine", [Reference, FusedCpu])
def test_a_batch_dealt_out_over_threads_drops_the_same(engine):
    built = network("lstm", Stack(2, True), "step")
    flat, batch_arrays, dropout_masks = rows(built, 1), sequences(built), masks(built, members=1)
    (one, gradient), (two, of_two) = (
        gradients(engine(threads), built, flat, batch_arrays, dropout_masks) for threads in (1, 2)
    )
    np.testing.assert_allclose(one[0], two[0], rtol=1e-6)
    torch.testing.assert_close(gradient, of_two, rtol=1e-4, atol=1e-5)


# laws


@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize("cell", CELLS)
def test_neighbours_in_a_batch_change_no_sequence(cell, at):
    built = network(cell, Stack(2, True), at)
    flat, (xs, ys) = rows(built), sequences(built)
    for engine, like in ((REFERENCE, flat.double()), (FUSED, flat)):
        together = engine.losses(built, like, [engine.batch(built, xs, ys)] * 2)
        for b in range(len(xs)):
            alone = engine.losses(built, like, [engine.batch(built, xs[b : b + 1], ys[b : b + 1])] * 2)
            np.testing.assert_allclose([k[b] for k in together], [k[0] for k in alone], rtol=1e-5)


def test_one_direction_reads_nothing_ahead_and_two_do():
    for both in (False, True):
        built = network("gru", Stack(2, both))
        x, lengths = padded(built, sequences(built))
        x.requires_grad_()
        outputs = reference.readout(built, built.views(rows(built, 1).double()), x, lengths)
        (slope,) = torch.autograd.grad(outputs[0, 4, 0].sum(), x)  # the first sequence has 7 steps
        assert slope[0, :5, 0].abs().amax(-1).gt(0).all()
        assert bool(slope[0, 5:7, 0].any()) is both
        assert not slope[0, 7:, 0].any()
        assert not slope[0, :, 1:].any()


def test_parameters_of_a_single_layer_have_the_names_of_the_equations():
    built = network("lstm", Stack())
    assert list(built.shapes) == [*trace.load("lstm").parameters, "readout_W", "readout_b"]
    names = list(network("rnn", Stack(2, True)).shapes)
    assert names == [f"{p}{n}" for p in ("", "back.", "2.", "2.back.") for n in ("U", "W", "b_h")] + [
        "readout_W",
        "readout_b",
    ]
    assert network("rnn", Stack(2, True)).shapes["2.W"] == (2 * UNITS, UNITS)
