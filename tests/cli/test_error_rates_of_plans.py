"""How often a comparison names a wrong winner, or the right one, at every size of plan: the whole procedure, simulated.

Each pipeline draws its settings, selects by noisy validation and is confirmed with one seed at what it selected, as
`gatebench.cli.rounds` trains them. The noise is that of JSB Chorales.
"""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from gatebench.report import comparisons, deciding
from gatebench.report.stats import crossed, looks
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.holm import holm
from gatebench.study.schedule import LADDER, MOST_PIPELINES

STUDIES, HIGHEST = 1000, 0.02
TESTED = 77
SEED, TRIED, DEPTH = 0.025, 0.02, 0.15
"""Standard deviations of what a seed does in confirming and in a search; what the worst setting costs, in nats."""
SIZES = sorted({(pipelines, search) for pipelines, search, _ in LADDER} | {(MOST_PIPELINES, LADDER[0][1])})


def selected(random: Generator, pipelines: int, search: int) -> np.ndarray:
    """What the selected settings of so many pipelines of each cell cost: ``[cells, pipelines]``.

    Settings are those of the pipeline, the same for every cell; what is best lies where it may.
    """
    settings = random.uniform(size=(1, pipelines, search, 2))
    cost = DEPTH * ((settings - random.uniform(0.3, 0.7, 2)) ** 2).sum(-1)
    best = (cost + random.normal(0, TRIED, cost.shape)).argmin(-1)
    return np.take_along_axis(cost, best[..., None], -1)[..., 0]


def study(random: Generator, cells: int, pipelines: int, search: int, lower: float = 0.0) -> list[SequenceScores]:
    """Cells that are alike once they are tuned, but for the first one, which is ``lower``."""
    steps = np.round(np.exp(random.normal(4, 0.4, TESTED)))
    easy = random.normal(0, 0.8, TESTED)
    means = selected(random, pipelines, search) + random.normal(0, SEED, (cells, pipelines))
    means[0] -= lower
    both = random.normal(0, 0.05, (cells, 1, TESTED)) + random.normal(0, 0.13, (cells, pipelines, TESTED))
    return [
        SequenceScores(steps * (8.4 + scores[:, None] + easy + more), steps)
        for scores, more in zip(means, both, strict=True)
    ]


def winner(cells: list[SequenceScores], look: int) -> int | None:
    """The cell that is better than every other one, by the rule of the verdict."""
    pairs = list(combinations(range(len(cells)), 2))
    differences = [crossed.difference(cells[a], cells[b]) for a, b in pairs]
    p_values = [looks.adjusted(float(p), look) for p in holm([difference.p for difference in differences])]
    beaten = {
        (a, b) if difference.mean < 0 else (b, a)
        for (a, b), difference, p in zip(pairs, differences, p_values, strict=True)
        if p < comparisons.LEVEL
    }
    return next((cell for cell in range(len(cells)) if sum(a == cell for a, _ in beaten) == len(cells) - 1), None)


@pytest.mark.parametrize("cells", [2, 3])
@pytest.mark.parametrize(("pipelines", "search"), SIZES)
def test_of_equal_cells_a_winner_is_named_in_one_of_fifty_studies_at_the_most(pipelines: int, search: int, cells: int):
    random = default_rng([pipelines, search])
    won = sum(winner(study(random, cells, pipelines, search), look=1) is not None for _ in range(STUDIES))
    assert won <= HIGHEST * STUDIES


@pytest.mark.parametrize("cells", [2, 3])
def test_more_minutes_again_and_again_name_no_more_of_them(cells: int):
    random, won = default_rng(4), 0
    for _ in range(STUDIES):
        whole = study(random, cells, MOST_PIPELINES, 12)
        parts = [[SequenceScores(cell.nll[:count], cell.steps) for cell in whole] for count in (2, 4, 8, 14, MOST_PIPELINES)]
        won += any(winner(part, look) is not None for look, part in enumerate(parts, 1))
    assert won <= HIGHEST * STUDIES


def test_the_difference_that_a_plan_says_it_would_show_is_shown_about_as_often_as_it_says():
    """Against one other cell: of three, the winner must be below both, which it is less often."""
    random, pipelines, cells = default_rng(8), 8, 3
    shown = deciding.detectable_as_on_chorales(pipelines, TESTED, cells)
    assert 0.04 < shown < 0.09
    level, found = looks.level(1, comparisons.LEVEL) / 3, 0
    for _ in range(STUDIES):
        first, second, _ = study(random, cells, pipelines, 12, lower=shown)
        found += crossed.difference(first, second).p < level
    assert 0.65 < found / STUDIES < 0.92
    assert deciding.detectable_as_on_chorales(2, TESTED, cells) > 2 * shown


def test_the_table_of_the_docs_has_every_size_of_plan_and_what_it_would_show():
    """Its other columns are simulated as above, with four times the studies."""
    page = Path(__file__).parents[2] / "docs" / "own-data.md"
    rows = re.findall(
        r"^\| (\d+) of (\d+) \|.*?\|.*?\| ([\d.]+)(?: nats)? \| ([\d.]+)(?: nats)? \|$", page.read_text(), re.MULTILINE
    )
    assert [(int(pipelines), int(search)) for pipelines, search, _, _ in rows] == SIZES
    for pipelines, _, *shown in rows:
        differences = [deciding.detectable_as_on_chorales(int(pipelines), TESTED, cells) for cells in (2, 3)]
        assert shown == [f"{difference:.{2 if difference > 0.099 else 3}f}" for difference in differences]
