"""The laws of training: a population is its members trained alone, and the protocol does what its settings say."""

import copy
import dataclasses
import json
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.data.sequences import Sequence
from gatebench.engines import reference, selection
from gatebench.engines.base import Batch, Engine
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training import evaluation, optimizers
from gatebench.training.evaluation import evaluate, prepare
from gatebench.training.likelihoods import bernoulli
from gatebench.training.loop import EpochProgress, Population, of_members, train
from gatebench.training.model import Model
from gatebench.training.outcome import Outcome
from gatebench.training.protocol import Member, Training

CELLS = sorted(path.stem for path in registry.BUILT_IN["cells"].glob("*.py"))
BASE = Training(
    loss="step", batch=4, epochs=6, patience=6, optimizer="adam",  # 13 sequences: 4 updates an epoch, 24 in all
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    clip_norm=1.0, weight_noise=0.075, decay_to=0.1, forget_bias=1.0,
)  # fmt: skip
RMSPROP = {"optimizer": "rmsprop", "constants": {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}}
MEMBERS = [Member("a", 0.003, 1), Member("b", 0.02, 1), Member("c", 0.02, 2)]


class Setup(NamedTuple):
    """How a population is run: by an engine, in a precision, with the tolerance that it has."""

    name: str
    threads: int
    dtype: torch.dtype
    tolerance: float

    @property
    def engine(self):
        return selection.create(self.name, self.threads)


SETUPS = {
    "reference float32": Setup("reference", 1, torch.float32, 1e-5),
    "reference float64": Setup("reference", 1, torch.float64, 1e-12),
    "fused_cpu": Setup("fused_cpu", 1, torch.float32, 1e-5),
    "fused_cpu 2 threads": Setup("fused_cpu", 2, torch.float32, 1e-5),  # where a member alone is dealt out to both
}
IN_FLOAT32 = [name for name in SETUPS if name != "reference float64"]
every_engine = pytest.mark.parametrize("setup", [SETUPS[name] for name in IN_FLOAT32], ids=IN_FLOAT32, indirect=True)


@pytest.fixture(params=SETUPS.values(), ids=SETUPS)
def setup(request):
    """Any engine, in a precision and with threads that it has."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(request.param.dtype)
    yield request.param
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)


@pytest.fixture
def double():
    """For laws of the loop, which the reference engine shows most sharply."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def task(tiny):
    return tiny.load()


def model(cell="gru", units=5, engine=None):
    return Model(trace.load(cell), 12, 12, units, bernoulli(), engine or reference.Reference())


def setting(**values):
    return dataclasses.replace(BASE, **values)


def nothing(_):
    pass


def run(task, training=BASE, members=MEMBERS, cell="gru", after_epoch=nothing, engine=None) -> list[Outcome]:
    return train(start(task, training, members, cell=cell, engine=engine), after_epoch)


def numbers(outcome):
    """Everything but the time that it took."""
    curve = [{name: value for name, value in row.items() if name != "seconds"} for row in outcome.curve]
    weights = {name: p.tolist() for name, p in outcome.weights.items()}
    plain = (outcome.status, outcome.best_epoch, outcome.epochs, outcome.updates)
    return repr([plain, curve, outcome.scores, weights])  # as text: NaN equals itself


def assert_same(a, b, tolerance):
    assert (a.status, a.best_epoch, a.epochs, a.updates) == (b.status, b.best_epoch, b.epochs, b.updates)
    for row, other in zip(a.curve, b.curve, strict=True):
        assert (row["epoch"], row["update"], row["split"]) == (other["epoch"], other["update"], other["split"])
        for kind in ("nll", "nll_sequence_mean"):
            assert row[kind] == pytest.approx(other[kind], rel=tolerance, nan_ok=True)
    for split, scores in a.scores.items():
        assert scores == pytest.approx(b.scores[split], rel=tolerance, nan_ok=True)
    for name, p in a.weights.items():
        np.testing.assert_allclose(p, b.weights[name], rtol=tolerance, atol=tolerance)


def curve(outcome, split, kind="nll"):
    return [row[kind] for row in outcome.curve if row["split"] == split]


def start(task, training=BASE, members=MEMBERS, cell="gru", engine=None):
    return Population.start(model(cell, engine=engine), task, training, members)


def score(population, parameters, sequences):
    """`evaluate` of rows."""
    return evaluate(population.model, parameters, prepare(population.model, sequences, len(parameters)))


def nll_of(population, parameters, sequence):
    """NLL ``[K]`` of one sequence as the reference defines it, in the precision of the parameters."""
    like = next(iter(parameters.values()))
    arrays = (sequence.x, sequence.y, np.ones(len(sequence)))
    padded = (torch.from_numpy(a).to(like)[None, :, None] for a in arrays)
    return reference.nll(population.model, parameters, *padded, torch.tensor([[len(sequence)]]))[:, 0]


