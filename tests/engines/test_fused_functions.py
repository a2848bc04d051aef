"""The elementwise functions of the engine for processors: their accuracy, their ends, and exact division."""

import ctypes

import numpy as np
import pytest

from gatebench.engines.fused_cpu import functions
from gatebench.engines.fused_cpu.builder import FunctionBuilder
from support.machine_code import HERE, address, build

FUNCTIONS = ["exp", "sigmoid", "tanh", "log1p", "log"]
ENDS = np.array([0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 1e-30, 1e-7, -1e-7], np.float32)


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def compute(processor):
    """``compute(name, x)``: one of our functions of a vector of any length."""

    def make(module):
        for name in (*FUNCTIONS, "scaled"):
            c = FunctionBuilder(module, processor, f"all_{name}", "count A C D", exported=True)
            with c.loop(0, c.count, processor.lanes) as i:
                values = getattr(functions, name)(c, c.load(c.at(c.A, i)))
                mask = c.lanes_below(c.sub(c.count, i))
                for value, to in zip(values if isinstance(values, tuple) else (values,), (c.C, c.D), strict=False):
                    c.store(value, c.at(to, i), mask)
            c.end()

    engine = build(processor, make)

    def call(name, x):
        x = np.asarray(x, np.float32)
        inputs = np.append(x, np.full(32, np.nan, np.float32))  # read with the last vector, and of no account
        outputs = np.full((2, len(inputs)), -7, np.float32)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * 3)
        kind(engine.get_function_address(f"all_{name}"))(len(x), *map(address, (inputs, outputs[0], outputs[1])))
        assert (outputs[:, len(x) :] == -7).all(), "nothing is written past the last number"
        return outputs[:, : len(x)] if name == "scaled" else outputs[0, : len(x)]

    return call


def spread(low, high, count=20_001):
    """Numbers between two limits, also very small ones."""
    random = np.random.default_rng(1)
    small = np.float32(10) ** random.uniform(-37, 0, count) * random.choice([-1, 1], count)
    x = np.concatenate([np.linspace(low, high, count), random.uniform(low, high, count), small, ENDS]).astype(np.float32)
    return x[(x >= low) & (x <= high)]


def in_places(computed, expected):
    """The largest error in units of the last place of float32."""
    return (np.abs(computed - expected) / np.spacing(np.abs(expected).astype(np.float32)).astype(float)).max()


def logistic(x):
    return 1 / (1 + np.exp(-x))


