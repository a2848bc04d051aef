"""Initial weights come from a trial's seed and a parameter's name; the readout stands on the cell's first state."""

import dataclasses
import hashlib

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data.baselines.binary import of_frames
from gatebench.engines import reference
from gatebench.engines.base import SLACK
from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.graph.initial import identity
from gatebench.graph.stack import Stack
from gatebench.training import likelihoods
from gatebench.training.evaluation import evaluate, make_batch, prepare
from gatebench.training.likelihoods import bernoulli
from gatebench.training.loop import Population
from gatebench.training.model import Model, stream
from gatebench.training.protocol import Member, Training

CELLS = sorted(path.stem for path in registry.BUILT_IN["cells"].glob("*.py"))
WITHOUT_RECURRENT_MATRICES = {"brc", "indrnn", "mingru", "minlstm", "qrnn", "sru", "unicornn"}
WITH_PEEPHOLES = {"lstm_peephole", "lstm_cifg", "lstm_fgr", "lstm_nfg", "lstm_niaf", "lstm_nig", "lstm_noaf", "lstm_nog"}
PLAIN = Training("step", 4, 5, 5, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})
engines = pytest.mark.parametrize("engine", ["reference", "fused_cpu"])


def model(cell="gru", units=7, inputs=12, engine="reference", **options):
    return Model(trace.load(cell, **options), inputs, 12, units, bernoulli(), create(engine))


def rows(built, weights):
    """Weights as the rows that engines take."""
    rows = torch.zeros(len(weights["readout_b"]), built.row)
    for name, view in built.views(rows).items():
        view.copy_(weights[name])
    return rows


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_belong_to_seed_and_name(cell):
    torch.manual_seed(1)
    np.random.seed(1)
    first = model(cell).initialise(3, PLAIN, None)
    torch.manual_seed(2)  # global streams, which must not matter
    np.random.seed(2)
    assert equal(model(cell).initialise(3, PLAIN, None), first)
    other = model(cell).initialise(4, PLAIN, None)
    begun_alike = {name for name, initial in model(cell).graph.initial.items() if initial.is_fixed}
    drawn = [name for name in model(cell).matrices if name not in begun_alike] + ["readout_W"]
    values = [first[name].flatten().tolist() for name in drawn] + [other[name].flatten().tolist() for name in drawn]
    assert len({tuple(value) for value in values}) == 2 * len(drawn), "no two names or seeds share numbers"


def test_cells_that_share_a_name_share_its_weights():
    plain, peephole = (model(cell).initialise(3, PLAIN, None) for cell in ("lstm", "lstm_peephole"))
    assert set(plain) < set(peephole)
    assert all(torch.equal(plain[name], peephole[name]) for name in plain)


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_know_no_population(tiny, cell):
    task = tiny.load()

    def start(*seeds):
        return Population.start(model(cell), task, PLAIN, [Member(f"{k}", 0.1, seed) for k, seed in enumerate(seeds)])

    together, others = start(5, 6, 5).parameters, start(9, 8, 7, 6).parameters
    assert torch.equal(together[0], start(5).parameters[0])
    assert torch.equal(together[0], together[2])
    assert torch.equal(together[1], others[3])


@pytest.mark.parametrize("cell", CELLS)
def test_a_row_is_the_parameters_by_name_and_zeros(tiny, cell):
    """Every parameter stands in it once, row by row; what is behind them is no parameter, and enough to read a vector."""
    built = model(cell)
    population = Population.start(built, tiny.load(), PLAIN, [Member("a", 0.1, 5), Member("b", 0.1, 6)])
    for k, seed in enumerate((5, 6)):
        weights = built.initialise(seed, PLAIN, None)
        together = torch.cat([weights[name].flatten() for name in built.shapes])
        assert torch.equal(population.parameters[k, : len(together)], together)
        assert not population.parameters[k, len(together) :].any()
        assert built.row == population.parameters.shape[1] >= len(together) + SLACK
        assert built.row % SLACK == 0
        views = built.views(population.parameters)
        assert equal({name: view[k : k + 1] for name, view in views.items()}, weights)


