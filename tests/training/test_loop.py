"""The laws of training: a population is its members trained alone, and the protocol does what its settings say."""

import copy
import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from bench import places
from bench.data.tasks import Sequence
from bench.graph import trace
from bench.training import loop, optim
from bench.training.likelihoods import bernoulli
from bench.training.loop import Outcome, Population, evaluate, train
from bench.training.model import Model
from bench.training.settings import Member, Training

CELLS = sorted(path.stem for path in places.OWN["cells"].glob("*.py"))
BASE = Training(
    loss="step", batch=4, epochs=6, patience=6, optimiser="adam",  # 13 sequences: 4 updates an epoch, 24 in all
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    clip_norm=1.0, weight_noise=0.075, decay_to=0.1, retention=1.0,
)  # fmt: skip
RMSPROP = {"optimiser": "rmsprop", "constants": {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}}
MEMBERS = [Member("a", 0.003, 1), Member("b", 0.02, 1), Member("c", 0.02, 2)]
PRECISIONS = [(torch.float32, 1e-5), (torch.float64, 1e-12)]


@pytest.fixture(params=PRECISIONS, ids=["float32", "float64"])
def tolerance(request):
    dtype, tolerance = request.param
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    yield tolerance
    torch.set_default_dtype(before)


@pytest.fixture
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def task(tiny):
    return tiny.load()


def model(cell="gru", kind=Model, units=5):
    return kind(trace.load(cell), 12, 12, units, bernoulli(), "reference")


def setting(**values):
    return dataclasses.replace(BASE, **values)


def nothing(_):
    pass


def run(task, training=BASE, members=MEMBERS, cell="gru", after_epoch=nothing) -> list[Outcome]:
    return train(Population.start(model(cell), task, training, members), after_epoch)


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


def start(task, training=BASE, members=MEMBERS, kind=Model, cell="gru"):
    return Population.start(model(cell, kind), task, training, members)


# A population is its members trained alone

POPULATIONS = {
    "plain": {"clip_norm": None, "weight_noise": 0.0, "decay_to": 1.0},
    "noise and clipping": {},
    "sequence loss": {"loss": "sequence"},
    "rmsprop": RMSPROP,
    "the paper's": {"loss": "sequence", "batch": 2, "epochs": 3, "decay_to": 0.01, "input_range": 0.1, **RMSPROP},
    "marginal": {"readout_bias": "marginal", "clip_norm": 0.1},
    "early stop": {"patience": 1, "epochs": 8},
}


def assert_alone(task, training, cell, tolerance, members=MEMBERS):
    together = run(task, training, members, cell)
    for member, outcome in zip(members, together, strict=True):
        (alone,) = run(task, training, [member], cell)
        assert_same(outcome, alone, tolerance)
    return together


@pytest.mark.parametrize("cell", CELLS)
def test_population_equals_its_members_alone(task, double, cell):
    together = assert_alone(task, BASE, cell, 1e-12)
    assert all(outcome.updates == 24 for outcome in together)


@pytest.mark.parametrize("settings", POPULATIONS.values(), ids=POPULATIONS)
def test_population_equals_its_members_alone_in_every_protocol(task, tolerance, settings):
    together = assert_alone(task, setting(**settings), "gru", tolerance)
    assert max(outcome.updates for outcome in together) >= 20
    finals = {outcome.scores["valid"]["nll"] for outcome in together}
    assert len(finals) == len(MEMBERS), "rates and seeds do make a difference"


@pytest.mark.parametrize("seeds", [[1, 1, 1], [1, 2, 3]])
def test_population_of_one_seed_or_several(task, double, seeds):
    assert_alone(task, BASE, "rnn", 1e-12, [Member(f"{k}", 0.01 * (k + 1), seed) for k, seed in enumerate(seeds)])


def test_order_of_members_is_irrelevant(task, double):
    straight = run(task)
    back = run(task, members=MEMBERS[::-1])[::-1]
    for a, b in zip(straight, back, strict=True):
        assert_same(a, b, 1e-12)