def expected_gradient(population, parameters, sequences, count):
    """Of rows of parameters, by autograd in float64, from each sequence alone: sum over all / count."""
    rows = parameters.detach().to(torch.float64, copy=True).requires_grad_()
    total = sum(nll_of(population, population.model.views(rows), s) for s in sequences).sum()
    return torch.autograd.grad(total / count, rows)[0]


# A population is its members trained alone

POPULATIONS = {
    "plain": {"clip_norm": None, "weight_noise": 0.0, "decay_to": 1.0},
    "noise and clipping": {},
    "sequence loss": {"loss": "sequence"},
    "rmsprop": RMSPROP,
    "the paper's": {"loss": "sequence", "batch": 2, "epochs": 3, "decay_to": 0.01, "input_range": 0.1, **RMSPROP},
    "marginal": {"readout_bias": "marginal", "clip_norm": 0.1},
    "early stop": {"patience": 1, "epochs": 8},
    "weight decay": {"weight_decay": 0.3},
    "dropout": {"dropout": 0.4},
}


def assert_alone(task, training, cell, setup, members=MEMBERS):
    together = run(task, training, members, cell, engine=setup.engine)
    for member, outcome in zip(members, together, strict=True):
        (alone,) = run(task, training, [member], cell, engine=setup.engine)
        assert_same(outcome, alone, setup.tolerance)
    return together


@pytest.mark.parametrize("cell", CELLS)
def test_population_equals_its_members_alone(task, setup, cell):
    together = assert_alone(task, BASE, cell, setup)
    assert all(outcome.updates == 24 for outcome in together)


@pytest.mark.parametrize("settings", POPULATIONS.values(), ids=POPULATIONS)
def test_population_equals_its_members_alone_in_every_protocol(task, setup, settings):
    together = assert_alone(task, setting(**settings), "gru", setup)
    assert max(outcome.updates for outcome in together) >= 20
    finals = {outcome.scores["valid"]["nll"] for outcome in together}
    assert len(finals) == len(MEMBERS), "rates and seeds do make a difference"


@pytest.mark.parametrize("seeds", [[1, 1, 1], [1, 2, 3]])
def test_population_of_one_seed_or_several(task, setup, seeds):
    assert_alone(task, BASE, "rnn", setup, [Member(f"{k}", 0.01 * (k + 1), seed) for k, seed in enumerate(seeds)])


@pytest.mark.parametrize("name", ["weight_noise", "weight_decay"])
def test_members_have_their_own_noise_and_decay(task, setup, name):
    numbers = [0.0, 0.075, 0.3]
    members = [Member(f"{number}", 0.02, 1, **{name: number}) for number in numbers]
    together = assert_alone(task, setting(**{name: 0.1}), "gru", setup, members)
    # What a member brings counts, and what the training says of it does not.
    for number, outcome in zip(numbers, together, strict=True):
        (alone,) = run(task, setting(**{name: number}), [Member("alone", 0.02, 1)], "gru", engine=setup.engine)
        assert_same(outcome, alone, setup.tolerance)
    assert len({outcome.scores["valid"]["nll"] for outcome in together}) == 3


def test_order_of_members_is_irrelevant(task, setup):
    straight = run(task, engine=setup.engine)
    back = run(task, members=MEMBERS[::-1], engine=setup.engine)[::-1]
    for a, b in zip(straight, back, strict=True):
        assert_same(a, b, setup.tolerance)


@every_engine
def test_same_run_twice_is_bitwise_the_same(task, setup):
    torch.manual_seed(1)
    first = run(task, engine=setup.engine)
    torch.manual_seed(2)
    np.random.seed(2)  # global streams, which must not matter
    assert [numbers(outcome) for outcome in run(task, engine=setup.engine)] == [numbers(outcome) for outcome in first]


# A member that is not finite

# A rate so high that the first update ends in weights that are not finite. Weights that are only huge, say 1e30, saturate
# the gates and keep a finite loss.
WILD = Member("wild", math.inf, 1)


