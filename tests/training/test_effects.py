"""Every setting of a protocol acts, and nothing else does."""

import dataclasses

import pytest
import torch

from gatebench.training.protocol import Member, Training
from support.training import CLOSE, MEMBERS, RMSPROP, Watched, every_engine, expected_gradient, numbers, run, setting, start

PLAIN = Training("step", 4, 6, 6, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})
EFFECTS = {
    "loss": {"loss": "sequence"},
    "batch": {"batch": 3},
    "epochs": {"epochs": 5},
    "patience": {"patience": 1},
    "optimizer": RMSPROP,
    "constants": {"constants": {"beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}},
    "clip_norm": {"clip_norm": 0.05},
    "weight_noise": {"weight_noise": 0.01},
    "weight_decay": {"weight_decay": 0.1},
    "dropout": {"dropout": 0.1},
    "decay_to": {"decay_to": 0.9},
    "input_range": {"input_range": 0.1},
    "readout_bias": {"readout_bias": "marginal"},
    "forget_bias": {"forget_bias": 1.0},
}


def test_effects_are_those_of_every_setting():
    """`test_carried` sees that ``carry_state`` acts, which is of windows of series alone, `test_weighting` that
    ``class_weights`` does, which is of labels alone.
    """
    assert {*EFFECTS, "carry_state", "class_weights"} == {field.name for field in dataclasses.fields(Training)}


@every_engine
def test_every_setting_has_an_effect(task, setup):
    steady, bumpy = ([Member("a", rate, seed) for seed in (1, 2)] for rate in (0.02, 2.0))
    for members, names in ((steady, EFFECTS.keys() - {"patience"}), (bumpy, {"patience"})):
        plain = run(task, PLAIN, members, engine=setup.engine)
        for name in names:
            changed = run(task, dataclasses.replace(PLAIN, **EFFECTS[name]), members, engine=setup.engine)
            for a, b in zip(plain, changed, strict=True):
                assert numbers(a) != numbers(b), name


@pytest.mark.parametrize("base", [PLAIN, dataclasses.replace(PLAIN, **RMSPROP)], ids=["adam", "rmsprop"])
def test_every_constant_has_an_effect(task, setup, base):
    plain = run(task, base, MEMBERS[:2], engine=setup.engine)
    for name, value in base.constants.items():
        # In single precision an epsilon is felt where it is not lost beside the root.
        factor = 1e3 if name == "epsilon" and setup.dtype == torch.float32 else 0.9
        changed = dataclasses.replace(base, constants={**base.constants, name: value * factor})
        for a, b in zip(plain, run(task, changed, MEMBERS[:2], engine=setup.engine), strict=True):
            assert numbers(a) != numbers(b), name


@pytest.mark.parametrize("name", ["lr", "seed"])
@every_engine
def test_every_choice_of_a_member_has_an_effect(task, setup, name):
    member = MEMBERS[0]
    other = dataclasses.replace(member, **{name: getattr(member, name) * 2})
    a, b = run(task, PLAIN, [member, other], engine=setup.engine)
    assert numbers(a) != numbers(b)


def test_key_has_no_effect(task):
    for a, b in zip(
        run(task), run(task, members=[dataclasses.replace(member, key="other") for member in MEMBERS]), strict=True
    ):
        assert numbers(a) == numbers(b)


@pytest.mark.parametrize(("a", "b"), [({"batch": 13}, {"batch": 50}), ({"patience": 6}, {"patience": 50})])
@every_engine
def test_settings_that_mean_the_same_are_the_same(task, setup, a, b):
    runs = (run(task, setting(**values), engine=setup.engine) for values in (a, b))
    for one, other in zip(*runs, strict=True):
        assert numbers(one) == numbers(other)


def test_longer_training_begins_the_same(task):
    short, long = (run(task, setting(epochs=epochs, decay_to=1.0)) for epochs in (3, 6))
    for a, b in zip(short, long, strict=True):
        strip = [[{n: v for n, v in row.items() if n != "seconds"} for row in outcome.curve] for outcome in (a, b)]
        assert strip[0] == strip[1][: len(strip[0])]


@pytest.mark.parametrize("loss", ["step", "sequence"])
def test_loss_is_what_its_name_says(task, setup, loss):
    """The gradient of a batch of all sequences, from each sequence alone: a mean over steps, or over sequences."""
    population = start(task, dataclasses.replace(PLAIN, batch=13, loss=loss), MEMBERS[:2], engine=setup.engine)
    population.optimizer = Watched(population.optimizer)
    sequences = task.splits["train"]
    count = sum(map(len, sequences)) if loss == "step" else len(sequences)
    expected = expected_gradient(population, population.parameters, sequences, count)
    population.run_epoch()
    torch.testing.assert_close(population.optimizer.gradients[0].double(), expected, **CLOSE[setup.dtype])