def test_same_run_twice_is_bitwise_the_same(task):
    torch.manual_seed(1)
    first = run(task)
    torch.manual_seed(2)
    np.random.seed(2)  # global streams, which must not matter
    assert [numbers(outcome) for outcome in run(task)] == [numbers(outcome) for outcome in first]


# A member that is not finite

# A rate so high that the first update ends in weights that are not finite. Weights that are only huge, say 1e30, saturate
# the gates and keep a finite loss.
WILD = Member("wild", math.inf, 1)


@pytest.mark.parametrize("place", [0, 3])
def test_a_diverged_member_hurts_nobody(task, tolerance, place):
    members = [*MEMBERS[:place], WILD, *MEMBERS[place:]]
    outcomes = run(task, members=members)
    wild = outcomes.pop(place)
    assert (wild.status, wild.epochs, wild.best_epoch) == ("diverged", 1, 0)
    assert wild.updates < 4, "its stop is immediate"
    assert all(math.isnan(value) for scores in wild.scores.values() for value in scores.values())
    for outcome, alone in zip(outcomes, run(task), strict=True):
        assert outcome.status == "finished"
        assert_same(outcome, alone, tolerance)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_poisoned_weights_stop_their_member_alone(task, tolerance, poison):
    population = start(task)
    population.parameters["readout_b"][1, 0, 0] = poison
    poisoned = {name: p[1].clone() for name, p in population.parameters.items()}
    moved = []
    rule = Watched(population.rule)
    rule.after = lambda parameters: moved.append(
        any(not torch.equal(parameters[name][1].nan_to_num(), p.nan_to_num()) for name, p in poisoned.items())
    )
    population.rule = rule
    population.run_epoch()
    assert moved == [False] * 4, "from its first update on"
    assert population.status == ["running", "diverged", "running"]
    assert population.active == [0, 2]
    assert population.updates.tolist() == [4, 0, 4]
    assert all(p.shape[0] == 2 for p in [*population.parameters.values(), *population.memory.values()]), "it costs no more"
    outcomes = train(population, nothing)
    for k, alone in enumerate(run(task)):
        if k != 1:
            assert_same(outcomes[k], alone, tolerance)


def test_who_diverges_later_keeps_what_was_best(task):
    """Two good epochs, then weights that are not finite."""
    population = start(task)
    population.run_epoch()
    population.run_epoch()
    best = {name: p[2].clone() for name, p in population.best.items()}
    population.parameters["readout_b"][2] = math.nan
    outcomes = train(population, nothing)
    assert [outcome.status for outcome in outcomes] == ["finished", "finished", "diverged"]
    assert (outcomes[2].epochs, outcomes[2].best_epoch, outcomes[2].updates) == (3, 2, 8)
    assert outcomes[2].scores["valid"]["nll"] == pytest.approx(min(curve(outcomes[2], "valid")[:2]), rel=1e-6)
    for name, p in outcomes[2].weights.items():
        assert np.array_equal(p, best[name].numpy())


def test_all_diverge(task):
    outcomes = run(task, members=[WILD, dataclasses.replace(WILD, seed=2)])
    assert [outcome.status for outcome in outcomes] == ["diverged", "diverged"]
    assert [outcome.epochs for outcome in outcomes] == [1, 1]


# Clipping and noise


class Watched:
    """An optimiser that writes down what it is given."""

    def __init__(self, rule):
        self.rule, self.gradients, self.after = rule, [], nothing

    def start(self, parameters):
        return self.rule.start(parameters)

    def step(self, parameters, gradients, memory, rate, live):
        self.gradients.append({name: g.clone() for name, g in gradients.items()})
        self.rule.step(parameters, gradients, memory, rate, live)
        self.after(parameters)


def applied(task, **settings):
    population = start(task, setting(weight_noise=0.0, **settings))
    population.rule = Watched(population.rule)
    train(population, nothing)
    return population.rule.gradients


