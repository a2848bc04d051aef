"""Margins within which cells are equivalent."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.core import registry
from gatebench.records.frame import ComparisonGroup
from gatebench.report import margins
from support.frames import BUDGET, MUSIC, TRAINING, by_hand, seeds

FRAME = by_hand(seeds("music", "gru", [3.0]))


@pytest.mark.parametrize("task", ["jsb_chorales", "piano_midi", "nottingham", "muse_data", "nottingham window=50"])
def test_on_the_four_sets_of_music_it_is_a_twentieth_of_a_nat(task: str):
    assert margins.margin(FRAME, ComparisonGroup(task, BUDGET, TRAINING), 3.0) == 0.05


def test_these_are_tasks_of_the_package():
    assert set(margins.NATS) < set(registry.available("conf", ".yaml", "task"))


def test_elsewhere_it_is_a_tenth_of_what_the_best_cell_learned():
    assert margins.margin(FRAME, MUSIC, 3.25) == pytest.approx((6.25 - 3.25) / 10)
    assert margins.distance(FRAME, MUSIC, 3.25) == pytest.approx(3)


def test_where_nothing_was_learned_or_no_baseline_is_there_it_is_none():
    assert np.isnan(margins.margin(FRAME, MUSIC, 6.25))
    assert np.isnan(margins.margin(replace(FRAME, baselines=FRAME.baselines[:0]), MUSIC, 3.0))
    training = FRAME.baselines[FRAME.baselines.split != "test"]
    assert np.isnan(margins.margin(replace(FRAME, baselines=training), MUSIC, 3.0))


def test_the_rule_that_captions_state_is_the_one_that_is_applied():
    assert "0.05 nats" in margins.RULE
    assert set(margins.NATS.values()) == {0.05}
    assert "a tenth of" in margins.RULE
    assert margins.SHARE == 0.1
