"""A plan fits its time, whatever the data and the machine; more time never makes a worse one."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.cli import compose
from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.study import schedule
from gatebench.study.schedule import PARAMETERS, ComparisonPlan, DataSize, Pace

COUNT = st.integers(1, 10**7)
SIZES = st.builds(
    DataSize, sequences=st.integers(1, 10**6), predictions=COUNT, outputs=st.integers(1, 300), inputs=st.integers(1, 300)
)
SECONDS = st.floats(1e-5, 1e3)
PACE = st.dictionaries(st.sampled_from(["rnn", "lstm", "gru", "mgu"]), st.builds(Pace, SECONDS, SECONDS), min_size=2)
SMALL = DataSize(sequences=140, predictions=4200, outputs=1, inputs=30)
"""Most of 200 sequences of 30 symbols."""
EVEN: dict[str, Pace] = {cell: Pace(alone=0.05, many=0.27) for cell in ("rnn", "lstm", "gru")}
"""An epoch of one trial takes 0.03 s and 0.02 s for each."""


@given(SIZES, PACE, st.floats(0, 1e6))
def test_a_plan_ends_in_time_or_there_is_none_that_does(size: DataSize, pace: dict[str, Pace], seconds: float):
    plan = schedule.best_fitting_plan(size, 1000, pace, seconds)
    if plan is None:
        assert schedule.fewest_seconds(size, 1000, pace) > seconds
    else:
        assert plan.seconds(pace) <= seconds


@given(SIZES, PACE, st.floats(0, 1e6), st.floats(1, 10))
def test_more_time_or_a_faster_machine_is_never_worse(size: DataSize, pace: dict[str, Pace], seconds: float, factor: float):
    plan, faster = (
        schedule.best_fitting_plan(size, 1000, pace, seconds),
        {cell: Pace(of_one.alone / factor, of_one.many / factor) for cell, of_one in pace.items()},
    )
    for better in (
        schedule.best_fitting_plan(size, 1000, pace, seconds * factor),
        schedule.best_fitting_plan(size, 1000, faster, seconds),
    ):
        if plan is not None:
            assert better is not None
            assert all(getattr(better, name) >= getattr(plan, name) for name in ("epochs", "search", "pipelines"))


@given(SIZES, PACE)
def test_plans_go_from_the_best_down(size: DataSize, pace: dict[str, Pace]):
    plans = list(schedule.candidate_plans(size, 1000))
    seconds = [plan.seconds(pace) for plan in plans]
    assert seconds == sorted(seconds, reverse=True)
    assert len({(plan.parameters, plan.batch) for plan in plans}) == 1
    assert plans[-1].pipelines >= 2
    assert plans[-1].search >= 3


@given(SIZES)
def test_a_trial_has_enough_updates_and_not_too_many(size: DataSize):
    updates = math.ceil(size.sequences / schedule.batch_size(size))
    for plan in schedule.candidate_plans(size, 1000):
        assert schedule.FEWEST_EPOCHS <= plan.epochs <= schedule.EPOCHS
        assert plan.epochs * updates >= schedule.FEWEST_UPDATES or plan.epochs == schedule.EPOCHS
        assert plan.epochs == schedule.FEWEST_EPOCHS or plan.epochs * updates <= schedule.UPDATES + updates


@given(SIZES)
def test_a_batch_leaves_updates_in_an_epoch(size: DataSize):
    batch = schedule.batch_size(size)
    assert batch.bit_count() == 1
    assert batch <= schedule.LARGEST_BATCH
    assert batch == 1 or size.sequences / batch >= schedule.UPDATES_PER_EPOCH
    assert batch == schedule.LARGEST_BATCH or size.sequences / (2 * batch) < schedule.UPDATES_PER_EPOCH


@given(SIZES, COUNT)
def test_more_data_never_has_a_smaller_budget(size: DataSize, more: int):
    assert schedule.recurrent_parameters(size) in PARAMETERS
    assert schedule.recurrent_parameters(
        replace(size, predictions=size.predictions + more)
    ) >= schedule.recurrent_parameters(size)


@given(st.integers(1, 1000))
def test_every_cell_has_units_at_any_width(inputs: int):
    budget = schedule.recurrent_parameters(DataSize(1, 1, 1, inputs))
    for cell in ("rnn", "gru", "lstm"):
        graph = trace.load(cell)
        assert cost(graph, graph.sizes(inputs, 2), 1).parameters_recurrent <= budget


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (DataSize(13, 91, 12, 12), 1_000),
        (SMALL, 5_000),
        (DataSize(140, 4200, 5, 5), 20_000),
        (DataSize(10**5, 10**7, 88, 88), 100_000),
        (DataSize(1, 1, 1, 100), 5_000),
        (DataSize(140, 140, 1, 10), 1_000),
    ],
)
def test_budgets(size: DataSize, expected: int):
    assert schedule.recurrent_parameters(size) == expected


def test_an_epoch_of_any_population_takes_what_those_that_were_timed_say():
    pace = EVEN["gru"]
    assert [pace.seconds(members) for members in (1, 2, 4, 8, 12)] == pytest.approx([0.05, 0.07, 0.11, 0.19, 0.27])
    assert Pace(alone=0.05, many=0.04).seconds(12) == 0.05, "more trials never take less"


def test_a_worked_plan():
    # 35 updates an epoch of batches of 4: 4000 updates are 114 epochs; 12 settings, 8 of extensions, 1 confirming trial, and
    # their evaluation: 8 * 3 (1 + 115 (0.27 + 0.19 + 0.05)) = 1431.6 s.
    best = ComparisonPlan(5000, 4, 114, search=12, pipelines=8)
    assert best.seconds(EVEN) == pytest.approx(1431.6)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 1432) == best
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 1431) == replace(best, search=10)
    # 400 updates are 12 epochs: 2 * 3 (1 + 13 (0.09 + 0.07 + 0.05)) = 22.38 s.
    assert schedule.fewest_seconds(SMALL, 5000, EVEN) == pytest.approx(22.38)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 22.4) == ComparisonPlan(5000, 4, 12, search=3, pipelines=2)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 22.3) is None


def test_what_is_trained_together_is_planned_with_the_largest_extension_that_it_may_have():
    (job, *_) = compose.compose_jobs(["study=compare", "search.size=7"])
    assert job.search.extend == 1
    assert [len(seeds) for seeds in job.seeds] == [1]
    assert ComparisonPlan(1000, 1, 1, search=7, pipelines=1).populations == (7, job.search.largest_extension, 1)


def test_pipelines_that_fit():
    assert [schedule.further_pipelines(2.0, seconds, 5) for seconds in (-3, 0, 1.9, 2, 9.9, 100)] == [0, 0, 0, 1, 4, 5]
    assert schedule.further_pipelines(0.0, 10, 5) == schedule.further_pipelines(math.nan, 10, 5) == 0
