"""What the engine for processors is made of: matrix products and the order of work."""

import ctypes
import dataclasses
import itertools

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.engines import reference, selection
from gatebench.engines.fused_cpu import product
from gatebench.engines.fused_cpu.builder import FunctionBuilder
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.plan import WorkPlan
from gatebench.engines.fused_cpu.vocabulary import FUNCTIONS as OPERATIONS
from gatebench.graph import trace
from support.machine_code import HERE, SHAPES, address, build

pytestmark = pytest.mark.usefixtures("own_cache")


def test_code_is_made_for_one_of_the_shapes_tested_here():
    assert HERE in [dataclasses.replace(HERE, **shape) for shape in SHAPES.values()]


# products


ROWS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31]
COLUMNS = [1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 33, 47, 48, 49, 97]
DEPTHS = [0, 1, 2, 3, 4, 5, 46]


@pytest.fixture(scope="module")
def multiply(processor):
    """``multiply(...)`` with all thirteen arguments, arrays as ``(array, numbers before)``."""
    return compiled_product(processor)


def compiled_product(processor, in_order=False):
    names = "rows columns depth A a_row a_k B b_panel b_k D d_row C c_row"

    def make(module):
        write = product.build_in_order if in_order else product.build
        inner = write(module, processor, product.build_tiles(module, processor))
        c = FunctionBuilder(module, processor, "outer", names, exported=True)
        c.call(inner, *(c.arguments[name] for name in names.split()))
        c.end()

    engine = build(processor, make)
    kinds = [ctypes.c_void_p if name[0].isupper() else ctypes.c_int64 for name in names.split()]

    def call(**arguments):
        assert list(arguments) == names.split()
        function = ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address("outer"))  # lives as long as the engine
        function(*(address(a) if isinstance(a, np.ndarray) else a for a in arguments.values()))

    return call


