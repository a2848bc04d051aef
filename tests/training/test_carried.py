"""Windows of series: evaluation goes on from window to window, and so does training, by truncated backpropagation."""

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np
import pytest
import torch

from gatebench.data import series as series_of_data
from gatebench.data.sequences import Sequence
from gatebench.training import batches, evaluation, metrics
from gatebench.training.evaluation import evaluate, prepare
from gatebench.training.loop import train
from gatebench.training.states import of_members
from support.training import MEMBERS, WILD, curve, nothing, numbers, run, setting, start

WINDOWS = {"train": 4, "valid": 2, "test": 2}
LENGTHS = [61, 40, 83]
"""Steps of three series."""


class Series(NamedTuple):
    """A task of series in windows, and the series as they are."""

    windows: object
    whole: list[Sequence]


def cut(sequence, count):
    ends = np.linspace(0, len(sequence), count + 1).astype(int).tolist()
    return [(sequence.x[a:b], sequence.y[a:b]) for a, b in itertools.pairwise(ends)]


@pytest.fixture
def series(task):
    """Series of random frames, the windows of each in all splits, one after the other."""
    random = np.random.default_rng(3)
    splits, whole = {split: [] for split in WINDOWS}, []
    for number, steps in enumerate(LENGTHS):
        frames = (random.random((steps + 1, 12)) < 0.3).astype(np.uint8)
        whole.append(Sequence(frames[:-1], frames[1:]))
        in_order = [split for split, count in WINDOWS.items() for _ in range(count)]
        for position, (split, part) in enumerate(zip(in_order, cut(whole[-1], len(in_order)), strict=True)):
            splits[split].append(Sequence(*part, number, position))
    return Series(dataclasses.replace(task, splits=splits), whole)


def losses(population, parameters, sequences, past=None):
    split = prepare(population.model, sequences, len(parameters), past)
    return evaluation.sequence_losses(population.model, parameters, split, nothing_at_all)


def nothing_at_all():
    pass


def of_series(task, all_losses):
    """The losses of each series, summed over its windows in all splits, ``[K, series]``."""
    totals = np.zeros((len(all_losses["train"]), len(LENGTHS)))
    for split, of_split in all_losses.items():
        for i, window in enumerate(task.splits[split]):
            totals[:, window.series] += of_split[:, i]
    return totals


@pytest.mark.parametrize("at_once", [2**15, 20])
def test_evaluation_in_windows_is_that_of_the_unbroken_series(series, setup, at_once, monkeypatch):
    """However many series fit side by side."""
    monkeypatch.setattr(evaluation, "EVALUATED_STEPS", at_once)
    task = series.windows
    population = start(task, engine=setup.engine)
    rows = population.parameters
    in_windows = {split: losses(population, rows, task.splits[split], task.before(split)) for split in WINDOWS}
    expected = losses(population, rows, series.whole)
    np.testing.assert_allclose(of_series(task, in_windows), expected, rtol=max(setup.tolerance / 10, 1e-12))
    alone = {
        split: losses(population, rows, [dataclasses.replace(s, series=None) for s in task.splits[split]])
        for split in WINDOWS
    }
    assert np.abs(of_series(task, alone) / expected - 1).min() > 1e-5


def test_nothing_of_the_future_is_read(series, double):
    task = series.windows
    population = start(task)
    before = losses(population, population.parameters, task.splits["valid"], task.before("valid"))
    window = task.splits["valid"][1]
    changed = [*task.splits["valid"]]
    changed[1] = dataclasses.replace(window, x=1 - window.x)
    after = losses(population, population.parameters, changed, task.before("valid"))
    differs = (before != after).any(0)
    assert differs.tolist() == [i == 1 for i in range(6)], "the last window of the first series, and no other one"


def test_what_is_known_before_a_split_is_run_up_to_a_limit(series, double, monkeypatch):
    task = series.windows
    population = start(task)
    monkeypatch.setattr(series_of_data, "PAST_STEPS", 8)  # the last windows of train have 8, 5 and 10 steps
    near = losses(population, population.parameters, task.splits["valid"], task.before("valid"))
    last = {number: [s for s in task.splits["train"] if s.series == number][-2:] for number in range(3)}
    shorter = [s for number in range(3) for s in (last[number] if number == 1 else last[number][-1:])]
    monkeypatch.setattr(series_of_data, "PAST_STEPS", 10**6)
    np.testing.assert_allclose(losses(population, population.parameters, task.splits["valid"], shorter), near, rtol=1e-12)