@pytest.mark.parametrize("place", [0, 3])
def test_a_diverged_member_hurts_nobody(task, setup, place):
    members = [*MEMBERS[:place], WILD, *MEMBERS[place:]]
    outcomes = run(task, members=members, engine=setup.engine)
    wild = outcomes.pop(place)
    assert (wild.status, wild.epochs, wild.best_epoch) == ("diverged", 1, 0)
    assert wild.updates < 4, "its stop is immediate"
    assert all(math.isnan(value) for scores in wild.scores.values() for value in scores.values())
    for outcome, alone in zip(outcomes, run(task, engine=setup.engine), strict=True):
        assert outcome.status == "finished"
        assert_same(outcome, alone, setup.tolerance)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_poisoned_weights_stop_their_member_alone(task, setup, poison):
    population = start(task, engine=setup.engine)
    population.model.views(population.parameters)["readout_b"][1, 0, 0] = poison
    poisoned = population.parameters[1].clone()
    moved = []
    rule = Watched(population.optimizer)
    rule.after = lambda parameters: moved.append(not torch.equal(parameters[1].nan_to_num(), poisoned.nan_to_num()))
    population.optimizer = rule
    population.run_epoch()
    assert moved == [False] * 4, "from its first update on"
    assert population.status == ["running", "diverged", "running"]
    assert population.active == [0, 2]
    assert population.updates.tolist() == [4, 0, 4]
    assert all(len(p) == 2 for p in [population.parameters, *population.optimizer_state.values()]), "it costs no more"
    outcomes = train(population, nothing)
    for k, alone in enumerate(run(task, engine=setup.engine)):
        if k != 1:
            assert_same(outcomes[k], alone, setup.tolerance)


@every_engine
def test_who_is_not_live_is_not_moved_by_the_engine(task, setup):
    """With the engine's own step of the optimizer, which `Watched` is not."""
    population = start(task, engine=setup.engine)
    population.model.views(population.parameters)["readout_b"][1, 0, 0] = math.nan
    before, states = population.parameters.clone(), []
    keep = population._keep_active
    population._keep_active = lambda positions: (
        states.append((population.parameters.clone(), {n: m.clone() for n, m in population.optimizer_state.items()})),
        keep(positions),
    )
    population.run_epoch()
    ((parameters, optimizer_state),) = states
    assert torch.equal(parameters[1].nan_to_num(), before[1].nan_to_num())
    assert not any(array[1].any() for array in optimizer_state.values())
    assert (parameters[[0, 2]] != before[[0, 2]]).any(1).all()


@every_engine
def test_who_diverges_later_keeps_what_was_best(task, setup):
    """Two good epochs, then weights that are not finite."""
    population = start(task, engine=setup.engine)
    population.run_epoch()
    population.run_epoch()
    best = {name: p[2].clone() for name, p in population.model.views(population.best).items()}
    population.model.views(population.parameters)["readout_b"][2] = math.nan
    outcomes = train(population, nothing)
    assert [outcome.status for outcome in outcomes] == ["finished", "finished", "diverged"]
    assert (outcomes[2].epochs, outcomes[2].best_epoch, outcomes[2].updates) == (3, 2, 8)
    assert outcomes[2].scores["valid"]["nll"] == pytest.approx(min(curve(outcomes[2], "valid")[:2]), rel=1e-6)
    for name, p in outcomes[2].weights.items():
        assert np.array_equal(p, best[name].numpy())


@every_engine
def test_all_diverge(task, setup):
    outcomes = run(task, members=[WILD, dataclasses.replace(WILD, seed=2)], engine=setup.engine)
    assert [outcome.status for outcome in outcomes] == ["diverged", "diverged"]
    assert [outcome.epochs for outcome in outcomes] == [1, 1]


# Clipping and noise


class Watched:
    """An optimizer that writes down what it is given."""

    def __init__(self, rule):
        self.optimizer, self.gradients, self.after = rule, [], nothing

    def start(self, parameters):
        return self.optimizer.start(parameters)

    def step(self, parameters, gradient, memory, rate, live):
        self.gradients.append(gradient.clone())
        self.optimizer.step(parameters, gradient, memory, rate, live)
        self.after(parameters)


def applied(task, engine, **settings):
    population = start(task, setting(weight_noise=0.0, **settings), engine=engine)
    population.optimizer = Watched(population.optimizer)
    train(population, nothing)
    return population.optimizer.gradients


@every_engine
def test_clipping_acts_by_norm_and_per_member(task, setup):
    limit = 2.0
    free = applied(task, setup.engine, loss="sequence", clip_norm=None)
    clipped = applied(task, setup.engine, loss="sequence", clip_norm=limit)
    assert len(free) == len(clipped) == 24
    assert max(float(optimizers.norm(gradients).max()) for gradients in free) > 5 * limit
    norms = torch.stack([optimizers.norm(gradients) for gradients in clipped])
    assert float(norms.max()) <= limit * (1 + 1e-5)
    assert float(norms.max()) >= limit * (1 - 1e-5), "up to the limit, not below"
    first, before = clipped[0], optimizers.norm(free[0])
    for k in range(len(MEMBERS)):  # of the first update, taken at the same weights: scaled, each by its own norm
        torch.testing.assert_close(first[k], free[0][k] * min(1.0, limit / float(before[k])), rtol=1e-5, atol=1e-7)