def test_clipping_acts_by_norm_and_per_member(task):
    limit = 2.0
    free = applied(task, loss="sequence", clip_norm=None)
    clipped = applied(task, loss="sequence", clip_norm=limit)
    assert len(free) == len(clipped) == 24
    assert max(float(optim.norm(gradients).max()) for gradients in free) > 5 * limit
    norms = torch.stack([optim.norm(gradients) for gradients in clipped])
    assert float(norms.max()) <= limit * (1 + 1e-5)
    assert float(norms.max()) >= limit * (1 - 1e-5), "up to the limit, not below"
    first, before = clipped[0], optim.norm(free[0])
    for k in range(len(MEMBERS)):  # of the first update, taken at the same weights: scaled, each by its own norm
        for name, g in first.items():
            torch.testing.assert_close(g[k], free[0][name][k] * min(1.0, limit / float(before[k])), rtol=1e-5, atol=1e-7)


def test_limit_above_every_norm_is_no_limit(task):
    free, high = run(task, setting(clip_norm=None)), run(task, setting(clip_norm=1e6))
    assert [numbers(outcome) for outcome in high] == [numbers(outcome) for outcome in free]


def test_noise_leaves_weights_and_evaluation_alone(task):
    """At rate zero nothing moves, and the noise is seen in the training loss only."""
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, BASE, still)
    before = {name: p.clone() for name, p in population.parameters.items()}
    population.run_epoch()
    assert all(torch.equal(p, before[name]) for name, p in population.parameters.items())
    clean = evaluate(population.model, before, task.splits["train"])
    for k in range(len(MEMBERS)):
        train_row, valid_row = population.curves[k]
        expected = evaluate(population.model, before, task.splits["valid"])[:, k]
        assert [valid_row["nll"], valid_row["nll_sequence_mean"]] == expected.tolist()
        assert abs(train_row["nll"] - clean[0, k]) > 1e-4


def test_without_noise_the_training_loss_at_rate_zero_is_the_evaluation(task, double):
    still = [dataclasses.replace(member, lr=0.0) for member in MEMBERS]
    population = start(task, setting(weight_noise=0.0), still)
    population.run_epoch()
    expected = evaluate(population.model, population.parameters, task.splits["train"])
    for k, (row, _) in enumerate(population.curves):
        assert [row["nll"], row["nll_sequence_mean"]] == pytest.approx(expected[:, k].tolist(), rel=1e-12)


def test_noise_has_its_deviation_and_place_and_is_drawn_anew(task):
    population = Population.start(model(units=40), task, BASE, MEMBERS)
    clean = {name: p.clone() for name, p in population.parameters.items()}
    seeds = [member.seed for member in MEMBERS]

    def noise():
        noisy = population._noisy(population.parameters, seeds)
        return {name: p - clean[name] for name, p in noisy.items()}

    first = noise()
    assert set(first) == {"W", "W_z", "W_r", "U", "U_z", "U_r"}, "matrices of the recurrent layer alone"
    for name, added in first.items():
        for k in range(len(MEMBERS)):
            assert float(added[k].std()) == pytest.approx(0.075, rel=0.15)
            assert abs(float(added[k].mean())) < 0.015
        torch.testing.assert_close(added[0], added[1], rtol=0, atol=1e-6)  # one seed
        assert not torch.allclose(added[0], added[2], atol=0.01), "two seeds"
        assert torch.equal(population.parameters[name], clean[name])
    assert torch.equal(first["U_z"], noise()["U_z"]), "the same update draws the same"
    population.updates += 1
    assert not torch.allclose(first["U_z"], noise()["U_z"], atol=0.01)
    assert not torch.allclose(first["U_z"], first["U_r"], atol=0.01)


