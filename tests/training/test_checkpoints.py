"""Training goes on from a checkpoint as if it had not been interrupted."""

import copy
import dataclasses
import json

import numpy as np
import pytest

from gatebench.training.loop import train
from gatebench.training.states import of_members
from support.training import MEMBERS, RMSPROP, WILD, every_engine, nothing, numbers, setting, start


def stored(population):
    """A state as a file would keep it: a copy of arrays, and plain values as text."""
    arrays, values = population.state()
    return {name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(values))


@pytest.mark.parametrize(
    ("settings", "members"),
    [
        ({}, MEMBERS),
        (RMSPROP, MEMBERS),
        ({"patience": 1, "epochs": 7, "decay_to": 1.0}, [dataclasses.replace(m, lr=0.2 + 0.1 * m.lr) for m in MEMBERS]),
        ({"epochs": 4}, [MEMBERS[0], WILD, MEMBERS[2]]),
    ],
    ids=["adam", "rmsprop", "some have stopped", "one has diverged"],
)
@every_engine
def test_going_on_from_any_pause_ends_the_same(task, setup, settings, members):
    training, engine = setting(**settings), setup.engine
    states = [stored(start(task, training, members, engine=engine))]
    population = start(task, training, members, engine=engine)
    population.pause = lambda: states.append(stored(population))
    whole = train(population, lambda population: states.append(stored(population)))
    amid = [state[1]["under_way"]["updates"] for state in states if "under_way" in state[1]]
    assert len(set(amid)) > 1  # amid an epoch, and in its evaluation
    for state in states[::7]:  # of the ten pauses of an epoch another one each time
        population = start(task, training, members, engine=engine)
        population.restore(copy.deepcopy(state))
        outcomes = train(population, nothing)
        assert [numbers(outcome) for outcome in outcomes] == [numbers(outcome) for outcome in whole]


@every_engine
def test_some_members_go_on_alone_from_a_state_of_all(task, setup):
    """From any pause, in any order, whether or not others have stopped; equal but for the rounding of another population."""
    training = setting(patience=2, epochs=7, decay_to=1.0)
    members = [dataclasses.replace(m, lr=0.2 + 0.1 * m.lr) for m in MEMBERS] + [dataclasses.replace(WILD, key="wild")]
    population, states = start(task, training, members, engine=setup.engine), []
    population.pause = lambda: states.append(stored(population))
    whole = train(population, nothing)
    assert len({outcome.epochs for outcome in whole}) > 1
    for chosen in ([1], [2, 0], [3]):
        for state in states[:: max(1, len(states) // 7)]:
            fewer = start(task, training, [members[k] for k in chosen], engine=setup.engine)
            fewer.restore(of_members(state, chosen))
            for k, outcome in zip(chosen, train(fewer, nothing), strict=True):
                assert (outcome.status, outcome.epochs, outcome.updates) == (
                    whole[k].status, whole[k].epochs, whole[k].updates,
                )  # fmt: skip
                if outcome.status == "finished":
                    assert outcome.scores["test"]["nll"] == pytest.approx(whole[k].scores["test"]["nll"], rel=1e-4)


def test_seconds_go_on(task):
    population = start(task)
    population.run_epoch()
    population.seconds += 100
    population.core_seconds += 1000
    again = start(task)
    again.restore(stored(population))
    outcomes = train(again, nothing)
    assert all(100 < outcome.seconds < 200 for outcome in outcomes)
    assert all(outcome.core_seconds is not None and 1000 < outcome.core_seconds < 1100 for outcome in outcomes)


def test_a_checkpoint_of_before_processor_time_was_measured_leaves_it_unknown(task):
    population = start(task)
    population.run_epoch()
    arrays, values = stored(population)
    del values["core_seconds"]
    again = start(task)
    again.restore((arrays, values))
    assert all(outcome.core_seconds is None and outcome.seconds > 0 for outcome in train(again, nothing))


@every_engine
def test_a_state_is_kept_apart_from_what_goes_on(task, setup):
    """A restored population does not write into the state that it came from."""
    population = start(task, engine=setup.engine)
    population.run_epoch()
    state = stored(population)
    before = copy.deepcopy(state)
    again = start(task, engine=setup.engine)
    again.restore(state)
    train(again, nothing)
    assert state[1] == before[1]
    assert all(np.array_equal(state[0][name], array) for name, array in before[0].items())
