"""Frames that are written by hand: a few trials of which every score is known."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gatebench.records import beside, samples
from gatebench.records.former import CONCLUSIONS
from gatebench.records.frame import COLUMNS, IDENTITY, MACHINE, ComparisonGroup, Frame
from gatebench.records.schema import CURVE, SEQUENCES
from support.measured import labels, with_statistics, with_values

VARIANT = "lstm_augmented gate=false"
NAN = float("nan")
# task, cell, stage, seed, rate, best validation nll, test nll, status, and the budget where it is another
TRIALS = [
    ("music", "gru", "search", 0, 0.01, 3.0, 3.1, "finished"),
    ("music", "gru", "search", 0, 0.02, NAN, NAN, "diverged"),
    ("music", "gru", "confirm", 1, 0.01, 2.9, 3.0, "finished"),
    ("music", "gru", "confirm", 2, 0.01, 2.8, 3.2, "finished"),
    ("music", "gru", "confirm", 3, 0.01, 3.0, 3.4, "finished"),
    ("music", VARIANT, "confirm", 1, 0.01, 2.5, 2.6, "finished"),  # one seed: no interval
    ("music", VARIANT, "search", 0, 0.01, 2.6, 2.7, "finished"),
    ("music", "novel", "confirm", 1, 0.02, 4.0, 4.1, "finished"),  # a cell that the house does not know
    ("music", "novel", "confirm", 2, 0.02, 4.2, 4.5, "finished"),
    ("speech", "gru", "confirm", 1, 0.05, 7.0, 7.5, "finished"),
    ("speech", "gru", "confirm", 2, 0.05, 7.2, 7.3, "finished"),
]
SEARCHED = [trial for trial in TRIALS if trial[2] == "search"]
CONFIRMED = [trial for trial in TRIALS if trial[2] == "confirm"]
EVERYTHING = [
    *TRIALS,
    ("music", VARIANT, "search", 0, 0.02, 2.7, 2.5, "finished"),  # of two settings: best on validation, best on test
    ("speech", VARIANT, "confirm", 1, 0.05, 7.1, 7.4, "finished"),
    ("speech", VARIANT, "confirm", 2, 0.05, 7.3, 7.2, "finished"),
    ("speech", "novel", "confirm", 1, 0.05, 8.1, 8.4, "finished"),
    ("nottingham", "gru", "confirm", 1, 0.01, 3.3, 3.5, "finished"),
    ("nottingham", "gru", "confirm", 2, 0.01, 3.4, 3.6, "finished"),
    ("nottingham", "novel", "confirm", 1, 0.01, 3.5, 3.7, "finished"),
    ("nottingham", "novel", "confirm", 2, 0.01, 3.6, 3.9, "finished"),
    ("nottingham", "gru", "confirm", 1, 0.01, 3.0, 3.1, "finished", "units_64"),
    ("nottingham", "gru", "confirm", 1, 0.01, 3.0, 3.1, "finished", "parameters_80k"),
]
BESIDE = [
    ("music", "theirs", "accuracy", 1, 0.5),
    ("music", "theirs", "accuracy", 2, 0.7),
    ("music", "once", "accuracy", 1, 1.0),
]
"""What others made of the same tasks."""
BUDGET, TRAINING, NOISE, DECAY = "parameters_20k", "modern", 0.075, 0.0
TITLES = {"music": "Some Music", "speech": "Some Speech (synthetic)", "nottingham": "Nottingham"}
STEPS = np.array([4, 10, 6])
"""Of the test sequences."""
APART = np.array([0.5, -0.2, 0.0])
"""What a step of each costs more than a step of the split; over all steps they cancel."""
STD = 1817.9
RIGHT = np.arange(12) % 3 > 0
"""Which labels are predicted rightly where a frame has metrics."""


MUSIC = ComparisonGroup("music", BUDGET, TRAINING)
LOW, HIGH = [3.0, 3.1, 3.2], [4.0, 4.1, 4.3]
"""Of three seeds each; no doubt which are lower."""


def sums(tests: list[float], seeds: list[int]) -> np.ndarray:
    """NLL of each test sequence of runs with these scores ``[S, N]``: seeds differ in it, not in their sum alone."""
    return STEPS * (np.array(tests)[:, None] + APART * (1 + np.array(seeds)[:, None] / 10))


def by_hand(trials: list[tuple[Any, ...]], replication: Frame | None = None) -> Frame:
    """The frame of these trials: three epochs each, of which the second is best."""
    rows, curves, sequences = [], [], []
    for task, cell, stage, seed, lr, valid, test, status, *other in trials:
        budget = other[0] if other else BUDGET
        key = hashlib.sha256(repr((task, cell, seed, lr, budget)).encode()).hexdigest()[:16]
        identity = dict(
            zip(IDENTITY, ["hand", stage, task, cell, budget, TRAINING, 1, key, seed, lr, NOISE, DECAY], strict=True)
        )
        costs = {"units": 10 + len(cell), "inputs": 88, "parameters_recurrent": 30_000 if other else 20_000,
                 "parameters_total": 24_000, "flops_per_step": 39_000, "state_size": 10 + len(cell)}  # fmt: skip
        course = {"best_epoch": 2, "epochs": 3, "updates": 30, "seconds": 4.0 + seed, "core_seconds": 4.0 + seed,
               "relative_throughput": 0.5 + 0.1 * seed, "engine": "reference",
               "population_size": 1, "device": "cpu", "status": status}  # fmt: skip
        for split, nll in (("train", valid - 0.5), ("valid", valid), ("test", test)):
            rows.append({**identity, **costs, **course, "split": split, "nll": nll, "nll_sequence_mean": nll + 1})
        for epoch, above in ((1, 0.4), (2, 0.0), (3, 0.1)):
            for split, nll in (("train", valid - 0.5 + above), ("valid", valid + above)):
                point = dict(zip(CURVE, [epoch, 10 * epoch, 2.0 * epoch, split, nll, nll + 1], strict=True))
                curves.append({**identity, **point})
        if stage == "confirm":
            sequences += [(key, i, *each) for i, each in enumerate(zip(STEPS, sums([test], [seed])[0], strict=True))]
    baselines = [
        {"task": task, "baseline": baseline, "split": split, "nll": nll, "nll_sequence_mean": nll}
        for task in sorted({trial[0] for trial in trials})
        for baseline, nll in (("unigram", 9.0), ("markov", 6.25))
        for split in ("train", "valid", "test")
    ]
    heard = any(trial[0] == "speech" for trial in trials)
    return Frame(
        trials=pd.DataFrame(rows, columns=COLUMNS),
        curves=pd.DataFrame(curves, columns=[*IDENTITY, *CURVE]),
        sequences=pd.DataFrame(sequences, columns=["key", *SEQUENCES]),
        baselines=pd.DataFrame(baselines),
        equations={cell: [r"h_t = \tanh(W x_t)"] for cell in {trial[1] for trial in trials}},
        datasets={task: TITLES[task] for task in dict.fromkeys(trial[0] for trial in trials)},
        audio=pd.DataFrame([("speech", 10, STD)] * heard, columns=["task", "outputs", "std"]),
        steps={"speech": "a block of 10 samples"} if heard else {},
        samples=pd.DataFrame(
            [("speech", "gru", BUDGET, TRAINING, "0" * 16, "a.wav", "a.png", 500, 16000, 3.25)] * heard,
            columns=samples.COLUMNS,
        ),
        spectra=pd.DataFrame(
            [
                ("speech", cell, BUDGET, TRAINING, hertz, decibel - hertz / 100)
                for cell, decibel in ((samples.DATA, -40.0), ("gru", -45.0))
                for hertz in (0.0, 500.0, 1000.0)
            ]
            * heard,
            columns=samples.SPECTRA,
        ),
        machines=pd.DataFrame(
            [["0123456789ab", "0.1", "2.6", "a processor", 2, 1, "reference", 11]], columns=[*MACHINE, "trials"]
        ),
        replication=replication,
    )


def without_sequences(frame: Frame) -> Frame:
    """As of records that do not have them."""
    return replace(frame, sequences=pd.DataFrame(columns=["key", *SEQUENCES]))


def everything(further: Sequence[tuple[Any, ...]] = ()) -> Frame:
    """A frame that has every figure and table; ``further`` trials come first."""
    conclusion = ["music", BUDGET, TRAINING, "gru", "novel", -1.0, -1.5, -0.5, "better", 3, "seeds and sequences"]
    frame = by_hand([*further, *EVERYTHING], replication=by_hand(EVERYTHING))
    frame = with_statistics(frame, {cell: [labels(RIGHT)] * runs for cell, runs in (("gru", 3), (VARIANT, 1), ("novel", 2))})
    frame = with_values(with_values(frame, "speech", whole=True), "nottingham", whole=False)
    under_another = frame.trials[(frame.trials.task == "nottingham") & (frame.trials.budget == BUDGET)].assign(
        training="chung2014", key=lambda trials: "c" + trials.key.str[1:], nll=lambda trials: trials.nll + 1
    )
    in_windows = frame.trials[(frame.trials.task == "nottingham") & (frame.trials.budget == BUDGET)].assign(
        task="nottingham window=200", key=lambda trials: "d" + trials.key.str[1:]
    )
    return replace(
        frame,
        trials=pd.concat([frame.trials, under_another, in_windows], ignore_index=True),
        datasets={**frame.datasets, "nottingham window=200": "Nottingham window=200"},
        former={"earlier": pd.DataFrame([conclusion], columns=CONCLUSIONS)},
        beside=pd.DataFrame(BESIDE, columns=beside.COLUMNS),
    )


def seeds(task: str, cell: str, tests: list[float], *budget: str) -> list[tuple[Any, ...]]:
    """Confirming trials with these test scores."""
    return [(task, cell, "confirm", seed, 0.01, nll, nll, "finished", *budget) for seed, nll in enumerate(tests, 1)]


def at_once(cell: str, seed: int = 1) -> list[tuple[Any, ...]]:
    """A confirming trial that diverged before its first validation."""
    return [("music", cell, "confirm", seed, 0.01, NAN, NAN, "diverged")]
