"""A plan fits its time, whatever the data and the machine; more time never makes a worse one."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.study import schedule
from gatebench.study.schedule import PARAMETERS, ComparisonPlan, DataSize

COUNT = st.integers(1, 10**7)
SIZES = st.builds(
    DataSize, sequences=st.integers(1, 10**6), predictions=COUNT, outputs=st.integers(1, 300), inputs=st.integers(1, 300)
)
SECONDS_PER_EPOCH = st.dictionaries(st.sampled_from(["rnn", "lstm", "gru", "mgu"]), st.floats(1e-5, 1e3), min_size=2)
SMALL = DataSize(sequences=140, predictions=4200, outputs=1, inputs=30)
"""Most of 200 sequences of 30 symbols."""
EVEN = {"rnn": 0.02, "lstm": 0.02, "gru": 0.02}


@given(SIZES, SECONDS_PER_EPOCH, st.floats(0, 1e6))
def test_a_plan_ends_in_time_or_there_is_none_that_does(size: DataSize, seconds_per_epoch: dict[str, float], seconds: float):
    plan = schedule.best_fitting_plan(size, 1000, seconds_per_epoch, seconds)
    if plan is None:
        assert schedule.fewest_seconds(size, 1000, seconds_per_epoch) > seconds
    else:
        assert plan.seconds(seconds_per_epoch) <= seconds


@given(SIZES, SECONDS_PER_EPOCH, st.floats(0, 1e6), st.floats(1, 10))
def test_more_time_or_a_faster_machine_is_never_worse(
    size: DataSize, seconds_per_epoch: dict[str, float], seconds: float, factor: float
):
    plan, faster = (
        schedule.best_fitting_plan(size, 1000, seconds_per_epoch, seconds),
        {cell: of_one / factor for cell, of_one in seconds_per_epoch.items()},
    )
    for better in (
        schedule.best_fitting_plan(size, 1000, seconds_per_epoch, seconds * factor),
        schedule.best_fitting_plan(size, 1000, faster, seconds),
    ):
        if plan is not None:
            assert better is not None
            assert all(getattr(better, name) >= getattr(plan, name) for name in ("epochs", "search", "seeds"))


@given(SIZES, SECONDS_PER_EPOCH)
def test_plans_go_from_the_best_down(size: DataSize, seconds_per_epoch: dict[str, float]):
    plans = list(schedule.candidate_plans(size, 1000))
    seconds = [plan.seconds(seconds_per_epoch) for plan in plans]
    assert seconds == sorted(seconds, reverse=True)
    assert len({(plan.parameters, plan.batch) for plan in plans}) == 1
    assert plans[-1].seeds >= 3 <= plans[-1].search


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


def test_a_worked_plan():
    # 35 updates an epoch of batches of 4: 4000 updates are 114 epochs; 3 (1 + 0.02 * 114 * 36) = 249 s.
    best = ComparisonPlan(5000, 4, 114, 16, 20)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 250) == best
    assert best.seconds(EVEN) == pytest.approx(249.24)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 249) == ComparisonPlan(5000, 4, 114, 16, 10)
    # 400 updates are 12 epochs: 3 (1 + 0.02 * 12 * 6) = 7.32 s.
    assert schedule.fewest_seconds(SMALL, 5000, EVEN) == pytest.approx(7.32)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 7.4) == ComparisonPlan(5000, 4, 12, 3, 3)
    assert schedule.best_fitting_plan(SMALL, 5000, EVEN, 7.3) is None


def test_seeds_that_fit():
    assert [schedule.further_seeds(2.0, seconds, 5) for seconds in (-3, 0, 1.9, 2, 9.9, 100)] == [0, 0, 0, 1, 4, 5]
    assert schedule.further_seeds(0.0, 10, 5) == schedule.further_seeds(math.nan, 10, 5) == 0
