"""What it would take to show a difference: against published tables, exact distributions and simulation."""

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from scipy import stats

from gatebench.report.stats.crossed import SequenceScores, VarianceComponents, difference
from gatebench.report.stats.power import RequiredSample, equivalence_power, power, required, required_sample

LEVEL = 0.05


def of_seeds(scores: "np.ndarray | list[float]") -> SequenceScores:
    """Seeds whose records have no sequences."""
    return SequenceScores(np.array(scores, float)[:, None], np.ones(1))


@pytest.mark.parametrize(("effect", "expected"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_cohens_table(effect: float, expected: int):
    """Cohen 1988, table 2.4.1: runs of each group for 80% power at 5%, two-sided; effects in standard deviations."""
    one = np.array([-1, 1]) / np.sqrt(2)
    assert one.std(ddof=1) == pytest.approx(1)
    needed = required_sample(of_seeds(one), of_seeds(one + effect), LEVEL)
    assert needed is not None
    assert needed.repetitions == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(("away", "freedom"), [(0.5, 3), (1, 5), (3, 2), (2.8, 18), (4, 400)])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_power_is_that_of_the_noncentral_t(away: float, freedom: float, level: float):
    limit = stats.t.ppf(1 - level / 2, freedom)
    exact = stats.nct.sf(limit, freedom, away) + stats.nct.cdf(-limit, freedom, away)
    assert power(2 * away, 2, freedom, level) == pytest.approx(exact, abs=2e-3)


def test_power_at_its_ends():
    assert power(0, 1, 10, LEVEL) == pytest.approx(LEVEL, abs=1e-3)
    assert power(1, 1e-3, 10**6, LEVEL) == 1
    assert (power(0, 0, 1, LEVEL), power(1, 0, 1, LEVEL)) == (0, 1)


def crossed(
    random: Generator, seeds: int, sequences: np.ndarray, of_seed: float, both: float, mean: float
) -> SequenceScores:
    """A mean in nats per step, with normal effects of seeds, of given sequences of 10 steps, and of both together."""
    effects = random.normal(0, of_seed, (seeds, 1)) + sequences + random.normal(0, both, (seeds, len(sequences)))
    return SequenceScores(10 * (mean + effects), np.full(len(sequences), 10))


def pair(random: Generator, seeds: int, tested: int, apart: float) -> tuple[SequenceScores, SequenceScores]:
    """Two cells; what a sequence is worth differs between them by a standard deviation of 0.1."""
    easy, other = random.normal(0, 0.5, tested), random.normal(0, 0.1, tested)
    return crossed(random, seeds, easy, 0.05, 0.1, 2), crossed(random, seeds, easy + other, 0.05, 0.1, 2 + apart)


def test_the_parts_of_the_variance_are_those_that_were_planted():
    random, components = default_rng(0), []
    for _ in range(400):
        parts = VarianceComponents.estimate(*pair(random, 8, 30, 0))
        components.append([*parts.repetitions, *parts.interactions, parts.sequences])
    seeds, together, sequences = 0.05**2 / 8, 0.1**2 / 8 / 30, 0.1**2 / 30
    np.testing.assert_allclose(np.mean(components, 0), [seeds, seeds, together, together, sequences], rtol=0.1)


def test_an_error_with_more_of_both_is_that_of_so_many():
    parts = VarianceComponents.estimate(*pair(default_rng(1), 8, 30, 0))
    error, freedom = parts.standard_error((8, 8), 30)
    assert parts.standard_error((32, 32), 120)[0] ** 2 == pytest.approx(
        (sum(parts.repetitions) + parts.sequences) / 4 + sum(parts.interactions) / 16
    )
    assert parts.standard_error((32, 32), 120)[1] > freedom
    assert parts.standard_error((10**6, 10**6), 30)[0] == pytest.approx(parts.sequences**0.5, rel=1e-3)
    # The numbers that are there have the error that is tested with.
    tested = difference(*pair(default_rng(1), 8, 30, 0))
    assert (tested.error, tested.freedom) == (error, freedom) == parts.standard_error()


PLANTED = VarianceComponents((0.05**2 / 8,) * 2, (0.1**2 / 8 / 30,) * 2, 0.1**2 / 30, (8, 8), 30, 30)
"""Of `pair`, with eight repetitions and thirty sequences."""


def sizes(what: str, value: float) -> tuple[int, int]:
    """Numbers of repetitions and of sequences where so much of one, or of both, is taken."""
    repetitions = {"repetitions": round(value), "sequences": 8, "factor": round(8 * value)}[what]
    return repetitions, {"repetitions": 30, "sequences": round(value), "factor": round(30 * value)}[what]


@pytest.mark.parametrize("what", ["repetitions", "sequences", "factor"])
def test_with_as_much_as_it_takes_four_of_five_studies_show_it(what: str):
    """Of studies with the number that the variances ask for, where these are known."""
    apart = {"repetitions": 0.07, "sequences": 0.08, "factor": 0.06}[what]
    value = getattr(required(PLANTED, apart, LEVEL), what)
    assert value is not None
    repetitions, tested = sizes(what, value)
    random = default_rng(2)
    shown = np.mean([difference(*pair(random, repetitions, tested, apart)).p < LEVEL for _ in range(300)])
    assert 0.73 <= shown <= 0.87  # three standard errors of 300 studies


@pytest.mark.parametrize("what", ["repetitions", "sequences", "factor"])
@pytest.mark.parametrize("apart", [0.0, 0.01])
def test_with_as_much_as_it_takes_four_of_five_studies_show_equivalence(what: str, apart: float):
    value = getattr(required(PLANTED, apart, LEVEL, 0.08), what)
    assert value is not None
    repetitions, tested = sizes(what, value)
    random, shown = default_rng(3), []
    for _ in range(300):
        shown.append(difference(*pair(random, repetitions, tested, apart)).p_equivalent(0.08) < LEVEL)
    assert 0.73 <= np.mean(shown) <= 0.87


def test_a_small_difference_is_shown_to_be_small_sooner_than_to_be_there():
    small, wide = (required(PLANTED, 0.01, LEVEL, margin).repetitions for margin in (float("nan"), 0.2))
    assert small is None  # the sequences alone hide it
    assert wide is not None
    far = required(PLANTED, 0.07, LEVEL)
    assert required(PLANTED, 0.07, LEVEL, 0.08) == required(PLANTED, 0.07, LEVEL, 0.05) == far


@pytest.mark.parametrize(("freedom", "level"), [(4, 0.05), (30, 0.05), (30, 0.01)])
def test_power_of_two_one_sided_tests_is_how_often_they_pass(freedom: float, level: float):
    random = default_rng(4)
    estimates, errors = random.normal(0.5, 1, 40_000), np.sqrt(random.chisquare(freedom, 40_000) / freedom)
    passed = (np.abs(estimates) + stats.t.ppf(1 - level, freedom) * errors < 3).mean()
    assert equivalence_power(0.5, 3, 1, freedom, level) == pytest.approx(passed, abs=0.01)
    assert (equivalence_power(0.5, 1, 0, freedom, level), equivalence_power(1, 1, 0, freedom, level)) == (1, 0)


def test_where_the_test_split_is_the_limit_no_number_of_seeds_will_do():
    steps, sequences = np.full(10, 5), np.linspace(-1, 1, 10)
    a, b = (SequenceScores(5 * (2 + np.array([[-0.01], [0.01]]) + by), steps) for by in (sequences, 0.1 - sequences))
    needed = required_sample(a, b, LEVEL)
    assert needed is not None
    assert needed.repetitions is None
    assert needed.sequences is not None
    assert needed.sequences > 100


def test_where_seeds_are_the_limit_no_number_of_sequences_will_do():
    a, b = of_seeds([1.0, 2.0]), of_seeds([1.1, 2.1])
    needed = required_sample(a, b, LEVEL)
    assert needed is not None
    assert needed.sequences is None
    assert needed.factor == pytest.approx((needed.repetitions or 0) / 2, abs=0.5)


def test_no_difference_at_all_takes_more_than_there_is():
    assert required_sample(of_seeds([1.0, 2.0]), of_seeds([2.0, 1.0]), LEVEL) == RequiredSample(None, None, None)


def test_a_single_seed_says_nothing_of_what_it_takes():
    assert required_sample(of_seeds([1.0]), of_seeds([2.0, 3.0]), LEVEL) is None


def test_a_stricter_level_takes_more():
    a, b = of_seeds([1.0, 1.2, 1.4]), of_seeds([1.1, 1.3, 1.5])
    loose, strict = required_sample(a, b, LEVEL), required_sample(a, b, LEVEL / 3)
    assert loose is not None
    assert strict is not None
    assert (strict.repetitions or 0) > (loose.repetitions or 0)