def test_views_share_the_memory_of_their_rows():
    built = model()
    rows = torch.zeros(2, built.row)
    for view in built.views(rows).values():
        view += 1
    count = sum(view[0].numel() for view in built.views(rows).values())
    assert (rows[:, :count] == 1).all(), "none is written twice"
    assert not rows[:, count:].any()


@pytest.mark.parametrize("units", [1, 7, 16])
@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_matrices_are_orthogonal(cell, units):
    built = model(cell, units)
    weights = built.initialise(1, PLAIN, None)
    recurrent = [name for name, (rows, _) in built.graph.parameters.items() if rows not in "1X"]
    assert recurrent or cell in WITHOUT_RECURRENT_MATRICES
    for name in (name for name in recurrent if name not in built.graph.initial):
        matrix = weights[name][0].double()
        rows, columns = matrix.shape
        product = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
        torch.testing.assert_close(product, torch.eye(min(rows, columns), dtype=torch.float64), rtol=0, atol=1e-6)


def test_orthogonal_matrices_favour_no_sign():
    """Without correcting the signs of QR, diagonals would lean to one side."""
    corners = [float(model("rnn").initialise(seed, PLAIN, None)["U"][0, 0, 0]) for seed in range(40)]
    assert 10 < sum(corner > 0 for corner in corners) < 30


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bound", [0.1, 1.0, None])
def test_range_of_input_matrices_and_readout(cell, bound):
    built = model(cell, 40)
    weights = built.initialise(1, dataclasses.replace(PLAIN, input_range=bound), None)
    inputs = [name for name, (rows, _) in built.graph.parameters.items() if rows == "X" and name not in built.graph.initial]
    assert inputs or cell == "rnn_relu"
    for name in [*inputs, "readout_W"]:
        rows, columns = weights[name].shape[1:]
        limit = bound or (6 / (rows + columns)) ** 0.5  # Glorot and Bengio 2010, Eq. 16
        spread = weights[name].abs().max()
        assert 0.97 * limit < float(spread) <= limit * (1 + 1e-6)
        torch.testing.assert_close(float(weights[name].square().mean()), limit**2 / 3, rtol=0.2, atol=0)
        assert abs(float(weights[name].mean())) < 0.15 * limit


def test_range_zero_is_zero():
    weights = model().initialise(1, dataclasses.replace(PLAIN, input_range=0.0), None)
    assert not weights["readout_W"].any()
    assert not weights["W_z"].any()


@pytest.mark.parametrize("cell", CELLS)
def test_biases_and_diagonals_start_at_zero(cell):
    built = model(cell)
    weights = {name: w for name, w in built.initialise(1, PLAIN, None).items() if name not in built.graph.initial}
    assert {name for name in weights if not weights[name].any()} == set(weights) - set(built.matrices) - {"readout_W"}


@pytest.mark.parametrize("stack", [Stack(), Stack(2, bidirectional=True)], ids=str)
def test_what_a_cell_says_of_its_parameters_goes_before_the_protocol(stack):
    """In every layer and direction, and from a stream that the seed and the parameter's name alone give."""
    built = Model(trace.load("rnn_relu"), 12, 12, 7, bernoulli(), create("reference"), stack=stack)
    weights = built.initialise(1, dataclasses.replace(PLAIN, input_range=5.0), None)
    recurrent = [name for name in weights if name.rpartition(".")[2] == "U"]
    assert len(recurrent) == (4 if stack.layers > 1 else 1)
    assert all(torch.equal(weights[name][0], torch.eye(7)) for name in recurrent)
    assert all(weights[name].abs().max() < 0.01 for name in weights if name.rpartition(".")[2] == "W")
    assert weights["readout_W"].abs().max() > 4