def test_gradient_is_taken_at_the_noisy_weights(task, double):
    """One update at a time: the rule sees the gradient of the noisy loss, and steps from the clean weights."""
    training = setting(clip_norm=None, batch=13)
    population = start(task, training, MEMBERS[:1])
    population.rule = Watched(population.rule)
    noisy = population._noisy(population.parameters, [1])
    leaves = {n: p.clone().requires_grad_() for n, p in {**population.parameters, **noisy}.items()}
    sequences = task.splits["train"]
    nll = sum(
        population.model.nll(
            leaves, *(torch.from_numpy(a.astype(float))[None, :, None] for a in (s.x, s.y, np.ones(len(s))))
        )
        for s in sequences
    )
    expected = torch.autograd.grad(nll.sum() / sum(map(len, sequences)), list(leaves.values()))
    population.run_epoch()
    for g, name in zip(expected, leaves, strict=True):
        torch.testing.assert_close(population.rule.gradients[0][name], g, rtol=1e-9, atol=1e-12)


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


@dataclasses.dataclass(frozen=True)
class Reading(Model):
    """A model that writes down the sequences it is shown in training."""

    def nll(self, parameters, x, y, mask):
        if torch.is_grad_enabled():
            shown = []
            for k in range(x.shape[0]):
                for b in range(x.shape[2]):
                    steps = mask[k, :, b] > 0
                    shown.append((k, x[k, steps, b].numpy().tobytes(), y[k, steps, b].numpy().tobytes()))
            SHOWN.append(shown)
        return super().nll(parameters, x, y, mask)


SHOWN: list[list[tuple[int, bytes, bytes]]] = []


@pytest.mark.parametrize("batch", [1, 4, 5, 13, 100])
def test_an_epoch_shows_every_sequence_to_every_member(task, batch):
    SHOWN.clear()
    population = start(task, setting(batch=batch), kind=Reading)
    population.run_epoch()
    assert len(SHOWN) == math.ceil(13 / batch)
    expected = sorted((s.x.astype(np.float32).tobytes(), s.y.astype(np.float32).tobytes()) for s in task.splits["train"])
    for k in range(len(MEMBERS)):
        shown = [(x, y) for update in SHOWN for member, x, y in update if member == k and x]
        assert sorted(shown) == expected
    assert population.updates.tolist() == [len(SHOWN)] * len(MEMBERS)


