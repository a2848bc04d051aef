"""Trivial predictors of the next frame. A model that does not beat them learned nothing.

Fitted on train only, smoothed with one pseudo-count an outcome; frames 2..T of every sequence are predicted. NLL in nats
per time step, summed over the keys.
"""

from typing import Any

import numpy as np

from bench.data.cards import Arrays

FLOORS = ("unigram", "markov")


def floors(sequences: Arrays) -> dict[str, Any]:
    """Floor -> split -> ``{nll, nll_sequence_mean}``.

    *unigram*: every key on its own, with its frequency in train. *markov*: every key on its own, given whether it was on
    in the frame before.
    """
    train = sequences["train"]
    frames = np.concatenate(train)
    unigram = _smoothed(frames.sum(0), len(frames))
    before = np.concatenate([roll[:-1] for roll in train])
    after = np.concatenate([roll[1:] for roll in train])
    was_off = _smoothed((after * (1 - before)).sum(0), (1 - before).sum(0))
    was_on = _smoothed((after * before).sum(0), before.sum(0))
    return {
        "unigram": _evaluate(sequences, lambda past: np.broadcast_to(unigram, past.shape)),
        "markov": _evaluate(sequences, lambda past: np.where(past == 1, was_on, was_off)),
    }


def _smoothed(on: np.ndarray, total: Any) -> np.ndarray:
    return (on + 1.0) / (np.asarray(total) + 2.0)


def _evaluate(sequences: Arrays, predict: Any) -> dict[str, dict[str, float]]:
    result = {}
    for split, rolls in sequences.items():
        sums, steps = [], []
        for roll in rolls:
            probability = predict(roll[:-1])
            sums.append(-np.log(np.where(roll[1:] == 1, probability, 1 - probability)).sum())
            steps.append(len(roll) - 1)
        totals, lengths = np.array(sums), np.array(steps)
        result[split] = {
            "nll": round(float(totals.sum() / lengths.sum()), 4),
            "nll_sequence_mean": round(float((totals / lengths).mean()), 4),
        }
    return result