def test_the_text_of_initial_weights_is_part_of_what_a_cell_is():
    graph = trace.load("rnn_relu")
    assert graph.fingerprint != dataclasses.replace(graph, initial={}).fingerprint
    other = {**graph.initial, "U": identity(0.5)}
    assert graph.fingerprint != dataclasses.replace(graph, initial=other).fingerprint


@pytest.mark.parametrize("cell", CELLS)
def test_the_gate_that_keeps_the_state_is_biased(cell):
    """The gate g of ``s' = g s + ...`` up, that of ``s' = (1 - g) s + ...`` down."""
    plain = model(cell).initialise(1, PLAIN, None)
    biased = model(cell).initialise(1, dataclasses.replace(PLAIN, forget_bias=1.5), None)
    signs = trace.load(cell).forget_gate_biases
    for name in plain:
        sign = 0 if name in model(cell).graph.initial else signs.get(name, 0)
        assert torch.equal(biased[name], plain[name] + 1.5 * sign), name


@pytest.mark.parametrize("cell", ["gru", "gru_reset_after"])
def test_retention_keeps_the_state(cell):
    """With its bias far up, the state hardly moves from zero."""

    def moved(forget_bias):
        built = model(cell)
        weights = built.initialise(1, dataclasses.replace(PLAIN, forget_bias=forget_bias), None)
        return float(reference.run(built.graph, built.sizes, weights, torch.ones(1, 8, 1, 12)).abs().max())

    assert moved(30.0) < 1e-6 < 0.1 < moved(0.0)


@engines
@pytest.mark.parametrize("cell", CELLS)
def test_marginal_bias_scores_as_the_unigram_baseline(tiny, cell, engine):
    """An untrained model whose readout ignores the state; the baseline on the card is rounded to four decimals."""
    task = tiny.load()
    frames = np.concatenate(tiny.rolls["train"])
    built = model(cell, engine=engine)
    weights = built.initialise(1, PLAIN, bernoulli().marginal(frames))
    weights["readout_W"].zero_()
    for split, sequences in task.splits.items():
        nll, sequence_mean = evaluate(built, rows(built, weights), prepare(built, sequences, 1))[:, 0].tolist()
        stated = of_frames(tiny.rolls)["unigram"][split]
        assert [nll, sequence_mean] == pytest.approx([stated["nll"], stated["nll_sequence_mean"]], abs=0.6e-4)


