"""The operations that cells are written in as machine code: exact to 4 units of the last place over their whole range."""

import ctypes
import os

import numpy as np
import pytest

from gatebench.engines.fused_cpu.builder import FunctionBuilder
from gatebench.engines.fused_cpu.vocabulary import FUNCTIONS
from support.machine_code import address, build

pytestmark = pytest.mark.usefixtures("own_cache")

COUNT = max(2**18, int(os.environ.get("GATEBENCH_FUZZ", "0")))
"""Numbers that an operation is tried at; ``GATEBENCH_FUZZ=20000000`` tries as many."""
SMALLEST = 2.0**-126
LARGEST = 2.0**127
PLACES = 4


def softplus(x):
    return np.logaddexp(0, x)


def logistic(x):
    return np.exp(-softplus(-x))


# Operation -> what it computes, and the least and the largest argument. Where a result is denormal it is taken for zero.
EXACT = {
    "negative": (np.negative, -LARGEST, LARGEST),
    "square": (np.square, -1.8e19, 1.8e19),
    "sqrt": (np.sqrt, 0, LARGEST),
    "sigmoid": (logistic, -86, LARGEST),
    "tanh": (np.tanh, -LARGEST, LARGEST),
    "exp": (np.exp, -87.3, 88.7),
    "log": (np.log, SMALLEST, LARGEST),
    "softplus": (softplus, -87.3, LARGEST),
    "relu": (lambda x: np.maximum(x, 0), -LARGEST, LARGEST),
    "abs": (np.abs, -LARGEST, LARGEST),
    "sign": (np.sign, -LARGEST, LARGEST),
    "sin": (np.sin, -(2.0**20), 2.0**20),
    "cos": (np.cos, -(2.0**20), 2.0**20),
}
OF_TWO = {"sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum, "minimum": np.minimum}


@pytest.fixture(scope="module")
def compute(processor):
    """``compute(name, a, b)``: an operation of one vector of any length, or of two."""

    def make(module):
        for name in (*EXACT, *OF_TWO):
            c = FunctionBuilder(module, processor, f"all_{name}", "count A B C", exported=True)
            with c.loop(0, c.count, processor.lanes) as i:
                values = [c.load(c.at(array, i)) for array in (c.A, c.B)[: 1 + (name in OF_TWO)]]
                c.store(FUNCTIONS[name](c, *values), c.at(c.C, i), c.lanes_below(c.sub(c.count, i)))
            c.end()

    engine = build(processor, make)

    def call(name, a, b=0.0):
        a = np.asarray(a, np.float32)
        padded = [np.append(array, np.zeros(32, np.float32)) for array in (a, np.full_like(a, b))]
        result = np.zeros(len(a) + 32, np.float32)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * 3)
        kind(engine.get_function_address(f"all_{name}"))(len(a), *map(address, (*padded, result)))
        return result[: len(a)]

    return call


def spread(low, high):
    """Numbers of all sizes between two limits, as many of ordinary size, and the limits."""
    random = np.random.default_rng(1)
    sizes = np.exp2(random.uniform(-126, 128, COUNT)) * random.choice([-1, 1], COUNT)
    numbers = np.concatenate([sizes, random.uniform(max(low, -100), min(high, 100), COUNT), [low, high]])
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32)
    return numbers[(numbers >= low) & (numbers <= high)]


def in_places(computed, expected):
    """The largest error in units of the last place of float32."""
    return (np.abs(computed - expected) / np.spacing(np.abs(expected).astype(np.float32)).astype(float)).max()


def test_every_operation_is_tried():
    assert sorted([*EXACT, *OF_TWO, "add"]) == sorted(FUNCTIONS)


@pytest.mark.parametrize("name", EXACT)
def test_an_operation_is_exact_to_four_units_of_the_last_place(compute, name):
    function, low, high = EXACT[name]
    x = spread(low, high)
    assert len(x) > COUNT
    expected = function(x.astype(float))
    is_normal = (expected == 0) | (np.abs(expected) >= SMALLEST)
    assert is_normal.mean() > 0.5
    computed = compute(name, x).astype(float)
    assert in_places(computed[is_normal], expected[is_normal]) <= PLACES
    assert (np.abs(computed[~is_normal]) <= SMALLEST).all()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_angles_near_quarters_of_a_turn_are_exact_too(compute, name):
    """Where the value is small, of the numbers next to whole multiples."""
    multiples = (np.arange(1, 2**19) * (np.pi / 2)).astype(np.float32)
    x = np.concatenate([multiples, np.nextafter(multiples, np.float32(0))])
    assert in_places(compute(name, x).astype(float), getattr(np, name)(x.astype(float))) <= PLACES


def test_a_logarithm_near_one_is_exact_too(compute):
    x = (np.float32(1) + np.arange(-(2**19), 2**19) * 2.0**-24).astype(np.float32)
    assert in_places(compute("log", x).astype(float), np.log(x.astype(float))) <= PLACES


@pytest.mark.parametrize("name", OF_TWO)
def test_an_operation_of_two_is_that_of_the_processor(compute, name):
    a = spread(-1e15, 1e15)
    b = np.random.default_rng(2).permutation(a)
    b[np.abs(b) < 1e-15] = 3
    with np.errstate(under="ignore"):
        assert np.array_equal(compute(name, a, b), OF_TWO[name](a, b))


def test_far_ends(compute):
    inf = np.float32(np.inf)
    ends = [-inf, -LARGEST, -1e30, 0.0, 1e30, LARGEST, inf]
    assert compute("exp", ends).tolist() == [0, 0, 0, 1, inf, inf, inf]
    assert compute("softplus", ends).tolist() == [0, 0, 0, np.float32(np.log(2)), np.float32(1e30), np.float32(LARGEST), inf]
    assert compute("log", [0.0, -0.0, inf]).tolist() == [-inf, -inf, inf]
    assert np.isnan(compute("log", [-1e-30, -1.0, -inf])).all()
    assert np.isnan(compute("sqrt", [-1.0])).all()
    assert compute("div", [1.0, -1.0], 0.0).tolist() == [inf, -inf]
    for name in ("sin", "cos"):
        assert np.isnan(compute(name, [inf, -inf])).all()
        assert (np.abs(compute(name, ends[1:-1])) <= 1).all()
    assert compute("sign", [-inf, -1e-30, -0.0, 0.0, 1e-30, inf]).tolist() == [-1, -1, 0, 0, 1, 1]


@pytest.mark.parametrize("name", [*EXACT, *OF_TWO])
def test_a_number_that_is_none_stays_none(compute, name):
    """In its lane, and in no other; be it the first or the second argument."""
    x = np.full(40, 1.25, np.float32)
    x[[0, 7, 8, 33]] = np.nan
    assert np.array_equal(np.isnan(compute(name, x, 2.0)), np.isnan(x))
    if name in OF_TWO:
        assert np.array_equal(np.isnan(compute(name, np.full_like(x, 2), x)), np.isnan(x))