def test_every_epoch_and_seed_has_an_order_of_its_own(task):
    SHOWN.clear()
    population = start(task, kind=Reading)
    for _ in range(3):
        population.run_epoch()
    orders = [[(x, y) for update in SHOWN[e : e + 4] for k, x, y in update if k == m] for e in (0, 4, 8) for m in (0, 1, 2)]
    same = [[a == b for b in orders] for a in orders]
    seeds = [member.seed for member in MEMBERS] * 3
    assert same == [[seeds[i] == seeds[j] and i // 3 == j // 3 for j in range(9)] for i in range(9)]


# Early stopping and what is kept


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_early_stopping_keeps_the_best(task, patience):
    kept = []

    def keep(population):
        kept.append({name: p.clone() for name, p in population.best.items()})

    members = [Member(f"{lr}", lr, 1) for lr in (0.1, 0.5, 2.0)]
    outcomes = run(task, setting(epochs=40, patience=patience, decay_to=1.0), members, after_epoch=keep)
    for k, outcome in enumerate(outcomes):
        valid = curve(outcome, "valid")
        assert outcome.status == "finished"
        assert outcome.epochs == len(valid) == outcome.best_epoch + patience < 40
        assert outcome.best_epoch == 1 + int(np.argmin(valid))
        assert outcome.updates == 4 * outcome.epochs
        assert outcome.scores["valid"]["nll"] == pytest.approx(min(valid), rel=1e-6)
        for name, p in outcome.weights.items():
            assert np.array_equal(p, kept[outcome.best_epoch - 1][name][k].numpy())
        weights = {name: torch.from_numpy(p)[None] for name, p in outcome.weights.items()}
        for split, scores in outcome.scores.items():
            again = evaluate(model(), weights, task.splits[split])[:, 0]
            assert [scores["nll"], scores["nll_sequence_mean"]] == pytest.approx(again.tolist(), rel=1e-6)
    assert len({outcome.epochs for outcome in outcomes}) > 1, "members stop one by one"


def test_patience_longer_than_training(task):
    for outcome in run(task, setting(patience=100)):
        assert (outcome.status, outcome.epochs) == ("finished", 6)


def test_first_of_equals_is_best(task):
    outcomes = run(task, setting(patience=2), [dataclasses.replace(member, lr=0.0) for member in MEMBERS])
    assert [(outcome.best_epoch, outcome.epochs) for outcome in outcomes] == [(1, 3)] * len(MEMBERS)


def test_training_learns(task):
    """It beats both floors of the card on music that was not trained on."""
    training = setting(epochs=30, patience=30, weight_noise=0.0)
    outcomes = run(task, training, [Member("a", 0.03, 1), Member("b", 0.03, 2)], "gru")
    for outcome in outcomes:
        assert outcome.scores["valid"]["nll"] < task.card.floors["markov"]["valid"]["nll"]
        assert outcome.scores["test"]["nll"] < task.card.floors["markov"]["test"]["nll"]
        assert curve(outcome, "train")[-1] < 0.6 * curve(outcome, "train")[0]


def test_seconds_are_shared(task):
    outcomes = run(task)
    for outcome in outcomes:
        times = [row["seconds"] for row in outcome.curve]
        assert times == sorted(times)
        assert outcome.seconds == pytest.approx(times[-1], abs=1e-4)
    assert len({outcome.seconds for outcome in outcomes}) == 1  # none stopped before the others


# Evaluation


@pytest.mark.parametrize("at_once", [1, 30, 200, 2**18])
def test_evaluation_does_not_depend_on_its_batches(task, double, monkeypatch, at_once):
    population = start(task)
    monkeypatch.setattr(loop, "EVALUATED_AT_ONCE", at_once)
    found = evaluate(population.model, population.parameters, task.splits["valid"])
    for k in range(len(MEMBERS)):
        one = {name: p[k : k + 1] for name, p in population.parameters.items()}
        sums, lengths = [], []
        for s in task.splits["valid"]:
            arrays = (torch.from_numpy(a.astype(float))[None, :, None] for a in (s.x, s.y, np.ones(len(s))))
            sums.append(float(population.model.nll(one, *arrays)))
            lengths.append(len(s))
        per_sequence = [total / steps for total, steps in zip(sums, lengths, strict=True)]
        assert found[:, k].tolist() == pytest.approx(
            [sum(sums) / sum(lengths), sum(per_sequence) / len(per_sequence)], rel=1e-12
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
def test_going_on_from_any_epoch_ends_the_same(task, settings, members):
    training = setting(**settings)
    states = [stored(start(task, training, members))]
    whole = run(task, training, members, after_epoch=lambda population: states.append(stored(population)))
    assert len(states) > 3
    for state in states:
        population = start(task, training, members)
        population.restore(copy.deepcopy(state))
        outcomes = train(population, nothing)
        assert [numbers(outcome) for outcome in outcomes] == [numbers(outcome) for outcome in whole]


def test_seconds_go_on(task):
    population = start(task)
    population.run_epoch()
    population.seconds += 100
    again = start(task)
    again.restore(stored(population))
    assert all(100 < outcome.seconds < 200 for outcome in train(again, nothing))


def test_a_state_is_kept_apart_from_what_goes_on(task):
    """A restored population does not write into the state that it came from."""
    population = start(task)
    population.run_epoch()
    state = stored(population)
    before = copy.deepcopy(state)
    again = start(task)
    again.restore(state)
    train(again, nothing)
    assert state[1] == before[1]
    assert all(np.array_equal(state[0][name], array) for name, array in before[0].items())


# Every setting acts

PLAIN = Training("step", 4, 6, 6, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})
EFFECTS = {
    "loss": {"loss": "sequence"},
    "batch": {"batch": 3},
    "epochs": {"epochs": 5},
    "patience": {"patience": 1},
    "optimiser": RMSPROP,
    "constants": {"constants": {"beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}},
    "clip_norm": {"clip_norm": 0.05},
    "weight_noise": {"weight_noise": 0.01},
    "decay_to": {"decay_to": 0.9},
    "input_range": {"input_range": 0.1},
    "readout_bias": {"readout_bias": "marginal"},
    "retention": {"retention": 1.0},
}


def test_effects_are_those_of_every_setting():
    assert set(EFFECTS) == {field.name for field in dataclasses.fields(Training)}


@pytest.mark.parametrize("name", EFFECTS)
def test_every_setting_has_an_effect(task, name):
    members = [Member("a", 2.0 if name == "patience" else 0.02, seed) for seed in (1, 2)]  # so high that the way is bumpy
    changed = dataclasses.replace(PLAIN, **EFFECTS[name])
    for a, b in zip(run(task, PLAIN, members), run(task, changed, members), strict=True):
        assert numbers(a) != numbers(b)


@pytest.mark.parametrize("name", ["beta1", "beta2", "epsilon", "averaging", "momentum", "floor"])
def test_every_constant_has_an_effect(task, double, name):
    base = PLAIN if name in PLAIN.constants else dataclasses.replace(PLAIN, **RMSPROP)
    changed = dataclasses.replace(base, constants={**base.constants, name: base.constants[name] * 0.9})
    for a, b in zip(run(task, base, MEMBERS[:2]), run(task, changed, MEMBERS[:2]), strict=True):
        assert numbers(a) != numbers(b)


@pytest.mark.parametrize("name", ["lr", "seed"])
def test_every_choice_of_a_member_has_an_effect(task, name):
    member = MEMBERS[0]
    other = dataclasses.replace(member, **{name: getattr(member, name) * 2})
    a, b = run(task, PLAIN, [member, other])
    assert numbers(a) != numbers(b)


def test_key_has_no_effect(task):
    for a, b in zip(
        run(task), run(task, members=[dataclasses.replace(member, key="other") for member in MEMBERS]), strict=True
    ):
        assert numbers(a) == numbers(b)


@pytest.mark.parametrize(("a", "b"), [({"batch": 13}, {"batch": 50}), ({"patience": 6}, {"patience": 50})])
def test_settings_that_mean_the_same_are_the_same(task, a, b):
    for one, other in zip(run(task, setting(**a)), run(task, setting(**b)), strict=True):
        assert numbers(one) == numbers(other)


def test_longer_training_begins_the_same(task):
    short, long = (run(task, setting(epochs=epochs, decay_to=1.0)) for epochs in (3, 6))
    for a, b in zip(short, long, strict=True):
        strip = [[{n: v for n, v in row.items() if n != "seconds"} for row in outcome.curve] for outcome in (a, b)]
        assert strip[0] == strip[1][: len(strip[0])]


@pytest.mark.parametrize("loss", ["step", "sequence"])
def test_loss_is_what_its_name_says(task, double, loss):
    """The gradient of a batch of all sequences, from each sequence alone: a mean over steps, or over sequences."""
    population = start(task, dataclasses.replace(PLAIN, batch=13, loss=loss), MEMBERS[:1])
    population.rule = Watched(population.rule)
    leaves = {name: p.clone().requires_grad_() for name, p in population.parameters.items()}
    sequences = task.splits["train"]
    total = sum(
        population.model.nll(
            leaves, *(torch.from_numpy(a.astype(float))[None, :, None] for a in (s.x, s.y, np.ones(len(s))))
        )
        for s in sequences
    ).sum()
    count = sum(map(len, sequences)) if loss == "step" else len(sequences)
    expected = torch.autograd.grad(total / count, list(leaves.values()))
    population.run_epoch()
    for g, name in zip(expected, leaves, strict=True):
        torch.testing.assert_close(population.rule.gradients[0][name], g, rtol=1e-9, atol=1e-12)