@engines
def test_marginal_bias_predicts_the_frequencies_of_the_targets(tiny, engine):
    """With the readout matrix at zero the NLL is that of the targets' smoothed frequencies, by hand."""
    task = tiny.load()
    built = model(engine=engine)
    population = Population.start(built, task, dataclasses.replace(PLAIN, readout_bias="marginal"), [Member("a", 0.1, 1)])
    built.views(population.parameters)["readout_W"].zero_()
    nll = evaluate(built, population.parameters, prepare(built, task.splits["test"], 1))[0, 0]
    targets = np.concatenate([sequence.y for sequence in task.splits["train"]])
    p = (targets.sum(0) + 1) / (len(targets) + 2)
    y = np.concatenate([sequence.y for sequence in task.splits["test"]])
    assert nll == pytest.approx(-np.where(y == 1, np.log(p), np.log(1 - p)).sum() / len(y), rel=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_noise_is_for_matrices_of_the_recurrent_layer(cell):
    built = model(cell, units=7, inputs=12)
    assert set(built.matrices) == {name for name, (rows, _) in built.shapes.items() if rows > 1} - {"readout_W"}
    assert not [name for name in built.matrices if name.startswith(("b", "readout"))]
    assert cell not in WITH_PEEPHOLES or not [name for name in built.matrices if name.startswith(("V", "p"))]


@engines
def test_readout_stands_on_the_first_state(tiny, engine):
    """By hand, one sequence, from the states that the reference gives."""
    built = model("lstm_augmented", projection=0.5, engine=engine)
    weights = built.initialise(2, PLAIN, None)
    (sequence,) = tiny.load().splits["train"][:1]
    x, y = (torch.from_numpy(a.astype(np.float32))[None, :, None] for a in (sequence.x, sequence.y))
    h = reference.run(built.graph, built.sizes, weights, x)[0, :, 0]
    assert h.shape[1] == 3  # the projection, half of 7 units
    logits = h @ weights["readout_W"][0] + weights["readout_b"][0]
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(y[0, :, 0]).sum()
    nll = reference.nll(built, weights, x, y, torch.ones(1, len(sequence), 1), torch.tensor([[len(sequence)]]))
    torch.testing.assert_close(nll[0, 0], expected, rtol=1e-5, atol=0)
    ((nll,),) = built.engine.losses(built, rows(built, weights), [make_batch(built, [sequence])])
    assert nll == pytest.approx(float(expected), rel=1e-5)


def test_padding_changes_no_sequence(tiny):
    built = model("lstm_peephole")
    weights = built.initialise(2, PLAIN, None)
    sequences = tiny.load().splits["valid"]

    def nll(sequences, steps=0, size=0):
        batch = make_batch(built, sequences)
        more = [(0, max(0, steps - batch.mask.shape[0])), (0, max(0, size - len(sequences)))]
        arrays = [np.pad(a, [*more, (0, 0)][: a.ndim]) for a in (batch.x, batch.y, batch.mask)]
        arrays.append(np.pad(batch.lengths, more[1]))
        return reference.nll(built, weights, *(torch.from_numpy(a)[None] for a in arrays))[0]

    together = nll(sequences, steps=20, size=8)
    assert len(together) == 8
    alone = torch.cat([nll([sequence]) for sequence in sequences])
    torch.testing.assert_close(together[: len(sequences)], alone, rtol=1e-6, atol=0)
    assert not together[len(sequences) :].any()


@engines
def test_neighbours_change_no_sequence(tiny, engine):
    """Neither those of its own batch nor the longer and wider batch of another member."""
    built = model("lstm_peephole", engine=engine)
    parameters = rows(built, built.initialise(2, PLAIN, None)).repeat(2, 1)
    task = tiny.load()
    valid, train = task.splits["valid"], task.splits["train"]
    together = built.engine.losses(built, parameters, [make_batch(built, valid), make_batch(built, train)])
    for losses, sequences in zip(together, (valid, train), strict=True):
        alone = [built.engine.losses(built, parameters[:1], [make_batch(built, [sequence])])[0] for sequence in sequences]
        np.testing.assert_allclose(losses, np.concatenate(alone), rtol=2e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_counts_are_those_of_the_weights(cell):
    built = model(cell)
    weights = built.initialise(1, PLAIN, None)
    total = sum(p.numel() for p in weights.values())
    assert built.cost.parameters_total == total
    assert built.cost.parameters_recurrent == total - weights["readout_W"].numel() - weights["readout_b"].numel()


def test_unknown_likelihood():
    with pytest.raises(BadInput, match="unknown likelihood 'gauss'; did you mean 'gaussian'"):
        likelihoods.build("gauss", {}, "audio", 0)


def test_streams_are_apart():
    """One purpose of one trial each: also where the parts of a name would run together."""
    draws = [
        stream(*name).random()
        for name in [(1, "order", 2), (1, "order", 3), (2, "order", 2), (1, "noise", 2), (12, "order")]
    ]
    assert len(set(draws)) == len(draws)
    assert stream(1, "order", 2).random() == draws[0]


def test_a_stream_is_that_of_the_digits_of_its_name():
    """As in every published trial, whatever NumPy is handed them in."""
    digits = list(hashlib.sha256(b"7:weights:W.z").digest())
    assert stream(7, "weights", "W.z").bit_generator.state == np.random.default_rng(digits).bit_generator.state
