"""How often what is said of cells is wrong, in simulated studies of which the truth is known.

What a search selects differs between pipelines: see `searched`.
"""

from itertools import combinations

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.holm import holm

LEVEL, STUDIES = 0.05, 400
HIGHEST = LEVEL + 2 * (LEVEL * (1 - LEVEL) / STUDIES) ** 0.5
"""Share of wrong studies that a rate of `LEVEL` gives with a probability of 98%."""
CELLS, TESTED = 3, 77
SEED, SEARCH = 0.016, 0.014
"""Standard deviations of what a seed does to a score, and of what another search does: measured on JSB Chorales."""


def searched(random: Generator, searches: int) -> np.ndarray:
    """What the settings cost that so many searches selected: right-skewed, as the best of few draws is."""
    return SEARCH * (random.exponential(1, searches) - 1)


def study(random: Generator, repetitions: int, one_search: bool = False, apart: float = 0.0) -> list[SequenceScores]:
    """Cells that lie ``apart`` from one another; each repetition has a search of its own, or all of a cell have one."""
    steps = np.round(np.exp(random.normal(4, 0.4, TESTED)))
    easy = random.normal(0, 0.8, TESTED)
    cells = []
    for cell in range(CELLS):
        search = searched(random, 1 if one_search else repetitions)
        seeds = random.normal(cell * apart, SEED, repetitions)
        both = random.normal(0, 0.06, TESTED) + random.normal(0, 0.1, (repetitions, TESTED))
        cells.append(SequenceScores(steps * (8.4 + (search + seeds)[:, None] + easy + both), steps))
    return cells


def wrong(random: Generator, repetitions: int, one_search: bool = False) -> float:
    """Share of studies of equal cells in which any two are said to differ."""
    found = 0
    for _ in range(STUDIES):
        cells = study(random, repetitions, one_search)
        found += min(holm([crossed.difference(a, b).p for a, b in combinations(cells, 2)])) < LEVEL
    return found / STUDIES


@pytest.mark.parametrize("pipelines", [2, 3, 8, 20])
def test_of_equal_cells_any_two_differ_in_one_of_twenty_studies_at_the_most(pipelines: int):
    assert wrong(default_rng(pipelines), pipelines) <= HIGHEST


def test_seeds_of_one_search_are_not_pipelines():
    """That is why it is said of which an interval is: more seeds of one search make wrong differences more certain."""
    assert wrong(default_rng(1), 20, one_search=True) > 3 * LEVEL


@pytest.mark.parametrize(("pipelines", "power"), [(3, 0.08), (8, 0.6)])
def test_cells_a_margin_apart_are_equivalent_in_one_of_twenty_studies_at_the_most(pipelines: int, power: float):
    random, margin, found, right = default_rng(pipelines), 0.05, 0, 0
    for _ in range(STUDIES):
        cells = study(random, pipelines, apart=margin)
        p = holm([crossed.difference(a, b).p_equivalent(margin) for a, b in combinations(cells, 2)])
        found += min(p) < LEVEL
        equal = study(random, pipelines)
        right += max(crossed.difference(a, b).p_equivalent(margin) for a, b in combinations(equal, 2)) < LEVEL
    assert found / STUDIES <= HIGHEST
    assert right / STUDIES > power  # it is not that nothing ever is
