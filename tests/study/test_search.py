"""The settings that a search tries, and when it goes on beyond its ranges: by a rule, whose numbers stand here again."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from gatebench.core.hyperparameters import Hyperparameters
from gatebench.study.search import Range, Search

RATES, NOISES = Range(1e-3, 1e-1), Range(0.01, 1.0)


def search(size: int = 6, extend: int = 0, sampling: str = "even", **space: float | Range) -> Search:
    whole = {"lr": RATES, "weight_noise": 0.0, "weight_decay": 0.0, **space}
    return Search(size=size, seed=7, epochs=None, sampling=sampling, extend=extend, space=whole)  # type: ignore[arg-type]


def position(number: float, limits: Range = RATES) -> float:
    """Where a number lies on the log scale of a range: at 0 is its low end, at 1 its high one."""
    return math.log10(number / limits.low) / math.log10(limits.high / limits.low)


def nearest_to(**best: float) -> Callable[[list[Hyperparameters]], Hyperparameters]:
    """A selection that likes settings near to these positions."""

    def distance(setting: Hyperparameters) -> float:
        places = {"lr": position(setting.lr), "weight_noise": position(setting.weight_noise or 0.1, NOISES)}
        return sum((places[name] - at) ** 2 for name, at in best.items())

    return lambda settings: min(settings, key=distance)


@pytest.mark.parametrize("sampling", ["even", "independent"])
def test_a_larger_search_contains_the_smaller_one_and_each_pipeline_has_its_own_settings(sampling: str):
    for pipeline in (1, 2, 7):
        smaller, larger = (search(size, sampling=sampling, weight_noise=NOISES).settings(pipeline) for size in (5, 40))
        assert larger[:5] == smaller
        assert len(set(larger)) == 40
    drawn = [setting for p in range(1, 30) for setting in search(sampling=sampling, weight_noise=NOISES).settings(p)]
    assert len(set(drawn)) == len(drawn)
    first = search(sampling=sampling)
    assert first.settings() == first.settings(1)


@pytest.mark.parametrize("sampling", ["even", "independent"])
def test_another_hyperparameter_that_is_searched_moves_no_other(sampling: str):
    alone, both = search(sampling=sampling), search(sampling=sampling, weight_noise=NOISES)
    assert [setting.lr for setting in both.settings(3)] == [setting.lr for setting in alone.settings(3)]


def test_independent_draws_are_log_uniform_and_know_nothing_of_one_another():
    """A hundred searches of ten: their means scatter as those of independent numbers do, and even ones much less."""
    spread = {}
    for sampling in ("even", "independent"):
        positions = np.array([[position(s.lr) for s in search(10, sampling=sampling).settings(p)] for p in range(1, 101)])
        assert ((positions >= 0) & (positions <= 1)).all()
        spread[sampling] = positions.mean(axis=1).std()
        assert abs(positions.mean() - 0.5) < 4 / math.sqrt(12 * 1000)
    # The standard deviation of a mean of ten is sqrt(1 / 120) = 0.091, and is known to 7% from a hundred.
    assert 0.07 < spread["independent"] < 0.115
    assert spread["even"] < spread["independent"] / 2


def test_independent_draws_of_two_hyperparameters_are_no_copy_of_each_other():
    settings = search(400, sampling="independent", weight_noise=NOISES).settings()
    places = np.array([(position(s.lr), position(s.weight_noise, NOISES)) for s in settings])
    assert abs(np.corrcoef(places.T)[0, 1]) < 4 / math.sqrt(400)


@pytest.mark.parametrize("best", np.linspace(-0.4, 1.4, 37))
def test_a_search_is_extended_exactly_where_its_best_lies_in_an_outer_tenth(best: float):
    for pipeline in (1, 2, 3):
        select = nearest_to(lr=best)
        before = search().result(pipeline, select)
        after = search(extend=1).result(pipeline, select)
        assert before.selected is not None
        where = position(before.selected.lr)
        is_low, is_high = where < 0.1, where > 0.9
        assert before.edges == (["lr"] if is_low or is_high else [])
        assert after.settings[:6] == before.settings == search().settings(pipeline)
        further = [position(setting.lr) for setting in after.settings[6:]]
        assert len(further) == (2 if is_low or is_high else 0)
        assert all((-1 / 3 - 1e-3 < at < 1e-3) if is_low else (1 - 1e-3 < at < 4 / 3 + 1e-3) for at in further)
        assert after.selected == select(after.settings)


def test_a_search_goes_on_as_often_as_it_may_until_the_best_lies_inside():
    select = nearest_to(lr=1.9)
    results = [search(30, extend=extend).result(1, select) for extend in range(6)]
    assert all(later.settings[: len(earlier.settings)] == earlier.settings for earlier, later in pairwise(results))
    assert [len(result.settings) for result in results][:4] == [30, 40, 50, 60]
    # Three stretches of a third reach from 1 to 2, of which the outer tenth begins at 1.9.
    assert max(position(setting.lr) for setting in results[-1].settings) < 2 + 1 / 3
    assert results[-1].settings == results[-2].settings
    assert results[1].edges == ["lr"]
    assert results[-1].edges == []
    few = search(30, extend=5).result(1, select, extensions=2)
    assert few.settings == results[2].settings


def test_each_hyperparameter_at_an_edge_has_further_settings_of_its_own():
    select = nearest_to(lr=1.4, weight_noise=-0.4)
    both = search(300, extend=1, weight_noise=NOISES)
    before, after = search(300, weight_noise=NOISES).result(1, select), both.result(1, select)
    assert before.edges == ["lr", "weight_noise"]
    places = np.array([(position(s.lr), position(s.weight_noise, NOISES)) for s in after.settings[300:]])
    assert len(places) == 200 == both.largest_extension
    rates, noises = places[:100].T, places[100:].T
    assert (rates[0] > 1 - 1e-3).all()
    assert (rates[0] < 4 / 3 + 1e-3).all()
    assert (noises[1] > -1 / 3 - 1e-3).all()
    assert (noises[1] < 1e-3).all()
    # The other one is drawn from all that is searched by now.
    assert -1 / 3 - 1e-3 < rates[1].min() < -0.3
    assert 0.95 < rates[1].max() < 1 + 1e-3
    assert -1e-3 < noises[0].min() < 0.05
    assert 1.3 < noises[0].max() < 4 / 3 + 1e-3


def test_the_edges_of_two_cells_that_are_the_same_are_extended_by_the_same_settings():
    lower, higher, other = (search(30, extend=1).result(p, nearest_to(lr=at)) for p, at in ((1, 1.2), (1, 1.4), (2, 1.2)))
    assert lower.settings == higher.settings
    assert len(lower.settings) == len(other.settings) == 40
    assert set(lower.settings[30:]).isdisjoint(other.settings[30:])


@pytest.mark.parametrize("space", [{"lr": 0.01}, {"lr": Range(0.01, 0.01)}], ids=str)
def test_a_single_number_is_no_range_that_could_be_extended(space: dict[str, float | Range]):
    of = search(extend=3, **space)
    assert of.largest_extension == 0
    result = of.result(1, lambda settings: settings[0])
    assert len(result.settings) == 6
    assert {setting.lr for setting in result.settings} == {0.01}
    assert result.edges == []


def test_a_search_without_a_best_setting_is_not_extended():
    result = search(extend=3).result(1, lambda _: None)
    assert (len(result.settings), result.selected, result.edges) == (6, None, [])
