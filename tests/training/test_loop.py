"""The loop of training: splits, order of sequences, early stopping, evaluation."""

import dataclasses
import math
import time

import numpy as np
import pytest
import torch

from gatebench.data.sequences import Sequence
from gatebench.engines import reference
from gatebench.engines.base import Batch, Engine
from gatebench.training import evaluation
from gatebench.training.evaluation import evaluate, prepare
from gatebench.training.loop import train
from gatebench.training.protocol import Member
from support.training import MEMBERS, WILD, curve, every_engine, nll_of, numbers, run, score, setting, start


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

    def losses(self, network, parameters, batches, carried=None):
        return self.engine.losses(network, parameters, [seen.batch for seen in batches], carried)

    def gradients(self, network, parameters, batches, weights, dropout_masks=None, carried=None):
        self.shown.append([(k, x, y) for k, seen in enumerate(batches) for x, y in seen.sequences])
        batches = [seen.batch for seen in batches]
        return self.engine.gradients(network, parameters, batches, weights, dropout_masks, carried)


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
    assert len({outcome.core_seconds for outcome in outcomes}) == 1


def test_processor_time_is_not_that_of_what_else_happens(task):
    """A pause, in which the machine does something else, counts by the clock alone."""
    population = start(task)
    population.pause = lambda: time.sleep(0.02)
    outcomes = train(population, lambda _: None)
    waited = 0.02 * outcomes[0].updates
    for outcome in outcomes:
        assert outcome.core_seconds is not None
        assert 0 < outcome.core_seconds < outcome.seconds - waited / len(outcomes) / 2


@pytest.mark.parametrize(("at_once", "count"), [(1, 5), (200, 5), (800, 3), (2**18, 1)])
def test_evaluation_does_not_depend_on_its_batches(task, setup, monkeypatch, at_once, count):
    population = start(task, engine=setup.engine)
    monkeypatch.setattr(evaluation, "EVALUATED_AT_ONCE", at_once)
    sequences = task.splits["valid"]
    split = prepare(population.model, sequences, len(MEMBERS))
    assert sorted(i for batch in split.batches for i in batch.positions) == list(range(len(sequences)))
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
