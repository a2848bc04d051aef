"""Baselines of numbers that look back, once more with plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.baselines import autoregression, compute, lags, seasons
from gatebench.data.contents import SPLITS, Forecast
from gatebench.data.forecasts import forecast
from gatebench.data.framings import next_step

BASE = cards.load("jsb_chorales")
ROUNDED = 1e-4 + 1e-9


def make_card(arrays, **entries):
    return replace(BASE, name="some", kind="reals", names=(), facts={"width": arrays["train"][0].shape[1]}, **entries)


def walks(random, columns=2, counts=(40, 5, 6)):
    """Random walks of uneven lengths."""
    return {
        split: [random.standard_normal((int(steps), columns)).cumsum(0) for steps in random.integers(8, 40, count)]
        for split, count in zip(SPLITS, counts, strict=True)
    }


def normal(y, mean, variance):
    return sum(0.5 * ((a - b) ** 2 / v + math.log(2 * math.pi * v)) for a, b, v in zip(y, mean, variance, strict=True))


def assert_scores(scores, losses):
    """``losses``: split -> the NLL of each prediction of each sequence."""
    for split, parts in losses.items():
        assert scores[split]["nll"] == pytest.approx(np.mean([loss for part in parts for loss in part]), abs=ROUNDED)
        assert scores[split]["nll_sequence_mean"] == pytest.approx(np.mean([np.mean(part) for part in parts]), abs=ROUNDED)


def around(splits, mean_of):
    """The NLL of Gaussians around means that a function gives with the case that they are of, by variances of train."""
    left = {}
    for sequence in splits["train"]:
        for t in range(len(sequence.y)):
            mean, case = mean_of(sequence, t)
            left.setdefault(case, []).append((sequence.y[t] - mean) ** 2)
    variance = {case: np.mean(squares, 0) for case, squares in left.items()}

    def loss(sequence, t):
        mean, case = mean_of(sequence, t)
        return normal(sequence.y[t], mean, variance[case])

    return {s: [[loss(one, t) for t in range(len(one.y))] for one in splits[s]] for s in splits}


@pytest.mark.parametrize("horizon", [1, 3])
def test_last_value_and_last_change(horizon):
    arrays = walks(np.random.default_rng(0))
    wanted = Forecast(("1",), ("0",), horizon)
    card = make_card(arrays, forecast=wanted)
    splits, baselines = forecast.frame(card, arrays).splits, compute.compute(card, arrays)
    assert_scores(baselines["last_value"], around(splits, lambda s, t: (np.repeat(s.x[t][1], horizon), 0)))

    def changed(s, t):
        change = float(s.x[t][1]) - float(s.x[t - 1][1]) if t else 0.0
        return [float(s.x[t][1]) + h * change for h in range(1, horizon + 1)], t > 0

    assert_scores(baselines["last_change"], around(splits, changed))


def test_baselines_of_every_column_are_those_of_each_added_up():
    arrays = walks(np.random.default_rng(1))
    both = compute.compute(make_card(arrays), arrays)
    each = [compute.compute(make_card(arrays, forecast=Forecast((name,))), arrays) for name in "01"]
    for name in ("last_value", "last_change", "ar"):
        assert both[name]["test"]["nll"] == pytest.approx(sum(one[name]["test"]["nll"] for one in each), abs=3e-4)


def test_an_autoregression_is_a_regression_on_as_many_steps_as_there_are():
    random = np.random.default_rng(2)

    def one(steps):
        x = [0.0, 0.0]
        for _ in range(steps):
            x.append(1.3 * x[-1] - 0.7 * x[-2] + random.standard_normal())
        return np.array(x)[:, None]

    arrays = {split: [one(60) for _ in range(count)] for split, count in zip(SPLITS, (20, 4, 5), strict=True)}
    card = make_card(arrays)
    splits = next_step.frame(card, arrays).splits
    rows = lags.stack(splits)
    fitted = autoregression.fit(rows["train"], [0], [], [0])
    assert [fit.order for fit in fitted.fits] == [1, 2]

    def regress(order):
        pairs = [
            (s.x[t - order + 1 : t + 1, 0][::-1], s.y[t, 0]) for s in splits["train"] for t in range(order - 1, len(s.y))
        ]
        x = np.array([[*past, 1] for past, _ in pairs], float)
        y = np.array([y for _, y in pairs], float)
        weights = np.linalg.lstsq(x, y)[0]
        return weights, [np.mean((y - x @ weights) ** 2)]

    by_order = {order: regress(order) for order in (1, 2)}

    def loss(s, t):
        order = min(2, t + 1)
        weights, variance = by_order[order]
        return normal(s.y[t], [[*s.x[t - order + 1 : t + 1, 0][::-1], 1] @ weights], variance)

    losses = {split: [[loss(s, t) for t in range(len(s.y))] for s in splits[split]] for split in splits}
    assert_scores(compute.compute(card, arrays)["ar"], losses)
    assert np.allclose(fitted.of_outputs(rows["test"])[:, 0], [loss for part in losses["test"] for loss in part], atol=1e-4)


def test_changes_that_are_small_beside_the_values_are_followed():
    """A trend whose changes hang together: a penalty on weights would see the values alone."""
    random = np.random.default_rng(8)
    changes = [0.0]
    for _ in range(1999):
        changes.append(0.8 * changes[-1] + random.standard_normal())
    series = (5 * np.arange(2000) + np.cumsum(changes))[:, None]
    arrays = {"train": np.array_split(series[:1400], 10), "valid": [series[1400:1700]], "test": [series[1700:]]}
    scores = compute.compute(make_card(arrays), arrays)
    unit = math.log(np.concatenate(arrays["train"]).std())
    assert scores["ar"]["test"]["nll"] + unit == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=0.1)


def test_what_is_known_ahead_is_read_by_an_autoregression():
    random = np.random.default_rng(3)

    def one():
        known = random.standard_normal(60)
        return np.stack([known, 2 * known + 0.1 * random.standard_normal(60)], 1)

    arrays = {split: [one() for _ in range(10)] for split in SPLITS}
    blind = compute.compute(make_card(arrays, forecast=Forecast(("1",))), arrays)["ar"]["test"]["nll"]
    knowing = compute.compute(make_card(arrays, forecast=Forecast(("1",), ("0",))), arrays)["ar"]["test"]["nll"]
    assert knowing < blind - 2


def season(random, period, noise=0.3, steps=120, trend=0.0):
    start = random.uniform(0, period)
    t = np.arange(steps)
    return (np.sin(2 * np.pi * (t + start) / period) + noise * random.standard_normal(steps) + trend * t)[:, None]


@pytest.mark.parametrize("period", [4, 7, 24, 50])
@pytest.mark.parametrize("trend", [0.0, 0.2])
def test_a_period_is_recognised(period, trend):
    random = np.random.default_rng(period)
    assert seasons.find_period([season(random, period, trend=trend) for _ in range(20)]) == pytest.approx(
        period, abs=0.02 * period
    )


def test_where_nothing_comes_again_there_is_no_period():
    random = np.random.default_rng(4)
    assert seasons.find_period([random.standard_normal((200, 2)) for _ in range(20)]) is None
    assert seasons.find_period([random.standard_normal((200, 1)).cumsum(0) for _ in range(20)]) is None
    assert seasons.find_period([np.arange(100.0)[:, None] for _ in range(20)]) is None
    assert seasons.find_period([random.standard_normal((4, 1)) for _ in range(20)]) is None


@pytest.mark.parametrize("horizon", [1, 10])
def test_seasonal_baselines(horizon):
    random, period = np.random.default_rng(5), 8
    arrays = {
        split: [season(random, period, steps=50) for _ in range(count)]
        for split, count in zip(SPLITS, (12, 3, 4), strict=True)
    }
    card = make_card(arrays, forecast=Forecast(horizon=horizon), season=period)
    splits, baselines = forecast.frame(card, arrays).splits, compute.compute(card, arrays)

    def naive(s, t):
        means, all_reach = [], True
        for h in range(1, horizon + 1):
            source = t + h
            while source > t:
                source -= period
            all_reach &= source >= 0
            means.append(s.x[source if source >= 0 else t][0])
        return means, all_reach

    assert_scores(baselines["seasonal_naive"], around(splits, naive))
    train = [(t + 1, s.y[t]) for s in splits["train"] for t in range(len(s.y))]
    overall = np.mean([y for _, y in train], 0)
    means = {p: np.mean([overall, *(y for at, y in train if at % period == p)], 0) for p in range(period)}
    assert_scores(baselines["seasonal_mean"], around(splits, lambda s, t: (means[(t + 1) % period], 0)))


def test_no_baseline_of_numbers_knows_valid_or_test():
    random = np.random.default_rng(6)
    arrays = {split: [season(random, 6, steps=40) for _ in range(8)] for split in SPLITS}
    other = {**arrays, "valid": arrays["valid"][:2], "test": [3 * array for array in arrays["test"]]}
    one, two = compute.compute(make_card(arrays), arrays), compute.compute(make_card(arrays), other)
    assert {"gaussian", "last_value", "last_change", "linear_diagonal", "ar", "seasonal_naive", "seasonal_mean"} == set(one)
    for name in one:
        assert one[name]["train"] == two[name]["train"]
        assert one[name]["test"] != two[name]["test"]


def test_little_data_has_baselines():
    random = np.random.default_rng(7)
    arrays = {split: [random.standard_normal((3, 4))] for split in SPLITS}
    scores = compute.compute(make_card(arrays), arrays)
    assert all(math.isfinite(score["nll"]) for by_split in scores.values() for score in by_split.values())