@every_engine
def test_limit_above_every_norm_is_no_limit(task, setup):
    free, high = (run(task, setting(clip_norm=limit), engine=setup.engine) for limit in (None, 1e6))
    assert [numbers(outcome) for outcome in high] == [numbers(outcome) for outcome in free]


@every_engine
def test_noise_leaves_weights_and_evaluation_alone(task, setup):
    """At rate zero nothing moves, and the noise is seen in the training loss only."""
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, BASE, still, engine=setup.engine)
    before = population.parameters.clone()
    population.run_epoch()
    assert torch.equal(population.parameters, before)
    clean = score(population, before, task.splits["train"])
    for k in range(len(MEMBERS)):
        train_row, valid_row = population.curves[k]
        expected = score(population, before, task.splits["valid"])[:, k]
        assert [valid_row["nll"], valid_row["nll_sequence_mean"]] == expected.tolist()
        assert abs(train_row["nll"] - clean[0, k]) > 1e-4


def test_without_noise_the_training_loss_at_rate_zero_is_the_evaluation(task, setup):
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, setting(weight_noise=0.0), still, engine=setup.engine)
    population.run_epoch()
    expected = score(population, population.parameters, task.splits["train"])
    for k, (row, _) in enumerate(population.curves):
        assert [row["nll"], row["nll_sequence_mean"]] == pytest.approx(expected[:, k].tolist(), rel=setup.tolerance)


def test_noise_has_its_deviation_and_place_and_is_drawn_anew(task):
    population = Population.start(model(units=40), task, BASE, MEMBERS)
    clean = population.parameters.clone()

    def noise():
        return population.model.views(population._noisy() - clean)

    first = noise()
    noisy = {name for name, added in first.items() if added.any()}
    assert noisy == {"W", "W_z", "W_r", "U", "U_z", "U_r"}, "matrices of the recurrent layer alone"
    assert (population._noisy() != clean).sum() <= sum(first[name].numel() for name in noisy), "and no end of a row"
    for added in (first[name] for name in sorted(noisy)):
        for k in range(len(MEMBERS)):
            assert float(added[k].std()) == pytest.approx(0.075, rel=0.15)
            assert abs(float(added[k].mean())) < 0.015
        torch.testing.assert_close(added[0], added[1], rtol=0, atol=1e-6)  # one seed
        assert not torch.allclose(added[0], added[2], atol=0.01), "two seeds"
    assert torch.equal(population.parameters, clean)
    assert torch.equal(first["U_z"], noise()["U_z"]), "the same update draws the same"
    population.updates += 1
    assert not torch.allclose(first["U_z"], noise()["U_z"], atol=0.01)
    assert not torch.allclose(first["U_z"], first["U_r"], atol=0.01)


# Of a gradient; `expected_gradient` is in float64 whatever the setup.
CLOSE = {torch.float64: {"rtol": 1e-9, "atol": 1e-12}, torch.float32: {"rtol": 2e-5, "atol": 1e-6}}


@pytest.mark.parametrize("members", [1, 3])
def test_gradient_is_taken_at_the_noisy_weights(task, setup, members):
    """One update at a time: the rule sees the gradient of the noisy loss, and steps from the clean weights."""
    training = setting(clip_norm=None, batch=13)
    population = start(task, training, MEMBERS[:members], engine=setup.engine)
    population.optimizer = Watched(population.optimizer)
    moved, noisy = population.parameters.clone(), population._noisy()
    sequences = task.splits["train"]
    expected = expected_gradient(population, noisy, sequences, sum(map(len, sequences)))
    population.run_epoch()
    (gradient,) = population.optimizer.gradients
    torch.testing.assert_close(gradient.double(), expected, **CLOSE[setup.dtype])
    rate = torch.tensor([[member.lr] for member in MEMBERS[:members]])
    training.build_optimizer().step(
        moved, gradient, training.build_optimizer().start(moved), rate, torch.ones(members, 1, dtype=torch.bool)
    )
    assert torch.equal(population.parameters, moved)


# Splits


class Spy(dict):
    """Splits that remember who asked for which."""

    def __init__(self, *args):
        super().__init__(*args)
        self.log = []

    def __getitem__(self, split):
        self.log.append(split)
        return super().__getitem__(split)

    def values(self):
        self.log += list(self)
        return super().values()

    def items(self):
        self.log += list(self)
        return super().items()


@pytest.mark.parametrize("members", [MEMBERS, [*MEMBERS, WILD]], ids=["finished", "one diverged"])
def test_test_split_is_read_once_and_last(task, members):
    splits = Spy(task.splits)
    seen = []
    outcomes = run(
        dataclasses.replace(task, splits=splits), members=members, after_epoch=lambda _: seen.append(splits.log[:])
    )
    assert not any("test" in log for log in seen)
    assert splits.log.count("test") == 1
    assert splits.log[-1] == "test"
    assert all({row["split"] for row in outcome.curve} == {"train", "valid"} for outcome in outcomes)


