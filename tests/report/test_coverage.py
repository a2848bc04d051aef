"""How often the intervals that reports print hold what they are for, of simulated studies.

A pipeline's score is what its search selected, which is skewed, with the noise of training; its sequences are easy or hard
for all cells, for one cell, and for one pipeline. Where a number is chosen by the scores, so it is here.
"""

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.estimates import Difference, mean_interval
from gatebench.report.stats.mann_whitney import probability_lower
from gatebench.report.stats.random_effects import summary
from gatebench.report.stats.regret import largest_regret
from support.simulated import selected

PIPELINES, TESTED = 8, 77
SEARCH, SEED = 0.014, 0.016
"""Standard deviations of what another search does to a score, and of what a seed does: measured on JSB Chorales."""


def scores(random: Generator, count: int, mean: float = 0.0) -> np.ndarray:
    """Of so many pipelines of a cell."""
    return mean + SEARCH * selected(random, count) + random.normal(0, SEED, count)


def cells(random: Generator, means: "list[float] | np.ndarray") -> list[SequenceScores]:
    """Of which every pipeline is tested on the same sequences."""
    steps = np.round(np.exp(random.normal(4, 0.4, TESTED)))
    easy = random.normal(8.4, 0.8, TESTED)

    def nll(mean: float) -> np.ndarray:
        both = random.normal(0, 0.06, TESTED) + random.normal(0, 0.1, (PIPELINES, TESTED))
        return steps * (scores(random, PIPELINES, mean)[:, None] + easy + both)

    return [SequenceScores(nll(mean), steps) for mean in means]


def taken(cells: list[SequenceScores]) -> tuple[int, list[int], list[Difference]]:
    """The lowest cell, the others from the lowest on, and its mean minus theirs: as the table of decisions has them."""
    first, *others = np.argsort([cell.means.mean() for cell in cells])
    return int(first), [int(i) for i in others], [crossed.difference(cells[first], cells[i]) for i in others]


@pytest.mark.parametrize("pipelines", [4, 8, 20])
def test_of_a_mean_over_pipelines(pipelines: int):
    random, held = default_rng(pipelines), []
    for _ in range(3000):
        interval = mean_interval(scores(random, pipelines))
        held.append(interval.low <= 0 <= interval.high)
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("apart", [0.0, 0.01, 0.02, 0.03])
def test_of_the_probability_that_a_new_pipeline_is_lower(apart: float):
    random, held = default_rng(int(1000 * apart)), []
    true = float((scores(random, 200_000) < scores(random, 200_000, apart)).mean())
    for _ in range(800):
        interval = probability_lower(scores(random, PIPELINES), scores(random, PIPELINES, apart))
        held.append(interval.low <= true <= interval.high)
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("apart", [0.0, 0.02, 0.05])
def test_of_what_the_lower_of_two_cells_is_lower_by(apart: float):
    random, held = default_rng(int(1000 * apart)), []
    for _ in range(1000):
        first, (other,), (difference,) = taken(cells(random, [0.0, apart]))
        held.append(difference.low <= apart * (first - other) <= difference.high)
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("apart", [0.0, 0.03, 0.05])
def test_of_what_the_lowest_of_six_is_lower_by_and_of_what_may_be_lost(apart: float):
    """Both it and the next are chosen by the scores, which the interval does not count, as its caption says."""
    random, held, lost = default_rng(int(1000 * apart)), [], []
    means = np.array([0.0, *[apart] * 5])
    for _ in range(600):
        first, others, differences = taken(cells(random, means))
        held.append(differences[0].low <= means[first] - means[others[0]] <= differences[0].high)
        lost.append(means[first] <= largest_regret(differences))
    assert np.mean(held) >= 0.9
    assert np.mean(lost) >= 0.95


@pytest.mark.parametrize("tasks", [4, 8])
def test_of_an_effect_over_tasks_in_shares_of_what_was_learned_on_each(tasks: int):
    """The distance to the best baseline, of 0.3 to 3 nats, is that of the lowest cell, as it came out."""
    random, held = default_rng(tasks), []
    for _ in range(500):
        effects, errors = [], []
        *true, new = random.normal(0.02, 0.05, tasks + 1)  # of what was learned on each task
        for share in true:
            learned = random.choice([0.3, 1.0, 3.0])
            pair = cells(random, [0.0, share * learned])
            scale = learned - min(cell.means.mean() - 8.4 for cell in pair) + 0.1 * random.normal(0, 0.1)
            difference = crossed.difference(pair[1], pair[0])
            effects.append(difference.mean / scale)
            errors.append(difference.error / scale)
        over = summary(effects, errors)
        held.append((over.low <= 0.02 <= over.high, over.new_low <= new <= over.new_high))
    mean, prediction = np.mean(held, 0)
    assert 0.93 <= mean <= 0.97
    assert 0.93 <= prediction <= 0.98  # for the effect itself on a new task, of which a study sees less
