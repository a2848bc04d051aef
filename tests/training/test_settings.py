"""A setting that cannot be trained with is refused by its name; a default changes nothing."""

import dataclasses
import math

import pytest

from gatebench.core.errors import BadInput
from gatebench.core.validation import construct
from gatebench.training.optimizers import adam, rmsprop
from gatebench.training.protocol import Training

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
RMSPROP = {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}
GIVEN = {"loss": "step", "batch": 4, "epochs": 10, "patience": 3, "optimizer": "adam", "constants": ADAM}


def training(**values):
    return construct(Training, "training", {**GIVEN, **values})


BAD = [
    ("batch", 0),
    ("batch", -3),
    ("batch", 2.5),
    ("batch", True),
    ("epochs", 0),
    ("epochs", "many"),
    ("patience", 0),
    ("patience", None),
    ("loss", "frame"),
    ("loss", None),
    ("optimizer", "sgd"),
    ("optimizer", "norm"),
    ("clip_norm", 0),
    ("clip_norm", -1.0),
    ("clip_norm", math.nan),
    ("clip_norm", "1"),
    ("weight_noise", -0.1),
    ("weight_noise", math.nan),
    ("weight_noise", math.inf),
    ("weight_noise", None),
    ("decay_to", -0.5),
    ("decay_to", math.nan),
    ("input_range", -0.1),
    ("input_range", math.nan),
    ("input_range", math.inf),
    ("input_range", [0.1]),
    ("readout_bias", "one"),
    ("forget_bias", "much"),
    ("forget_bias", math.nan),
    ("forget_bias", math.inf),
    ("constants", None),
    ("constants", {"beta1": 0.9, "beta2": "0.999", "epsilon": 1e-8}),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{name}={value}" for name, value in BAD])
def test_bad_value_is_named(name, value):
    with pytest.raises(BadInput) as error:
        training(**{name: value})
    assert f"training.{name} is {value!r}, expected " in str(error.value)
    assert "\n" not in str(error.value)


BAD_CONSTANTS = [
    ("adam", ADAM, "beta1", 1.0),  # divides by 1 - beta1
    ("adam", ADAM, "beta1", -0.1),
    ("adam", ADAM, "beta2", 1.0),
    ("adam", ADAM, "beta2", 1.5),
    ("adam", ADAM, "epsilon", -1e-8),
    ("adam", ADAM, "epsilon", 0.0),  # 0 / 0 where a gradient is zero, as that of a key which is never on
    ("adam", ADAM, "beta2", math.nan),
    ("rmsprop", RMSPROP, "averaging", 1.5),  # square root of a negative mean
    ("rmsprop", RMSPROP, "averaging", -0.1),
    ("rmsprop", RMSPROP, "momentum", 1.0),
    ("rmsprop", RMSPROP, "floor", 0.0),  # 0 / 0 again
    ("rmsprop", RMSPROP, "floor", math.nan),
]


@pytest.mark.parametrize(("rule", "constants", "name", "value"), BAD_CONSTANTS)
def test_bad_constant_is_named(rule, constants, name, value):
    with pytest.raises(BadInput, match=rf"training\.constants\.{name} is {value!r}, expected "):
        training(optimizer=rule, constants={**constants, name: value})


@pytest.mark.parametrize("name", GIVEN)
def test_missing_setting_is_named(name):
    with pytest.raises(BadInput, match=f"training.*'{name}'"):
        construct(Training, "training", {key: value for key, value in GIVEN.items() if key != name})


@pytest.mark.parametrize(("rule", "constants"), [("adam", ADAM), ("rmsprop", RMSPROP)])
def test_missing_constant_is_named(rule, constants):
    for name in constants:
        with pytest.raises(BadInput, match=rf"training\.constants.*'{name}'"):
            training(optimizer=rule, constants={key: value for key, value in constants.items() if key != name})


def test_unknown_setting_suggests_the_nearest():
    with pytest.raises(BadInput, match=r"unknown setting 'training\.epoch'; did you mean 'epochs'"):
        training(epoch=3)


def test_constants_of_another_optimizer():
    with pytest.raises(BadInput, match=r"unknown setting 'training\.constants\.averaging'.*beta1, beta2, epsilon"):
        training(constants=RMSPROP)


def test_rule_has_its_constants():
    assert training().build_optimizer() == adam(0.9, 0.999, 1e-8)
    assert training(optimizer="rmsprop", constants=RMSPROP).build_optimizer() == rmsprop(0.95, 0.9, 0.01)


def test_defaults_are_neutral():
    """What each default says is that its part of the protocol is not there. `test_effects` sees that each one acts."""
    defaults = {f.name: f.default for f in dataclasses.fields(Training) if f.default is not dataclasses.MISSING}
    assert defaults == {
        "clip_norm": None,
        "weight_noise": 0.0,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "decay_to": 1.0,
        "input_range": None,
        "readout_bias": "zero",
        "forget_bias": 0.0,
        "carry_state": None,
        "class_weights": "none",
    }
    assert training(**defaults) == training()
