"""What people decide by, of baselines: the same numbers by independent libraries and plain loops, from the arrays alone."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from sklearn import metrics as library

from gatebench.core.measuring import statistics
from gatebench.core.metric import Predicted
from gatebench.data import cards
from gatebench.data.baselines import compute, markov, measuring, ngrams, part, regression
from gatebench.data.baselines.neighbours import Neighbours
from gatebench.data.contents import SPLITS, Forecast, Target
from gatebench.data.framings import next_step, target
from gatebench.data.origins import Origins

BASE = cards.load("jsb_chorales")
ROUNDED = 6e-4


def make_card(arrays, kind, **entries):
    return replace(
        BASE, name="some", kind=kind, facts={"width": arrays["train"][0].shape[1]}, baseline_metrics={}, **entries
    )


def labelled(counts=(60, 10, 40)):
    random = np.random.default_rng(3)

    def one():
        label = int(random.choice(3, p=[0.5, 0.3, 0.2]))
        x = np.sin(np.arange(12) * (0.2 + 0.2 * label) + random.uniform(0, 2)) + random.normal(0, 0.6, 12)
        return np.stack([x, np.full(12, label)], 1)

    return {split: [one() for _ in range(count)] for split, count in zip(SPLITS, counts, strict=True)}


def texts(length=40):
    random, arrays = np.random.default_rng(0), {}
    for split, count in zip(SPLITS, (6, 2, 3), strict=True):
        arrays[split] = []
        for _ in range(count):
            text = [0, 1]
            while len(text) < length:
                text.append((text[-1] + text[-2]) % 4 if random.random() < 0.7 else int(random.integers(4)))
            arrays[split].append(np.array(text)[:, None])
    return arrays


def walks(width=2):
    random = np.random.default_rng(5)
    scale = np.array([10.0, 0.01])[:width]
    return {split: [random.standard_normal((50, width)).cumsum(0) * scale for _ in range(4)] for split in SPLITS}


def of_card(card, arrays, origins=None):
    return compute.of_card(card, arrays, *([origins] if origins else [])).baseline_metrics


def test_labels_of_sequences_by_a_library():
    arrays = labelled()
    card = make_card(arrays, "reals", target=Target("sequence", "label", 1, tuple("abc")))
    measured = of_card(card, arrays)
    assert set(measured) == {"unigram", "logistic", "logistic_summary", "nearest_neighbours", "minirocket"}
    framed = target.frame(card, arrays).splits
    kinds = [regression.summarised(framed), regression.courses(framed)]
    features = {split: [np.concatenate([s.x for s in kind[split]]) for kind in kinds] for split in SPLITS}
    labels = {split: np.array([s.y[0, 0] for s in framed[split]]) for split in SPLITS}
    p = Neighbours(features["train"], labels["train"], 3).probabilities(features["test"])
    np.testing.assert_allclose(p.sum(1), 1)
    true, taken, of_near = labels["test"], p.argmax(1), measured["nearest_neighbours"]
    assert of_near["accuracy"][0] == pytest.approx(library.accuracy_score(true, taken), abs=ROUNDED)
    assert of_near["balanced_accuracy"][0] == pytest.approx(library.balanced_accuracy_score(true, taken), abs=ROUNDED)
    assert of_near["macro_f1"][0] == pytest.approx(library.f1_score(true, taken, average="macro"), abs=ROUNDED)
    assert of_near["auc"][0] == pytest.approx(library.roc_auc_score(true, p, multi_class="ovr"), abs=ROUNDED)
    assert of_near["brier"][0] == pytest.approx(np.square(p - np.eye(3)[true]).sum(1).mean(), abs=ROUNDED)
    assert measured["unigram"]["auc"][0] == 0.5
    assert measured["unigram"]["accuracy"][0] == pytest.approx((true == np.bincount(labels["train"]).argmax()).mean())
    assert set(measured["logistic"]) == set(of_near)


def test_an_interval_of_sequences_of_one_length_is_students():
    arrays = labelled()
    card = make_card(arrays, "reals", target=Target("sequence", "label", 1, tuple("abc")))
    value, low, high = of_card(card, arrays)["unigram"]["accuracy"]
    most = np.bincount([int(a[0, 1]) for a in arrays["train"]]).argmax()
    right = np.array([a[0, 1] == most for a in arrays["test"]], float)
    half = scipy.stats.t.ppf(0.975, len(right) - 1) * right.std(ddof=1) / len(right) ** 0.5
    np.testing.assert_allclose([value, low, high], [right.mean(), right.mean() - half, right.mean() + half], atol=ROUNDED)


def test_of_one_sequence_there_is_no_interval():
    arrays = walks()
    measured = of_card(make_card(arrays, "reals"), {**arrays, "test": arrays["test"][:1]})
    assert {len(numbers) for numbers in measured["last_value"].values()} == {1}


def test_errors_of_reals_are_in_the_units_of_the_data():
    arrays = walks()
    measured = of_card(make_card(arrays, "reals", names=("a", "b")), arrays)
    changes = {split: np.concatenate([np.diff(a, axis=0) for a in arrays[split]]) for split in SPLITS}
    last = measured["last_value"]
    for column in range(2):
        expected = np.sqrt(np.square(changes["test"][:, column]).mean())
        assert last[f"rmse_{column}"][0] == pytest.approx(expected, rel=ROUNDED)
        assert last[f"mae_{column}"][0] == pytest.approx(np.abs(changes["test"][:, column]).mean(), rel=ROUNDED)
    # The first step of a sequence is read and not predicted, so that no change to it counts.
    naive = np.concatenate([np.diff(a[1:], axis=0) for a in arrays["train"]])
    assert last["mase"][0] == pytest.approx((np.abs(changes["test"]).mean(0) / np.abs(naive).mean(0)).mean(), rel=ROUNDED)
    train = np.concatenate(arrays["train"])
    y = np.concatenate([a[1:] for a in arrays["test"]])
    mean = np.concatenate([a[1:] for a in arrays["train"]]).mean(0)
    expected = np.sqrt(np.square((y - mean) / train.std(0)).mean())
    assert measured["gaussian"]["rmse"][0] == pytest.approx(expected, rel=1e-3)
    assert {"ar", "var", "linear_diagonal", "last_change"} <= set(measured)
    assert measured["ar"]["rmse_0"][0] == pytest.approx(last["rmse_0"][0], rel=0.15)


def test_steps_of_a_horizon_add_up():
    arrays = walks()
    card = make_card(arrays, "reals", names=("a", "b"), forecast=Forecast(("a", "b"), (), 3))
    computed = compute.of_card(card, arrays)
    for name, of_baseline in computed.baseline_metrics.items():
        steps = [of_baseline[f"nll_step_{h}"][0] for h in (1, 2, 3)]
        assert sum(steps) == pytest.approx(computed.baselines[name]["test"]["nll"], abs=5e-3), name
    of_last = computed.baseline_metrics["last_value"]
    assert of_last["nll_step_1"][0] < of_last["nll_step_2"][0] < of_last["nll_step_3"][0]
    assert any(numbers[1] < 0 for numbers in of_last.values()), "an NLL of what is known well is below zero"


@pytest.mark.parametrize("n", [2, 3, 5])
def test_n_grams_give_every_symbol_what_they_give_the_one_that_came(n):
    streams = ngrams.streams(next_step.shift(texts()))
    stream = streams["test"]
    (p,) = [one for order, one in enumerate(ngrams.probabilities(streams["train"], streams, 4), 1) if order == n]
    of_all = ngrams.distributions(streams["train"], stream, 4, n)
    whole = of_all(slice(0, len(stream.predicted)))
    np.testing.assert_allclose(whole.sum(1), 1)
    of_true = whole[np.arange(len(whole)), stream.symbols[stream.predicted]]
    np.testing.assert_allclose(of_true, p["test"][stream.predicted])
    np.testing.assert_array_equal(of_all(slice(5, 9)), whole[5:9])


def test_symbols():
    arrays = texts()
    computed = compute.of_card(make_card(arrays, "symbols", names=tuple("abcd")), arrays)
    splits = next_step.shift(arrays)
    x, y = (np.concatenate([getattr(s, name) for s in splits["train"]]) for name in "xy")
    counts = np.ones((4, 4))
    np.add.at(counts, (x[:, 0], y[:, 0]), 1)
    test = [(int(a), int(b)) for s in splits["test"] for (a,), (b,) in zip(s.x, s.y, strict=True)]
    of_markov = computed.baseline_metrics["markov"]
    assert of_markov["accuracy"][0] == pytest.approx(np.mean([counts[a].argmax() == b for a, b in test]), abs=ROUNDED)
    for name, of_baseline in computed.baseline_metrics.items():
        nll = computed.baselines[name]["test"]["nll"]
        assert of_baseline["perplexity"][0] == pytest.approx(np.exp(nll), rel=2e-3)
    assert computed.baseline_metrics["ngram_3"]["accuracy"][0] > of_markov["accuracy"][0] + 0.2


def test_pairs_that_begin_with_a_symbol():
    rows, places = markov.successors(np.array([0, 2, 3, 7]), np.array([1, 0, 2, 0]), 3)
    assert rows.tolist() == [0, 1, 1, 2, 3, 3]
    assert places.tolist() == [2, 0, 1, 3, 0, 1]


def test_of_very_many_symbols_the_nll_alone_is_measured(monkeypatch: pytest.MonkeyPatch):
    arrays = texts()
    monkeypatch.setattr(measuring, "MOST", 100)
    assert {*of_card(make_card(arrays, "symbols", names=tuple("abcd")), arrays)["ngram_2"]} == {"perplexity", "bits"}


def test_parts_of_a_split_are_the_whole(monkeypatch: pytest.MonkeyPatch):
    card, arrays = make_card(labelled(), "reals", target=Target("sequence", "label", 1, tuple("abc"))), labelled()
    symbols = make_card(texts(), "symbols", names=tuple("abcd"))
    whole = of_card(card, arrays), of_card(symbols, texts())
    monkeypatch.setattr(measuring, "AT_ONCE", 7)
    assert (of_card(card, arrays), of_card(symbols, texts())) == whole


@pytest.mark.parametrize("labels", [False, True], ids=["frames", "several labels"])
def test_ones(labels):
    random = np.random.default_rng(2)
    arrays = {split: [(random.random((30, 3)) < 0.6).astype(float) for _ in range(5)] for split in SPLITS}
    card = make_card(arrays, "binary")
    if labels:
        card = replace(card, target=Target("step", "labels", 2, ("a", "b")))
    of_unigram = of_card(card, arrays)["unigram"]
    # Every one is taken for one, since most are.
    y = np.concatenate([a[:, 1:] if labels else a[1:] for a in arrays["test"]])
    assert of_unigram["frame_f1"][0] == pytest.approx(library.f1_score(y.ravel(), np.ones(y.size)), abs=ROUNDED)
    assert len(of_unigram["frame_f1"]) == 3


def test_windows_of_one_series_are_no_independent_sequences():
    steps = np.random.default_rng(9).standard_normal(3000)
    drift = np.repeat(np.random.default_rng(10).standard_normal(12), 250) * 3
    x = (steps + drift)[:, None]
    windows = np.split(x, 60)
    arrays = {"train": windows[:20], "valid": windows[20:25], "test": windows[25:]}
    numbers = {split: np.zeros(len(arrays[split]), int) for split in SPLITS}
    card = make_card(arrays, "reals")
    joined, apart = (of_card(card, arrays, origins)["gaussian"]["mae"] for origins in (Origins(numbers), Origins()))
    assert joined[2] - joined[1] > 1.3 * (apart[2] - apart[1])


def test_of_a_large_set_steps_ahead_are_in_the_units_of_all_of_it(monkeypatch: pytest.MonkeyPatch):
    arrays = walks(1)
    card = make_card(arrays, "reals", names=("a",), forecast=Forecast(("a",), (), 2))
    monkeypatch.setattr(part, "LARGE", 10)
    monkeypatch.setattr(part, "NUMBERS", 60)
    computed = compute.of_card(card, arrays)
    for name, of_baseline in computed.baseline_metrics.items():
        steps = of_baseline["nll_step_1"][0] + of_baseline["nll_step_2"][0]
        assert steps == pytest.approx(computed.baselines[name]["test"]["nll"], abs=5e-3)


def test_a_card_of_an_earlier_version_is_held_to_the_metrics_that_it_names():
    arrays = labelled()
    card = make_card(arrays, "reals", target=Target("sequence", "label", 1, tuple("abc")))
    computed = compute.of_card(card, arrays)
    former = replace(card, baselines=computed.baselines)
    assert compute.restate(former, arrays, Origins()).baseline_metrics == {}
    some = {"unigram": {"accuracy": [0.1], "of a plugin": [1.0]}}
    of_some = compute.restate(replace(former, baseline_metrics=some), arrays, Origins()).baseline_metrics
    assert of_some == {"unigram": {"accuracy": computed.baseline_metrics["unigram"]["accuracy"]}}
    assert compute.restate(replace(card, baselines={}), arrays, Origins()) == computed


def test_probabilities_that_are_not_known_have_no_accuracy():
    unknown = Predicted("symbols", "step", np.zeros((3, 0)), np.zeros((3, 1), int), np.array([3]))
    assert set(statistics(unknown)) == {"symbols"}