def packed(b, wide, slack):
    """Panels of B, what is past its columns and rows being no number."""
    depth, columns = b.shape
    panels = np.full((-(-columns // wide), depth, wide), np.nan, np.float32)
    for j in range(columns):
        panels[j // wide, :, j % wide] = b[:, j]
    return np.append(panels, np.full(slack, np.nan, np.float32))


@pytest.mark.parametrize("start", ["a row", "zeros", "another matrix", "itself"])
@pytest.mark.parametrize("panels", [True, False], ids=["panels", "plain columns"])
@pytest.mark.parametrize("transposed", [False, True], ids=["A", "A transposed"])
def test_products_of_all_shapes(processor, multiply, transposed, panels, start):
    """Rows and columns of every remainder; what lies past B and D is read but leaves no trace, past C nothing is written."""
    random, wide = np.random.default_rng(1), processor.panel
    slack = 2 * wide
    shapes = [
        (rows, columns, DEPTHS[(r + n) % len(DEPTHS)]) for r, rows in enumerate(ROWS) for n, columns in enumerate(COLUMNS)
    ]
    assert len({depth for _, _, depth in shapes}) == len(DEPTHS)
    for rows, columns, depth in shapes:
        a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((rows, depth), (depth, columns)))
        a_store = np.full((depth, rows + 3) if transposed else (rows, depth + 5), np.nan, np.float32)
        (a_store.T if transposed else a_store)[:rows, :depth] = a
        strides = (1, rows + 3) if transposed else (depth + 5, 1)
        if panels:
            b_store, b_strides = packed(b, wide, slack), (depth * wide, wide)
        else:
            b_store = np.full(depth * (columns + 3) + slack, np.nan, np.float32)
            b_store[: depth * (columns + 3)].reshape(depth, columns + 3)[:, :columns] = b
            b_strides = wide, columns + 3
        c_row = columns + 2
        c = np.full(rows * c_row + slack, 77, np.float32)
        inside = c[: rows * c_row].reshape(rows, c_row)
        if start == "itself":
            first = random.standard_normal((rows, columns)).astype(np.float32)
            inside[:, :columns] = first
            d, d_row = c, c_row
        elif start == "another matrix":
            first = random.standard_normal((rows, columns)).astype(np.float32)
            d, d_row = np.full(rows * (columns + 1) + slack, np.nan, np.float32), columns + 1
            d[: rows * d_row].reshape(rows, d_row)[:, :columns] = first
        else:
            first = (start == "a row") * random.standard_normal(columns).astype(np.float32)
            d, d_row = np.append(first, np.full(slack, np.nan, np.float32)), 0
        originals = a_store.copy(), b_store.copy(), d.copy()
        multiply(
            rows=rows, columns=columns, depth=depth, A=a_store, a_row=strides[0], a_k=strides[1],
            B=b_store, b_panel=b_strides[0], b_k=b_strides[1], D=d, d_row=d_row, C=c, c_row=c_row,
        )  # fmt: skip
        expected = first + a.astype(float) @ b.astype(float)
        size = np.abs(first) + np.abs(a).astype(float) @ np.abs(b).astype(float)
        assert (np.abs(inside[:, :columns] - expected) <= 1e-6 * size).all(), (rows, columns, depth)
        assert (inside[:, columns:] == 77).all(), (rows, columns, depth)
        assert (c[rows * c_row :] == 77).all(), (rows, columns, depth)
        read_only = (a_store, b_store) if start == "itself" else (a_store, b_store, d)
        for array, before in zip(read_only, originals, strict=False):
            assert np.array_equal(array, before, equal_nan=True)


def test_a_row_of_a_product_does_not_depend_on_the_others(processor, multiply):
    """Of high tiles, that is; those of few rows add up in another order."""
    random, wide = np.random.default_rng(1), processor.panel
    rows, columns, depth = 3 * processor.rows, 33, 29
    a = random.standard_normal((rows, depth)).astype(np.float32)
    b = packed(random.standard_normal((depth, columns)).astype(np.float32), wide, 2 * wide)
    zeros = np.zeros(columns + 2 * wide, np.float32)

    def result(a):
        c = np.empty(len(a) * columns + 2 * wide, np.float32)
        multiply(
            rows=len(a), columns=columns, depth=depth, A=a, a_row=depth, a_k=1,
            B=b, b_panel=depth * wide, b_k=wide, D=zeros, d_row=0, C=c, c_row=columns,
        )  # fmt: skip
        return c[: len(a) * columns].reshape(len(a), columns)

    clean = result(a)
    a[5] = np.nan
    broken = result(a)
    others = [row for row in range(rows) if row != 5]
    assert np.isnan(broken[5]).all()
    assert np.array_equal(broken[others], clean[others])


def test_a_row_of_a_product_in_order_is_the_same_among_any_number_of_others(processor):
    """To the bit, and nothing is read or written past what a product may."""
    random, wide, multiply = np.random.default_rng(2), processor.panel, compiled_product(processor, in_order=True)
    for columns in (1, processor.lanes + 1, wide, wide + 1, 2 * wide + 3, 3 * wide, 7 * wide - 1):
        for depth in (0, 1, 46):
            a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((11, depth), (depth, columns)))
            first = random.standard_normal(columns).astype(np.float32)
            b_packed, d = packed(b, wide, 0), np.append(first, np.full(processor.lanes, np.nan, np.float32))

            def result(a, columns=columns, depth=depth, b_packed=b_packed, d=d):
                c = np.full(len(a) * (columns + 1), 77, np.float32)
                multiply(
                    rows=len(a), columns=columns, depth=depth, A=a, a_row=depth, a_k=1,
                    B=b_packed, b_panel=depth * wide, b_k=wide, D=d, d_row=0, C=c, c_row=columns + 1,
                )  # fmt: skip
                c = c.reshape(len(a), columns + 1)
                assert (c[:, columns] == 77).all()
                return c[:, :columns]

            alone = np.concatenate([result(row[None].copy()) for row in a])
            for rows in range(2, len(a) + 1):
                assert np.array_equal(result(a[:rows]), alone[:rows]), (rows, columns, depth)
            size = np.abs(first) + np.abs(a).astype(float) @ np.abs(b).astype(float)
            assert (np.abs(alone - (first + a.astype(float) @ b.astype(float))) <= 1e-6 * size).all(), (columns, depth)


# the order of work


def runs(plan, stages, which="products"):
    """(operation and label of the vector, labels of its matrices) of every product that is one."""
    nodes = plan.nodes
    return [
        (nodes[run.vector].op, [nodes[p].label for p in run.products]) for stage in stages for run in getattr(stage, which)
    ]


def test_a_gru_is_three_products():
    plan = WorkPlan(trace.load("gru"))
    assert runs(plan, plan.before) == [("input", ["W_z", "W_r", "W"])]
    assert runs(plan, plan.loop) == [("state", ["U_z", "U_r"]), ("mul", ["U"])]
    assert runs(plan, plan.loop, "back") == [("state", ["U_z", "U_r"]), ("mul", ["U"])]
    starts = [run.starts for stages in (plan.before, plan.loop) for stage in stages for run in stage.products]
    assert starts == [True, False, False], "biases come first, then all else is added"


def test_an_lstm_is_two_products():
    plan = WorkPlan(trace.load("lstm"))
    assert runs(plan, plan.before) == [("input", ["W_f", "W_i", "W_c", "W_o"])]
    assert runs(plan, plan.loop) == [("state", ["U_f", "U_i", "U_c", "U_o"])]


@pytest.mark.parametrize("cell", registry.available("cells", ".py"))
def test_every_product_stands_in_one_run_and_every_value_in_one_place(cell):
    plan = WorkPlan(trace.load(cell))
    for which in ("products", "back"):
        products = [
            p
            for stages in (plan.before, plan.loop)
            for stage in stages
            for run in getattr(stage, which)
            for p in run.products
        ]
        assert sorted(products) == [i for i, node in enumerate(plan.nodes) if node.op in ("linear", "transposed")]
    for array in {place.array for place in plan.places.values()} - {"previous"}:
        placed = [place for place in plan.places.values() if place.array == array]
        assert len(set(placed)) == len(placed), "two values share columns"
    for stages in (plan.before, plan.loop):
        for run in (run for stage in stages for run in stage.products):
            sums = [plan.part_of[p].place for p in run.products]
            for left, right in itertools.pairwise(sums):
                assert right.behind == (*left.behind, left.width), "sums of one product stand side by side"


def strange(*operations):
    """A gru whose nonlinearities are others."""
    graph = trace.load("gru")
    other = dict(zip(("tanh", "sigmoid"), operations, strict=False))
    nodes = tuple(dataclasses.replace(node, op=other.get(node.op, node.op)) for node in graph.nodes)
    return dataclasses.replace(graph, name="strange", nodes=nodes)


def test_an_operation_without_code_is_named():
    engine = FusedCpu()
    assert engine.lacks(trace.load("gru")) is None
    assert engine.lacks(strange("gelu")) == "no code is made of the operation gelu"
    assert engine.lacks(strange("softsign", "gelu")) == "no code is made of the operation gelu, softsign"
    assert "cuda" in FusedCpu(device="cuda").lacks(trace.load("gru"))
    for operation in OPERATIONS:
        assert engine.lacks(strange(operation)) is None


def test_a_cell_without_code_goes_to_the_reference_unless_the_engine_is_asked_for(monkeypatch):
    monkeypatch.setitem(reference.FUNCTIONS, "gelu", torch.nn.functional.gelu)
    graph = strange("gelu")
    assert selection.pick("auto", graph, "cpu") == "reference"
    assert selection.pick("auto", trace.load("gru"), "cpu") == "fused_cpu"
    with pytest.raises(BadInput) as error:
        selection.pick("fused_cpu", graph, "cpu")
    assert "\n" not in str(error.value)
    for word in ("fused_cpu", "strange", "gelu", "engine=reference"):
        assert word in str(error.value)


@pytest.mark.parametrize("device", ["cuda", "tpu", ""])
@pytest.mark.parametrize("engine", ["auto", "fused_cpu", "reference"])
def test_a_device_that_is_not_there_is_told_in_a_line(engine, device, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(BadInput) as error:
        selection.pick(engine, trace.load("gru"), device)
    assert "\n" not in str(error.value)
    assert f"device is {device}" in str(error.value).replace("'", "")