def test_test_split_does_not_matter_to_training(task):
    """What it holds changes its own score and nothing else."""
    other = [Sequence(sequence.x, 1 - sequence.y) for sequence in task.splits["test"][:3]]
    changed = run(dataclasses.replace(task, splits={**task.splits, "test": other}))
    for a, b in zip(run(task), changed, strict=True):
        assert a.scores.pop("test") != b.scores.pop("test")
        assert numbers(a) == numbers(b)


@dataclasses.dataclass(frozen=True, eq=False)
class SeenBatch(Batch):
    """Another engine's batch, with its sequences as bytes."""

    batch: Batch
    sequences: list[tuple[bytes, bytes]]


class Recording(Engine):
    """Another engine, which writes down the sequences that each member is shown in training, an update at a time."""

    PREFERENCE = 0

    def __init__(self, engine):
        super().__init__(engine.threads, engine.device)
        self.engine, self.shown = engine, []

    def lacks(self, graph):
        return self.engine.lacks(graph)

    def memory_per_member(self, network, rows):
        return self.engine.memory_per_member(network, rows)

    def batch(self, network, xs, ys):
        batch = self.engine.batch(network, xs, ys)
        sequences = [(x.astype(np.float32).tobytes(), y.astype(np.float32).tobytes()) for x, y in zip(xs, ys, strict=True)]
        return SeenBatch(batch.lengths, batch.predictions, batch, sequences)

    def losses(self, network, parameters, batches):
        return self.engine.losses(network, parameters, [seen.batch for seen in batches])

    def gradients(self, network, parameters, batches, weights, dropout_masks=None):
        self.shown.append([(k, x, y) for k, seen in enumerate(batches) for x, y in seen.sequences])
        return self.engine.gradients(network, parameters, [seen.batch for seen in batches], weights, dropout_masks)


@every_engine
@pytest.mark.parametrize("batch", [1, 4, 5, 13, 100])
def test_an_epoch_shows_every_sequence_to_every_member(task, setup, batch):
    engine = Recording(setup.engine)
    population = start(task, setting(batch=batch), engine=engine)
    population.run_epoch()
    assert len(engine.shown) == math.ceil(13 / batch)
    expected = sorted((s.x.astype(np.float32).tobytes(), s.y.astype(np.float32).tobytes()) for s in task.splits["train"])
    for k in range(len(MEMBERS)):
        shown = [(x, y) for update in engine.shown for member, x, y in update if member == k]
        assert sorted(shown) == expected
    assert population.updates.tolist() == [len(engine.shown)] * len(MEMBERS)