RELATIVE = {
    "exp": (np.exp, -87, 88, 2),
    "sigmoid": (logistic, -86, 88, 4),
    "tanh": (np.tanh, -50, 50, 4),
    "log1p": (np.log1p, 0, 1, 4),
    "log": (np.log, 1.001, 3e38, 4),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_exact_to_a_few_units_of_the_last_place(compute, name):
    function, low, high, places = RELATIVE[name]
    x = spread(low, high)
    if name == "log":
        x = np.concatenate(
            [x, np.geomspace(low, high, 20_000, dtype=np.float32), np.linspace(1.001, 50, 20_000, dtype=np.float32)]
        )
    assert len(x) > 20_000
    assert in_places(compute(name, x).astype(float), function(x.astype(float))) <= places


def test_tanh_near_one_is_within_one_and_a_half_units_of_the_last_place(compute):
    """A derivative of tanh is 1 less its square: where that is small, it is off by what tanh is, twice."""
    x = np.linspace(0.5, 12, 200_001, dtype=np.float32)
    assert np.abs(compute("tanh", x) - np.tanh(x.astype(float))).max() <= 1.5 * 2.0**-24
    assert (compute("tanh", x[x > 9.02]) == 1).all()


def test_log_near_one_has_a_small_absolute_error(compute):
    x = np.linspace(1, 1.01, 10_001, dtype=np.float32)
    assert compute("log", [1.0])[0] == 0
    assert np.abs(compute("log", x) - np.log(x.astype(float))).max() < 1e-7


def test_exp_of_a_number_as_parts_gives_exp_minus_one(compute):
    """Of small numbers, too, where 1 would swallow the difference."""
    x = spread(-87, 88)
    s, q = (part.astype(float) for part in compute("scaled", x))
    assert (np.log2(s) == np.round(np.log2(s))).all()
    assert (np.abs(q) < 0.5).all()
    small = np.abs(x) < 0.3
    assert small.sum() > 1000
    assert (s[small] == 1).all()
    assert in_places(q[small], np.expm1(x[small].astype(float))) <= 3


def test_functions_far_out_stay_at_their_ends(compute):
    far = np.array([89, 1e3, 1e30, np.inf], np.float32)
    assert np.isfinite(compute("exp", far)).all()
    assert (compute("exp", far) >= np.exp(87.9)).all()
    assert (np.abs(compute("exp", -far)) < 1e-37).all()
    assert (compute("sigmoid", far) == 1).all()
    assert (np.abs(compute("sigmoid", -far)) < 1e-37).all()
    assert (compute("tanh", far) == 1).all()
    assert (compute("tanh", -far) == -1).all()


def test_tanh_keeps_the_sign_and_sigmoid_the_half(compute):
    x = spread(-50, 50)
    assert np.array_equal(compute("tanh", -x), -compute("tanh", x))
    assert np.signbit(compute("tanh", np.array([-0.0], np.float32)))[0]
    assert (compute("sigmoid", [0.0, -0.0]) == 0.5).all()
    assert (np.abs(compute("tanh", x)) <= 1).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_number_that_is_none_stays_none(compute, name):
    """In its lane, and in no other."""
    x = np.full(40, 1.25, np.float32)
    x[[0, 7, 8, 33]] = np.nan
    assert np.array_equal(np.isnan(compute(name, x)), np.isnan(x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_does_not_depend_on_its_lane(compute, name):
    x = np.linspace(1, 2, 37, dtype=np.float32) if name == "log" else np.linspace(0, 1, 37, dtype=np.float32)
    for shift in range(1, 17):
        assert np.array_equal(compute(name, np.roll(x, shift)), np.roll(compute(name, x), shift))


# division


@pytest.fixture(scope="module")
def divide():
    """``divide(a, d)``: the quotient, and the reciprocal of d, in this processor's own vectors."""

    def make(module):
        c = FunctionBuilder(module, HERE, "divide", "count A D Q R", exported=True)
        with c.loop(0, c.count, HERE.lanes) as i:
            a, d = c.load(c.at(c.A, i)), c.load(c.at(c.D, i))
            c.store(c.quotient(a, d), c.at(c.Q, i))
            c.store(c.reciprocal(d), c.at(c.R, i))
        c.end()

    engine = build(HERE, make)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * 4)

    def call(a, d):
        assert len(d) % HERE.lanes == 0
        quotient, reciprocal = np.zeros_like(d), np.zeros_like(d)
        kind(engine.get_function_address("divide"))(len(d), *map(address, (a, d, quotient, reciprocal)))
        return quotient, reciprocal

    return call


@pytest.mark.parametrize("exponent", [0, 1, 7, 100])
def test_a_reciprocal_is_that_of_a_division_for_every_mantissa(divide, exponent):
    d = (np.arange(2**23, dtype=np.uint32) + ((127 + exponent) << 23)).view(np.float32)
    assert np.array_equal(divide(d, d)[1], np.float32(1) / d)


def test_a_quotient_is_that_of_a_division(divide):
    random = np.random.default_rng(1)
    d = np.exp2(random.uniform(0, 30, 2**22)).astype(np.float32)
    d[: 2**21] = (random.integers(2**12, size=2**21, dtype=np.uint32) + 0x3FFFF000).view(np.float32)  # just below 2
    a = (d * np.exp2(random.uniform(-60, 0, len(d)))).astype(np.float32) * random.choice([-1, 1], len(d))
    a = a.astype(np.float32)
    assert np.array_equal(divide(a, d)[0], a / d)
