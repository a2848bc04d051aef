"""N-grams once more with dictionaries, a symbol at a time."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.baselines import compute, ngrams
from gatebench.data.contents import SPLITS
from gatebench.data.framings import next_step

CLASSES = 4
LENGTHS = (2, 3, 9, 40, 41)


@pytest.fixture
def texts():
    """Sequences in which what comes next hangs on the last two symbols; one symbol is never in train."""
    random, arrays = np.random.default_rng(0), {}
    for split in SPLITS:
        arrays[split] = []
        for length in LENGTHS:
            text = [0, 1]
            while len(text) < length:
                text.append((text[-1] + text[-2]) % 3 if random.random() < 0.8 else int(random.integers(3)))
            arrays[split].append(np.array(text)[:, None])
    arrays["test"][0][1] = 3
    return arrays


def streams_of(texts):
    return ngrams.streams(next_step.shift(texts))


def slow(train, history, symbol):
    """The probability of a symbol after a history, by the recursion."""
    if history is None:
        counts = Counter(s for text in train for s in text)
        return (counts[symbol] + 1) / (sum(counts.values()) + CLASSES)
    after = defaultdict(Counter)
    for text in train:
        for t in range(len(history), len(text)):
            after[tuple(text[t - len(history) : t])][text[t]] += 1
    shorter = slow(train, history[1:] if len(history) > 1 else None, symbol)
    counts = after.get(tuple(history))
    if counts is None:
        return shorter
    return (counts[symbol] + len(counts) * shorter) / (sum(counts.values()) + len(counts))


def test_every_order_is_the_recursion(texts):
    streams = streams_of(texts)
    train = [array[:, 0].tolist() for array in texts["train"]]
    by_order = [*ngrams.probabilities(streams["train"], streams, CLASSES)]
    assert len(by_order) == ngrams.LONGEST
    for n, p in enumerate(by_order, 1):
        for split in SPLITS:
            expected = []
            for text in (array[:, 0].tolist() for array in texts[split]):
                for t, symbol in enumerate(text):
                    history = text[max(0, t - n + 1) : t]
                    expected.append(slow(train, history or None, symbol))
            np.testing.assert_allclose(p[split], expected, rtol=1e-12)


def test_probabilities_of_all_symbols_add_up_to_one(texts):
    train = streams_of({"train": texts["train"]})["train"]
    history = texts["test"][3][:12]
    ends = {
        str(symbol): streams_of({"train": [np.concatenate([history, [[symbol]]])]})["train"] for symbol in range(CLASSES)
    }
    for p in ngrams.probabilities(train, ends, CLASSES):
        assert sum(of_end[-1] for of_end in p.values()) == pytest.approx(1)


def test_the_first_symbol_is_read_and_not_scored(texts):
    card = replace(cards.load("jsb_chorales"), name="some", kind="symbols", names=tuple("abcd"), facts={"width": 1})
    baselines = compute.compute(card, texts)
    assert set(baselines) == {"unigram", "markov", "ngram_2", "ngram_3", "ngram_4", "ngram_5"}
    streams = streams_of(texts)
    *_, p = ngrams.probabilities(streams["train"], streams, CLASSES)
    scored = -np.log(p["test"][streams["test"].positions > 0])
    assert baselines["ngram_5"]["test"]["nll"] == pytest.approx(scored.mean(), abs=1e-4)
    assert baselines["ngram_3"]["test"]["nll"] < baselines["ngram_2"]["test"]["nll"]