def test_every_epoch_and_seed_has_an_order_of_its_own(task):
    engine = Recording(reference.Reference())
    population = start(task, engine=engine)
    for _ in range(3):
        population.run_epoch()
    orders = [
        [(x, y) for update in engine.shown[e : e + 4] for k, x, y in update if k == m] for e in (0, 4, 8) for m in (0, 1, 2)
    ]
    same = [[a == b for b in orders] for a in orders]
    seeds = [member.seed for member in MEMBERS] * 3
    assert same == [[seeds[i] == seeds[j] and i // 3 == j // 3 for j in range(9)] for i in range(9)]


# Early stopping and what is kept


@every_engine
@pytest.mark.parametrize("patience", [1, 2, 4])
def test_early_stopping_keeps_the_best(task, setup, patience):
    best_by_epoch = []

    def copy_best(population):
        best_by_epoch.append({name: p.clone() for name, p in population.model.views(population.best).items()})

    members = [Member(f"{lr}", lr, 1) for lr in (0.1, 0.5, 2.0)]
    training = setting(epochs=40, patience=patience, decay_to=1.0)
    outcomes = run(task, training, members, after_epoch=copy_best, engine=setup.engine)
    reads = start(task, training, MEMBERS[:1], engine=setup.engine)
    for k, outcome in enumerate(outcomes):
        valid = curve(outcome, "valid")
        assert outcome.status == "finished"
        assert outcome.epochs == len(valid) == outcome.best_epoch + patience < 40
        assert outcome.best_epoch == 1 + int(np.argmin(valid))
        assert outcome.updates == 4 * outcome.epochs
        assert outcome.scores["valid"]["nll"] == pytest.approx(min(valid), rel=1e-6)
        for name, p in outcome.weights.items():
            assert np.array_equal(p, best_by_epoch[outcome.best_epoch - 1][name][k].numpy())
        weights = torch.zeros_like(reads.parameters)
        for name, view in reads.model.views(weights).items():
            view.copy_(torch.from_numpy(outcome.weights[name]))
        for split, scores in outcome.scores.items():
            again = score(reads, weights, task.splits[split])[:, 0]
            assert [scores["nll"], scores["nll_sequence_mean"]] == pytest.approx(again.tolist(), rel=1e-6)
    assert len({outcome.epochs for outcome in outcomes}) > 1, "members stop one by one"


def test_patience_longer_than_training(task):
    for outcome in run(task, setting(patience=100)):
        assert (outcome.status, outcome.epochs) == ("finished", 6)


def test_first_of_equals_is_best(task):
    outcomes = run(task, setting(patience=2), [dataclasses.replace(member, lr=0.0) for member in MEMBERS])
    assert [(outcome.best_epoch, outcome.epochs) for outcome in outcomes] == [(1, 3)] * len(MEMBERS)


@every_engine
def test_training_learns(task, setup):
    """It beats both baselines of the card on music that was not trained on."""
    training = setting(epochs=30, patience=30, weight_noise=0.0)
    outcomes = run(task, training, [Member("a", 0.03, 1), Member("b", 0.03, 2)], engine=setup.engine)
    for outcome in outcomes:
        assert outcome.scores["valid"]["nll"] < task.card.baselines["markov"]["valid"]["nll"]
        assert outcome.scores["test"]["nll"] < task.card.baselines["markov"]["test"]["nll"]
        assert curve(outcome, "train")[-1] < 0.6 * curve(outcome, "train")[0]


def test_seconds_are_shared(task):
    outcomes = run(task)
    for outcome in outcomes:
        times = [row["seconds"] for row in outcome.curve]
        assert times == sorted(times)
        assert outcome.seconds == pytest.approx(times[-1], abs=1e-4)
    assert len({outcome.seconds for outcome in outcomes}) == 1  # none stopped before the others


# Evaluation


@pytest.mark.parametrize(("at_once", "count"), [(1, 5), (200, 5), (800, 3), (2**18, 1)])
def test_evaluation_does_not_depend_on_its_batches(task, setup, monkeypatch, at_once, count):
    population = start(task, engine=setup.engine)
    monkeypatch.setattr(evaluation, "EVALUATED_AT_ONCE", at_once)
    sequences = task.splits["valid"]
    split = prepare(population.model, sequences, len(MEMBERS))
    assert sorted(i for positions, _ in split.batches for i in positions) == list(range(len(sequences)))
    assert len(split.batches) == count
    assert split.predictions.tolist() == [len(sequence) for sequence in sequences]
    evaluated = evaluate(population.model, population.parameters, split)
    views = population.model.views(population.parameters.double())
    for k in range(len(MEMBERS)):
        one = {name: p[k : k + 1] for name, p in views.items()}
        sums, lengths = [float(nll_of(population, one, s)) for s in sequences], [len(s) for s in sequences]
        per_sequence = [total / steps for total, steps in zip(sums, lengths, strict=True)]
        assert evaluated[:, k].tolist() == pytest.approx(
            [sum(sums) / sum(lengths), sum(per_sequence) / len(per_sequence)], rel=setup.tolerance
        )


# Going on from a checkpoint


def stored(population):
    """A state as a file would keep it: a copy of arrays, and plain values as text."""
    arrays, values = population.state()
    return {name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(values))


@pytest.mark.parametrize(
    ("settings", "members"),
    [
        ({}, MEMBERS),
        (RMSPROP, MEMBERS),
        ({"patience": 1, "epochs": 7, "decay_to": 1.0}, [dataclasses.replace(m, lr=0.2 + 0.1 * m.lr) for m in MEMBERS]),
        ({"epochs": 4}, [MEMBERS[0], WILD, MEMBERS[2]]),
    ],
    ids=["adam", "rmsprop", "some have stopped", "one has diverged"],
)
@every_engine
def test_going_on_from_any_pause_ends_the_same(task, setup, settings, members):
    training, engine = setting(**settings), setup.engine
    states = [stored(start(task, training, members, engine=engine))]
    population = start(task, training, members, engine=engine)
    population.pause = lambda: states.append(stored(population))
    whole = train(population, lambda population: states.append(stored(population)))
    amid = [state[1]["under_way"]["updates"] for state in states if "under_way" in state[1]]
    assert len(set(amid)) > 1  # amid an epoch, and in its evaluation
    for state in states[::7]:  # of the ten pauses of an epoch another one each time
        population = start(task, training, members, engine=engine)
        population.restore(copy.deepcopy(state))
        outcomes = train(population, nothing)
        assert [numbers(outcome) for outcome in outcomes] == [numbers(outcome) for outcome in whole]


@every_engine
def test_some_members_go_on_alone_from_a_state_of_all(task, setup):
    """From any pause, in any order, whether or not others have stopped; equal but for the rounding of another population."""
    training = setting(patience=2, epochs=7, decay_to=1.0)
    members = [dataclasses.replace(m, lr=0.2 + 0.1 * m.lr) for m in MEMBERS] + [dataclasses.replace(WILD, key="wild")]
    population, states = start(task, training, members, engine=setup.engine), []
    population.pause = lambda: states.append(stored(population))
    whole = train(population, nothing)
    assert len({outcome.epochs for outcome in whole}) > 1
    for chosen in ([1], [2, 0], [3]):
        for state in states[:: max(1, len(states) // 7)]:
            fewer = start(task, training, [members[k] for k in chosen], engine=setup.engine)
            fewer.restore(of_members(state, chosen))
            for k, outcome in zip(chosen, train(fewer, nothing), strict=True):
                assert (outcome.status, outcome.epochs, outcome.updates) == (
                    whole[k].status, whole[k].epochs, whole[k].updates,
                )  # fmt: skip
                if outcome.status == "finished":
                    assert outcome.scores["test"]["nll"] == pytest.approx(whole[k].scores["test"]["nll"], rel=1e-4)


def test_seconds_go_on(task):
    population = start(task)
    population.run_epoch()
    population.seconds += 100
    again = start(task)
    again.restore(stored(population))
    assert all(100 < outcome.seconds < 200 for outcome in train(again, nothing))


@every_engine
def test_a_state_is_kept_apart_from_what_goes_on(task, setup):
    """A restored population does not write into the state that it came from."""
    population = start(task, engine=setup.engine)
    population.run_epoch()
    state = stored(population)
    before = copy.deepcopy(state)
    again = start(task, engine=setup.engine)
    again.restore(state)
    train(again, nothing)
    assert state[1] == before[1]
    assert all(np.array_equal(state[0][name], array) for name, array in before[0].items())


@every_engine
@pytest.mark.parametrize("cell", ["gru", "lstm_peephole"])
def test_weight_decay_shrinks_matrices_by_the_rate_and_nothing_else(task, setup, cell):
    """``theta <- theta - eta (step + lambda theta)``, whatever the optimizer makes of the gradient."""
    rates = [0.01, 0.02, math.inf]
    members = [Member(str(rate), rate, 1) for rate in rates]
    once = {"clip_norm": None, "weight_noise": 0.0, "decay_to": 1.0, "epochs": 1, "batch": 1000}  # one update
    plain, decayed = (
        start(task, setting(**once, weight_decay=decay), members, cell=cell, engine=setup.engine) for decay in (0.0, 0.3)
    )
    before = {name: p.clone() for name, p in plain.model.views(plain.parameters).items()}
    plain._train_epoch(under_way(plain))
    decayed._train_epoch(under_way(decayed))
    without, with_decay = (p.model.views(p.parameters) for p in (plain, decayed))
    for k, rate in enumerate(rates[:2]):
        for name, theta in before.items():
            matrix = name == "readout_W" or plain.model.graph.parameters.get(name, ("1",))[0] != "1"
            shrunk = without[name][k] - (0.3 * rate * theta[k] if matrix else 0)
            torch.testing.assert_close(with_decay[name][k], shrunk, rtol=1e-5, atol=1e-7)


def under_way(population):
    """An epoch that begins."""
    population.epoch += 1
    return EpochProgress(np.zeros((2, len(population.active))), [True] * len(population.active))


# Every setting acts

PLAIN = Training("step", 4, 6, 6, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})
EFFECTS = {
    "loss": {"loss": "sequence"},
    "batch": {"batch": 3},
    "epochs": {"epochs": 5},
    "patience": {"patience": 1},
    "optimizer": RMSPROP,
    "constants": {"constants": {"beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}},
    "clip_norm": {"clip_norm": 0.05},
    "weight_noise": {"weight_noise": 0.01},
    "weight_decay": {"weight_decay": 0.1},
    "dropout": {"dropout": 0.1},
    "decay_to": {"decay_to": 0.9},
    "input_range": {"input_range": 0.1},
    "readout_bias": {"readout_bias": "marginal"},
    "forget_bias": {"forget_bias": 1.0},
}


def test_effects_are_those_of_every_setting():
    assert set(EFFECTS) == {field.name for field in dataclasses.fields(Training)}


@every_engine
def test_every_setting_has_an_effect(task, setup):
    steady, bumpy = ([Member("a", rate, seed) for seed in (1, 2)] for rate in (0.02, 2.0))
    for members, names in ((steady, EFFECTS.keys() - {"patience"}), (bumpy, {"patience"})):
        plain = run(task, PLAIN, members, engine=setup.engine)
        for name in names:
            changed = run(task, dataclasses.replace(PLAIN, **EFFECTS[name]), members, engine=setup.engine)
            for a, b in zip(plain, changed, strict=True):
                assert numbers(a) != numbers(b), name


@pytest.mark.parametrize("base", [PLAIN, dataclasses.replace(PLAIN, **RMSPROP)], ids=["adam", "rmsprop"])
def test_every_constant_has_an_effect(task, setup, base):
    plain = run(task, base, MEMBERS[:2], engine=setup.engine)
    for name, value in base.constants.items():
        # In single precision an epsilon is felt where it is not lost beside the root.
        factor = 1e3 if name == "epsilon" and setup.dtype == torch.float32 else 0.9
        changed = dataclasses.replace(base, constants={**base.constants, name: value * factor})
        for a, b in zip(plain, run(task, changed, MEMBERS[:2], engine=setup.engine), strict=True):
            assert numbers(a) != numbers(b), name


@pytest.mark.parametrize("name", ["lr", "seed"])
@every_engine
def test_every_choice_of_a_member_has_an_effect(task, setup, name):
    member = MEMBERS[0]
    other = dataclasses.replace(member, **{name: getattr(member, name) * 2})
    a, b = run(task, PLAIN, [member, other], engine=setup.engine)
    assert numbers(a) != numbers(b)


def test_key_has_no_effect(task):
    for a, b in zip(
        run(task), run(task, members=[dataclasses.replace(member, key="other") for member in MEMBERS]), strict=True
    ):
        assert numbers(a) == numbers(b)


@pytest.mark.parametrize(("a", "b"), [({"batch": 13}, {"batch": 50}), ({"patience": 6}, {"patience": 50})])
@every_engine
def test_settings_that_mean_the_same_are_the_same(task, setup, a, b):
    runs = (run(task, setting(**values), engine=setup.engine) for values in (a, b))
    for one, other in zip(*runs, strict=True):
        assert numbers(one) == numbers(other)


def test_longer_training_begins_the_same(task):
    short, long = (run(task, setting(epochs=epochs, decay_to=1.0)) for epochs in (3, 6))
    for a, b in zip(short, long, strict=True):
        strip = [[{n: v for n, v in row.items() if n != "seconds"} for row in outcome.curve] for outcome in (a, b)]
        assert strip[0] == strip[1][: len(strip[0])]


@pytest.mark.parametrize("loss", ["step", "sequence"])
def test_loss_is_what_its_name_says(task, setup, loss):
    """The gradient of a batch of all sequences, from each sequence alone: a mean over steps, or over sequences."""
    population = start(task, dataclasses.replace(PLAIN, batch=13, loss=loss), MEMBERS[:2], engine=setup.engine)
    population.optimizer = Watched(population.optimizer)
    sequences = task.splits["train"]
    count = sum(map(len, sequences)) if loss == "step" else len(sequences)
    expected = expected_gradient(population, population.parameters, sequences, count)
    population.run_epoch()
    torch.testing.assert_close(population.optimizer.gradients[0].double(), expected, **CLOSE[setup.dtype])


# Dropout


def test_dropout_is_of_an_update_and_a_seed_and_of_nothing_else(task, setup):
    """Two layers: what is dropped has the share that was asked for, anew in every update, alike on all engines."""
    built = dataclasses.replace(model(engine=setup.engine), stack=Stack(2))
    members = [Member("a", 0.02, 1), Member("b", 0.01, 1), Member("c", 0.02, 2)]
    population = Population.start(built, task, setting(dropout=0.4), members)
    shared, other = (Batch(np.array(lengths), np.array(lengths)) for lengths in ([400, 300], [500]))
    batches = [shared, shared, other]
    first, second, third = population._dropout_masks(batches)
    assert [layer.shape for layer in first] == [(700, 5)] * 2
    assert [layer.shape for layer in third] == [(500, 5)] * 2
    for layer in (*first, *third):
        assert np.unique(layer).tolist() == [0, np.float32(1 / 0.6)]
        assert (layer == 0).mean() == pytest.approx(0.4, abs=0.04)
    assert first is second
    assert (first[0] != first[1]).any()
    assert (first[0][:500] != third[0]).any()
    again = population._dropout_masks(batches)
    assert all((a == b).all() for a, b in zip(first, again[0], strict=True))
    population.updates += 1
    assert (population._dropout_masks(batches)[0][0] != first[0]).any()


def test_nothing_is_dropped_in_evaluation(task, setup):
    """The weights after training with dropout, scored by a population without: the same numbers."""
    population = start(task, setting(dropout=0.5, epochs=1), engine=setup.engine)
    outcomes = train(population, nothing)
    plain = start(task, setting(epochs=1), engine=setup.engine)
    plain.best, plain.best_epoch, plain.status = population.best, population.best_epoch, population.status
    for resumed, expected in zip(outcomes, plain.outcomes(), strict=True):
        assert resumed.scores == expected.scores
