"""A trial's key: pinned for published trials, moved by whatever changes numbers and by nothing else."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from gatebench.cli import compose
from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.data.contents import Forecast, Target
from gatebench.graph.stack import Stack
from gatebench.records.keys import KeyedSettings, key
from gatebench.study.job import Job
from gatebench.study.search import Range
from gatebench.training.protocol import Training

RMSPROP = {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}
TRAINING = Training(
    loss="step",
    batch=16,
    epochs=60,
    patience=8,
    optimizer="adam",
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
)
SETTINGS = KeyedSettings(
    framing="next_step, bernoulli",
    content="c0ffee",
    equations="0123456789abcdef",
    sizes={"X": 88, "H": 46},
    training=TRAINING,
    lr=0.01,
    seed=1,
)
# Keys of settings that are written out here. One that moves orphans every record that was ever published under it.
CHUNG = Training(
    loss="sequence",
    batch=1,
    epochs=150,
    patience=20,
    optimizer="rmsprop",
    constants=RMSPROP,
    clip_norm=1.0,
    weight_noise=0.075,
    decay_to=0.01,
    input_range=0.1,
)
NOISY = replace(TRAINING, clip_norm=1.0, weight_noise=0.075, readout_bias="marginal", forget_bias=1.0)
GOLDEN = {
    "234cd662126a7043": SETTINGS,
    "050cd1fdb6eb75c2": replace(SETTINGS, training=NOISY, seed=2),
    "0b22d4b55cb53d9f": replace(SETTINGS, sizes={"X": 88, "H": 36}, lr=1e-3, training=CHUNG),
}
# Keys of real trials, composed as the command composes them, from the cards alone.
PUBLISHED = {
    "a2e68007eb900cf0": "cell=gru",
    "9ed296a1c1d807c8": "cell=lstm",
    "36f673793345e722": "cell=lstm_augmented",
    "6b77de8b6d7d8724": "cell=rnn task=nottingham training=chung2014",
    "626b6f5e09c91a4c": "cell=lstm_peephole task=bach_chorales budget.units=36",
    "aad9c3be30828c02": "cell=gru task=librispeech_short training=modern_speech",
    "6d77ee8fa1542440": "cell=rnn task=librispeech_long training=modern_speech task.likelihood.covariance=full",
}
SIZE = ["budget=units_64", "budget.units=48"]
POINT = ["task=jsb_chorales", "training=modern", "training.lr=0.01", "cell=gru"]

OTHER: dict[str, Any] = {
    "carry_state": False,
    "class_weights": "balanced",
    "loss": "sequence",
    "batch": 8,
    "epochs": 61,
    "patience": 9,
    "optimizer": "rmsprop",
    "constants": {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8},
    "clip_norm": 1.0,
    "weight_noise": 0.075,
    "weight_decay": 0.01,
    "dropout": 0.1,
    "decay_to": 0.5,
    "input_range": 0.1,
    "readout_bias": "marginal",
    "forget_bias": 1.0,
}
"""For each choice of the protocol, another value than that of `TRAINING`."""


def job(*overrides: str) -> Job:
    """The one job of a sweep, composed without data."""
    (one,) = jobs(*overrides)
    return one


@cache
def jobs(*overrides: str) -> list[Job]:
    """All jobs of a sweep."""
    size = () if "budget=" in " ".join(overrides) else SIZE
    return compose.compose_jobs([*POINT, *size, *overrides])


def key_of(*overrides: str) -> str:
    return trial(job(*overrides))


def trial(of: Job) -> str:
    """Key of a trial at one rate, with the noise and the decay of its protocol."""
    given = {name: of.search.space[name] for name in ("weight_noise", "weight_decay")}
    return of.member(Hyperparameters(0.01, **given), 1, of.training).key


@pytest.mark.parametrize(("pinned", "settings"), GOLDEN.items())
def test_the_keys_of_written_out_settings_are_pinned(pinned: str, settings: KeyedSettings):
    assert key(settings) == pinned


@pytest.mark.parametrize(("pinned", "overrides"), PUBLISHED.items())
def test_the_keys_of_real_trials_are_pinned(pinned: str, overrides: str):
    assert key_of(*overrides.split()) == pinned


def test_how_much_of_the_data_is_trained_on_is_in_the_key():
    whole = key_of()
    assert key_of("data.share=1.0", "data.window=null") == whole
    share, window = "data.share=0.1", "data.window=200"
    assert len({whole, key_of(share), key_of(window), key_of(share, window)}) == 4


def test_the_key_hashes_this_text():
    """Spelled as when the first keys were published: ``optimiser``, whatever the setting is called today."""
    numbers = {"beta1": "0.9", "beta2": "0.999", "epsilon": "1e-08"}
    training = {"loss": "step", "batch": "16.0", "epochs": "60.0", "patience": "8.0", "optimiser": "adam"}
    text = {
        "protocol": "1.0",
        "framing": "next_step, bernoulli",
        "content": "c0ffee",
        "equations": "0123456789abcdef",
        "sizes": {"X": "88.0", "H": "46.0"},
        "training": {**training, "constants": numbers},
        "lr": "0.01",
        "seed": "1.0",
    }
    assert key(SETTINGS) == hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()[:16]


def test_a_new_choice_at_its_neutral_default_keeps_every_key():
    @dataclass(frozen=True)
    class Later(Training):
        novelty: float = 0.0

    later = Later(**vars(TRAINING))
    assert key(replace(SETTINGS, training=later)) == key(SETTINGS)
    assert key(replace(SETTINGS, training=replace(later, novelty=0.5))) != key(SETTINGS)


def test_a_default_that_is_written_out_is_no_other_setting():
    defaults = {f.name: f.default for f in dataclasses.fields(Training) if f.default is not dataclasses.MISSING}
    assert len(defaults) >= 6
    assert key(replace(SETTINGS, training=replace(TRAINING, **defaults))) == key(SETTINGS)


def test_whole_floats_and_whole_numbers_are_one_number():
    whole = replace(TRAINING, forget_bias=1, clip_norm=1)
    assert key(replace(SETTINGS, training=whole, lr=1)) == key(
        replace(SETTINGS, training=replace(whole, forget_bias=1.0, clip_norm=1.0), lr=1.0)
    )


def test_one_layer_forwards_is_no_setting_and_other_stacks_are():
    assert key_of("model.layers=1", "model.bidirectional=false") == key_of()
    stacks = [None, Stack(2), Stack(3), Stack(1, True), Stack(2, True)]
    assert len({key(replace(SETTINGS, model=stack)) for stack in stacks}) == len(stacks)
    assert key_of("model.layers=2") != key_of()


def test_which_columns_are_the_target_is_part_of_the_key():
    """One content may be read in several ways; without a target a key says nothing of it."""
    plain = job()
    aims = [None, Target("step", "label"), Target("sequence", "label"), Target("step", "value"), Target("step", "value", 2)]
    framed = []
    for aim in aims:
        other = replace(plain, predict=plain.predict)
        other.__dict__["card"] = replace(plain.card, target=aim)
        other.__dict__["framing"] = plain.framing
        framed.append(trial(other))
    assert len(set(framed)) == len(aims)
    assert framed[0] == key_of()


def test_what_is_forecast_is_part_of_the_key():
    plain = job()
    forecasts = [None, Forecast(), Forecast(("1",)), Forecast(("1", "2")), Forecast(known=("1",)), Forecast(horizon=2)]
    keyed = []
    for one in forecasts:
        other = replace(plain, predict=plain.predict)
        other.__dict__["card"] = replace(plain.card, forecast=one)
        other.__dict__["framing"] = plain.framing
        keyed.append(trial(other))
    assert len(set(keyed)) == len(forecasts)
    assert keyed[0] == key_of()


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Training)])
def test_every_choice_of_the_protocol_moves_the_key(name: str):
    # Two rules have no constants in common, so a change of the rule brings its own.
    change = {name: OTHER[name], **({"constants": RMSPROP} if name == "optimizer" else {})}
    assert key(replace(SETTINGS, training=replace(TRAINING, **change))) != key(SETTINGS)


@pytest.mark.parametrize(
    "change",
    [
        {"framing": "next_step, gaussian"},
        {"content": "c0ffef"},
        {"equations": "0123456789abcdee"},
        {"sizes": {"X": 88, "H": 47}},
        {"sizes": {"X": 88, "H": 46, "P": 23}},
        {"lr": 0.010000000000000002},
        {"seed": 2},
    ],
)
def test_everything_else_that_changes_numbers_moves_the_key(change: dict[str, Any]):
    assert key(replace(SETTINGS, **change)) != key(SETTINGS)


def test_keys_of_all_these_differ():
    trainings = [TRAINING, *(replace(TRAINING, **{name: value}) for name, value in OTHER.items() if name != "optimizer")]
    assert len({key(replace(SETTINGS, training=training)) for training in trainings}) == len(OTHER)


def test_what_does_not_change_a_trials_numbers_does_not_move_its_key():
    where = ["name=another", "results=elsewhere", "publish=false", "engine=reference", "engine.threads=2"]
    whom = ["population.max=2", "population.seeds=[1,7]", "search.size=3", "search.seed=7", "training.ranges.lr.high=0.5"]
    assert key_of(*where, *whom, "training.lr=0.2") == key_of()


@pytest.mark.parametrize("where", [{"engine": "another"}, {"device": "cuda"}], ids=str)
def test_the_engine_and_its_device_do_not_move_the_key(where: dict[str, str]):
    assert trial(replace(job(), **where)) == key_of()


def test_the_budget_that_led_to_the_units_does_not_move_the_key():
    by_parameters = job("budget=parameters_20k")
    assert trial(by_parameters) == key_of("budget=units_64", f"budget.units={by_parameters.units}")


def test_another_cell_data_set_or_protocol_moves_the_key():
    points = jobs("cell=gru,gru_reset_after", "task=jsb_chorales,nottingham", "training=modern,chung2014")
    keys = {trial(job) for job in points}
    assert len(keys) == 2 * 2 * 2
    assert key_of() in keys


def test_the_augmented_lstm_with_everything_off_is_the_vanilla_one():
    off = ["cell.gate=false", "cell.projection=null", "cell.length=1"]
    keys = {trial(job) for job in jobs("cell=lstm_augmented", *off, "cell.window=past,ahead")}
    assert keys == {key_of("cell=lstm_sherstinsky")}
    assert key_of("cell=lstm_augmented") not in keys


def test_a_larger_search_contains_the_smaller_one():
    free = "training.lr=null"
    smaller, larger = (job(free, f"search.size={size}").searched() for size in (3, 8))
    assert larger[:3] == smaller
    assert len({member.key for member in larger}) == 8
    assert {member.seed for member in larger} == {0}


BOTH = ("training.lr=null", "training.weight_noise=null")
DECAYS = ("training.weight_decay=null", "training.ranges.weight_decay={low:0.01,high:0.5}")


def test_all_cells_search_the_same_settings():
    rnn, gru = (job.search for job in jobs(*BOTH, *DECAYS, "cell=rnn,gru", "search.size=50"))
    assert rnn.settings() == gru.settings()
    for name in TUNABLE:
        limits, values = rnn.space[name], [getattr(setting, name) for setting in rnn.settings()]
        assert isinstance(limits, Range)
        assert all(limits.low <= value <= limits.high for value in values)
        # Halton's points are spread more evenly than independent ones: a fifth of the range has its fifth of them.
        positions = np.log(np.array(values) / limits.low) / np.log(limits.high / limits.low)
        assert np.abs(np.histogram(positions, 5, (0, 1))[0] - 10).max() <= 2


def test_rates_are_those_of_a_search_over_rates_alone():
    alone, both = job("training.lr=null").search, job(*BOTH).search
    assert [setting.lr for setting in both.settings()] == [setting.lr for setting in alone.settings()]
    assert {setting.weight_noise for setting in alone.settings()} == {0.075}
    with_decay = job(*BOTH, *DECAYS).search
    without_decay = [replace(setting, weight_decay=0.0) for setting in with_decay.settings()]
    assert without_decay == both.settings()


@pytest.mark.parametrize("given", [["training.lr=0.01"], ["training.lr=0.01", "training.weight_noise=0"]], ids=str)
def test_nothing_is_searched_for_where_all_is_given(given: list[str]):
    assert job(*given).searched() == []
    assert job(*given).search.given is not None


@pytest.mark.parametrize("null", TUNABLE)
def test_what_is_null_is_searched_for(null: str):
    values = {"lr": "0.01", "weight_noise": "0.1", "weight_decay": "0.2"} | {null: "null"}
    of = job(*(f"training.{name}={value}" for name, value in values.items()), "search.size=4", DECAYS[1])
    assert of.search.given is None
    assert len({getattr(member, null) for member in of.searched()}) == 4
    for other in values.keys() - {null}:
        assert {getattr(member, other) for member in of.searched()} == {float(values[other])}
    assert len({member.key for member in of.searched()}) == 4