def test_outcomes_are_evaluated_as_series(series, setup):
    (outcome,) = run(series.windows, setting(epochs=1), MEMBERS[:1], engine=setup.engine)
    population = start(series.windows, engine=setup.engine)
    weights = torch.zeros_like(population.parameters[:1])
    for name, view in population.model.views(weights).items():
        view.copy_(torch.from_numpy(outcome.weights[name]))
    for split in WINDOWS:
        split_of = prepare(population.model, series.windows.splits[split], 1, series.windows.before(split))
        nll = evaluate(population.model, weights, split_of)[0, 0]
        assert outcome.scores[split]["nll"] == pytest.approx(nll, rel=1e-6)
    assert curve(outcome, "valid") == [pytest.approx(outcome.scores["valid"]["nll"], rel=1e-6)]


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_every_window_comes_once_in_order_and_goes_on_where_its_series_does(size):
    runs = [[0, 1, 2, 3], [4], [5, 6, 7, 8, 9, 10], [11, 12]]
    first = {run[0] for run in runs}
    for seed in range(20):
        draws = batches.of_series(runs, size, np.random.default_rng(seed))
        assert sorted(np.concatenate([draw.positions for draw in draws]).tolist()) == [*range(13)]
        rows = min(size, 13)
        assert len(draws) == -(-13 // rows)
        assert all(len(draw.positions) == rows for draw in draws[:-1])
        assert not draws[0].follows.any()
        for one, following in itertools.pairwise(draws):
            for row, (i, follows) in enumerate(zip(following.positions, following.follows, strict=True)):
                assert follows == (i not in first)
                assert not follows or one.positions[row] == i - 1


def test_other_epochs_begin_elsewhere():
    runs = [[*range(40)]]
    starts = {int(batches.of_series(runs, 4, np.random.default_rng(seed))[0].positions[0]) for seed in range(30)}
    assert len(starts) > 10


def test_training_follows_the_gradient_of_windows_from_what_was_carried(series, double):
    """An epoch of one series and one row, written out by hand with the engine alone."""
    first = [s for s in series.windows.splits["train"] if s.series == 0]
    task = dataclasses.replace(series.windows, splits={**series.windows.splits, "train": first})
    plain = {"batch": 1, "clip_norm": None, "weight_noise": 0.0, "optimizer": "adam", "epochs": 1}
    population = start(task, setting(**plain), MEMBERS[:1])
    by_hand = start(task, setting(**plain), MEMBERS[:1])
    population.run_epoch()
    rate, live = torch.tensor([[MEMBERS[0].lr]]), torch.tensor([[True]])
    carried = [by_hand.model.start_of_series(1, by_hand.parameters)]
    for draw in batches.of_series([[*range(4)]], 1, batches.stream(MEMBERS[0].seed, "order", 1)):
        carried[0][~draw.follows] = 0
        batch = by_hand._train.batch(draw.positions)
        weights = np.array([1 / batch.prediction_count])
        _, gradient = by_hand.model.engine.gradients(by_hand.model, by_hand.parameters, [batch], weights, None, carried)
        by_hand.optimizer.step(by_hand.parameters, gradient, by_hand.optimizer_state, rate, live)
    np.testing.assert_allclose(population.best[:1], by_hand.parameters, rtol=1e-12, atol=1e-14)
    cold = run(task, setting(**plain, carry_state=False), MEMBERS[:1])[0]
    name = next(iter(cold.weights))
    assert not np.allclose(cold.weights[name], population.model.views(population.best)[name][0])


def test_where_each_series_is_one_window_training_is_as_without(series, setup):
    whole = [dataclasses.replace(s, series=number) for number, s in enumerate(series.whole)]
    splits = dict.fromkeys(WINDOWS, whole)
    unknown = dict.fromkeys(WINDOWS, series.whole)
    # a series of its own in each split
    marked = {split: [dataclasses.replace(s, series=10 * i + s.series) for s in whole] for i, split in enumerate(splits)}
    tasks = [dataclasses.replace(series.windows, splits=of) for of in (marked, unknown)]
    carried, plain = (run(task, setting(epochs=2), engine=setup.engine) for task in tasks)
    assert [numbers(outcome) for outcome in carried] == [numbers(outcome) for outcome in plain]


@pytest.mark.parametrize("cell", ["lstm", "lstm_augmented"])
def test_a_population_is_its_members_alone(series, setup, cell):
    training = setting(epochs=3, batch=3, dropout=0.2)
    together = run(series.windows, training, MEMBERS, cell, engine=setup.engine)
    for member, outcome in zip(MEMBERS, together, strict=True):
        (alone,) = run(series.windows, training, [member], cell, engine=setup.engine)
        for split, scores in outcome.scores.items():
            assert scores == pytest.approx(alone.scores[split], rel=setup.tolerance * 10)
        for name, weights in outcome.weights.items():
            np.testing.assert_allclose(weights, alone.weights[name], rtol=setup.tolerance * 10, atol=setup.tolerance * 10)


def test_a_diverged_member_hurts_nobody(series, setup):
    training = setting(epochs=2)
    outcomes = run(series.windows, training, [MEMBERS[0], WILD, *MEMBERS[1:]], engine=setup.engine)
    assert outcomes[1].status == "diverged"
    others = run(series.windows, training, engine=setup.engine)
    for outcome, alone in zip([outcomes[0], *outcomes[2:]], others, strict=True):
        assert outcome.scores["valid"] == pytest.approx(alone.scores["valid"], rel=setup.tolerance * 10)


class Stopped(Exception):
    """Where a training is killed."""


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_training_goes_on_from_a_checkpoint_as_if_nothing_had_been(series, setup, after):
    """Wherever it is: within an epoch what is carried is part of the checkpoint."""
    training = setting(epochs=2, batch=3)
    undisturbed = run(series.windows, training, engine=setup.engine)
    population, saved = start(series.windows, training, engine=setup.engine), []

    def pause():
        saved.append(None)
        if len(saved) == after:
            arrays, values = population.state()
            saved.append(({name: array.copy() for name, array in arrays.items()}, values))
            raise Stopped

    population.pause = pause
    with pytest.raises(Stopped):
        train(population, nothing)
    resumed = start(series.windows, training, engine=setup.engine)
    resumed.restore(saved[-1])
    assert [numbers(outcome) for outcome in train(resumed, nothing)] == [numbers(outcome) for outcome in undisturbed]


def test_a_part_of_a_population_takes_along_what_its_members_carry(series, double):
    training, states = setting(epochs=1, batch=3), []
    population = start(series.windows, training)

    def pause():
        if population.under_way and population.under_way.updates == 2 and not states:
            arrays, values = population.state()
            states.append(({name: array.copy() for name, array in arrays.items()}, values))

    population.pause = pause
    whole = train(population, nothing)
    part = start(series.windows, training, [MEMBERS[0], MEMBERS[2]])
    part.restore(of_members(states[0], [0, 2]))
    for outcome, expected in zip(train(part, nothing), [whole[0], whole[2]], strict=True):
        assert outcome.scores["valid"]["nll"] == pytest.approx(expected.scores["valid"]["nll"], rel=1e-10)


def test_metrics_are_those_of_the_unbroken_series(series, double):
    task = dataclasses.replace(series.windows, predicted="binary")
    population = start(task)
    rows, known = population.parameters, task.before("test")
    measured = metrics.measure(population.model, task, rows, task.splits["test"], nothing_at_all, known)
    parts = {
        split: metrics.measure(population.model, task, rows, task.splits[split], nothing_at_all, task.before(split))
        for split in WINDOWS
    }
    whole = metrics.measure(population.model, task, rows, series.whole, nothing_at_all)
    for k, of_member in enumerate(whole):
        for name, sums in of_member.statistics.items():
            total = sum(part[k].statistics[name].sum() for part in parts.values())
            assert total == pytest.approx(sums.sum(), rel=1e-9), name
            np.testing.assert_array_equal(parts["test"][k].statistics[name], measured[k].statistics[name])
