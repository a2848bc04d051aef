"""No number of a report hangs on a random seed, on the order of records, or on that of Python's sets."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.report import verdict
from support.figures import FIGURES, TABLES
from support.frames import MUSIC, by_hand, seeds
from support.printed import STUDY, printed

TESTS = Path(__file__).parents[1]
PRINT = "from support.printed import STUDY, printed; print(printed(STUDY))"


def test_nothing_is_drawn_at_random(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a random number")

    monkeypatch.setattr(np.random, "default_rng", refuse)
    for name in ("rand", "randint", "random", "normal", "choice", "permutation", "shuffle"):
        monkeypatch.setattr(np.random, name, refuse)
    assert "lowest" in printed(STUDY)


def test_two_processes_print_the_same():
    runs = []
    for hash_seed in ("1", "2"):
        env = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'bench'}",
        }
        runs.append(
            subprocess.run([sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True).stdout
        )
    assert runs[0] == runs[1]
    assert runs[0].strip() == printed(STUDY).strip()


def test_the_order_of_the_records_says_nothing():
    """Of the trials of each cell, and of sequences: tables list comparison groups and cells in an order of their own."""
    trials = [
        *seeds("music", "gru", [3.1, 3.3, 3.2]),
        *seeds("music", "lstm", [3.9, 3.0, 3.4]),
        *seeds("music", "rnn", [5, 6]),
    ]
    frame, turned = by_hand(trials), by_hand(trials[::-1])
    turned = replace(turned, sequences=turned.sequences[::-1].reset_index(drop=True))
    for name in ("answer", "differences", "results", "scores", "summary"):
        module = FIGURES[name]
        tables = [module.table(one) if name in TABLES else module.numbers(one) for one in (frame, turned)]
        if tables[0] is not None:
            by = [column for column in ("cell", "lower", "other", "seed") if column in tables[0]]
            first, second = (table.sort_values(by).reset_index(drop=True) for table in tables)
            pd.testing.assert_frame_equal(first, second, rtol=1e-12)
    assert verdict.lines(frame, MUSIC, ["gru", "lstm"]) == verdict.lines(turned, MUSIC, ["gru", "lstm"])
