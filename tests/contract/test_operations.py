"""Every operation is declared once, and every backend computes what its declaration says: values and derivatives."""

import ctypes
import importlib.util
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from llvmlite import ir

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data.sequences import Sequence
from gatebench.engines import reference, selection
from gatebench.engines.fused_cpu import compiled, elementwise
from gatebench.engines.fused_cpu import vocabulary as fused_cpu
from gatebench.engines.fused_cpu.builder import FunctionBuilder
from gatebench.engines.fused_cpu.processor import processor
from gatebench.graph import latex, operations, ops, trace
from gatebench.graph.operations import CALL, LEAF, OPERATIONS, Notation, Operation
from gatebench.graph.ops import Symbol, tanh
from gatebench.models.export import equations
from gatebench.speed import jax_scan
from gatebench.training.evaluation import make_batch
from gatebench.training.likelihoods import bernoulli
from gatebench.training.model import Model

# What each operation is, written again; a new one is added here too.
NUMPY = {
    "add": lambda *terms: np.sum(terms, axis=0),
    "sub": np.subtract,
    "mul": np.multiply,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "div": np.divide,
    "negative": np.negative,
    "square": np.square,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "relu": lambda a: np.where(a > 0, a, 0),
    "abs": np.abs,
    "sign": np.sign,
    "maximum": lambda a, b: np.where(a > b, a, b),
    "minimum": lambda a, b: np.where(a < b, a, b),
    "sin": np.sin,
    "cos": np.cos,
}
ARGUMENTS = {"sqrt": (0.1, 3), "log": (0.1, 3), "div": (0.5, 3)}
"""Operation -> between which numbers its arguments are, where not all may be."""
TABLES = {
    "this test": NUMPY,
    "reference": reference.FUNCTIONS,
    "fused_cpu": fused_cpu.FUNCTIONS,
    "jax": jax_scan.FUNCTIONS,
}
ELEMENTWISE = {name: operation for name, operation in OPERATIONS.items() if operation.is_elementwise}
STRUCTURAL = ["constant", "input", "linear", "mean", "row", "scalar", "state", "transposed"]
COUNTS = [(name, operation.arguments or count) for name, operation in ELEMENTWISE.items() for count in (2, 3)]
every_operation = pytest.mark.parametrize(("name", "count"), sorted(set(COUNTS)))
POINTS = 200
MACHINE = processor()


def without_an_entry(table):
    """Elementwise operations that a table lacks, and entries of it that are no operation."""
    names = {name for name, operation in OPERATIONS.items() if operation.is_elementwise}
    return sorted(names ^ set(table))


def arguments(name, count):
    return np.random.default_rng([count, *name.encode()]).uniform(*ARGUMENTS.get(name, (-3, 3)), (count, POINTS))


def finite_differences(name, points, step=1e-6):
    """The derivative after each argument, ``[count, POINTS]``."""
    shifts = step * np.eye(len(points))[:, :, None]
    return np.array([(NUMPY[name](*(points + s)) - NUMPY[name](*(points - s))) / (2 * step) for s in shifts])


# the tables


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_every_operation_and_no_other(table):
    assert without_an_entry(TABLES[table]) == []


def test_structural_operations_are_declared_too():
    assert sorted(set(OPERATIONS) - set(ELEMENTWISE)) == STRUCTURAL
    assert all(name == operation.name for name, operation in OPERATIONS.items())


@pytest.mark.parametrize("cell", registry.available("cells", ".py"))
def test_nodes_have_as_many_arguments_as_declared(cell):
    for node in trace.load(cell).nodes:
        declared = OPERATIONS[node.op].arguments
        assert len(node.args) >= 2 if declared is None else len(node.args) == declared, node


def test_a_cell_calls_every_operation_of_one_argument_by_its_name():
    x = Symbol("input")
    for name in (name for name, operation in ELEMENTWISE.items() if operation.arguments == 1):
        symbol = getattr(ops, name)(x)
        assert (symbol.op, symbol.args, symbol.width) == (name, (x,), x.width)


# values


@every_operation
def test_the_reference_engine_computes_the_operation(name, count):
    points = arguments(name, count)
    computed = reference.FUNCTIONS[name](*map(torch.from_numpy, points))
    np.testing.assert_allclose(computed.numpy(), NUMPY[name](*points), rtol=1e-12, atol=1e-12)


@every_operation
def test_exported_pytorch_computes_the_operation(name, count):
    points = arguments(name, count)
    names = [f"argument_{i}" for i in range(count)]
    text = OPERATIONS[name].pytorch.write([(argument, LEAF) for argument in names], "", "({})".format)
    computed = eval(text, {"torch": torch, "nn": torch.nn}, dict(zip(names, map(torch.from_numpy, points), strict=True)))
    np.testing.assert_allclose(computed.numpy(), NUMPY[name](*points), rtol=1e-12, atol=1e-12)


def jax_module():
    """JAX where it is installed, else what the table uses of it, by NumPy."""
    if importlib.util.find_spec("jax"):
        return importlib.import_module("jax")
    return SimpleNamespace(numpy=np, nn=SimpleNamespace(sigmoid=NUMPY["sigmoid"]))


@every_operation
def test_jax_computes_the_operation(name, count):
    points = arguments(name, count).astype(np.float32)
    computed = np.asarray(jax_scan.FUNCTIONS[name](jax_module(), *points))
    np.testing.assert_allclose(computed, NUMPY[name](*points), rtol=1e-5, atol=1e-6)


@every_operation
def test_latex_has_every_argument(name, count):
    names = [f"a_{{{i}}}" for i in range(count)]
    text = OPERATIONS[name].latex.write([(argument, LEAF) for argument in names], "", "({})".format)
    assert all(text.count(argument) == 1 for argument in names)


# derivatives


@every_operation
def test_the_declared_derivative_is_that_of_the_operation(name, count):
    points = arguments(name, count)
    partials = OPERATIONS[name].partials(count)
    leaves = {partials.value: lambda: NUMPY[name](*points)}
    leaves |= {symbol: partial(points.__getitem__, i) for i, symbol in enumerate(partials.arguments)}
    declared = [
        operations.evaluate(e, leaves, NUMPY, partial(np.full, POINTS))
        if isinstance(e, Symbol)
        else np.full(POINTS, float(e))
        for e in partials.expressions
    ]
    np.testing.assert_allclose(declared, finite_differences(name, points), rtol=1e-6, atol=1e-6)


@every_operation
def test_the_reference_engine_differentiates_the_operation(name, count):
    points = arguments(name, count)
    leaves = [torch.from_numpy(point).requires_grad_() for point in points]
    gradients = torch.autograd.grad(reference.FUNCTIONS[name](*leaves).sum(), leaves)
    np.testing.assert_allclose(torch.stack(gradients), finite_differences(name, points), rtol=1e-6, atol=1e-6)


@pytest.fixture
def run_machine_code(tmp_path, monkeypatch):
    """Machine code of an operation, called: ``run(name, points, gradient)`` gives its value and ``gradient`` times each
    of its derivatives, ``[1 + count, POINTS]``."""
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path))

    def run(name, points, gradient):
        count = len(points)
        module = ir.Module("test")
        names = [*(f"A{i}" for i in range(count)), "G", *(f"R{i}" for i in range(count + 1))]
        c = FunctionBuilder(module, MACHINE, "operation", " ".join(["count", *names]), exported=True)
        with c.loop(0, c.count, MACHINE.lanes) as i:
            values = [c.load(c.at(getattr(c, f"A{k}"), i)) for k in range(count)]
            value = fused_cpu.FUNCTIONS[name](c, *values)
            partials = OPERATIONS[name].partials(count)
            leaves = {symbol: partial(lambda v: v, v) for symbol, v in zip(partials.arguments, values, strict=True)}
            leaves[partials.value] = lambda: value
            g = c.load(c.at(c.G, i))
            results = [value, *(elementwise.along(c, g, expression, leaves) for expression in partials.expressions)]
            for k, result in enumerate(results):
                c.store(result, c.at(getattr(c, f"R{k}"), i), c.lanes_below(c.sub(c.count, i)))
        c.end()
        engine = compiled._engine(str(module), MACHINE, "test")
        arrays = [*points.astype(np.float32), gradient.astype(np.float32), *np.zeros((count + 1, POINTS), np.float32)]
        arrays = [np.append(array, np.zeros(32, np.float32)) for array in arrays]  # read with the last vector
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * len(arrays))
        kind(engine.get_function_address("operation"))(POINTS, *(array.ctypes.data for array in arrays))
        return np.array(arrays[count + 1 :])[:, :POINTS]

    return run


@every_operation
def test_machine_code_computes_and_differentiates_the_operation(name, count, run_machine_code):
    points = arguments(name, count)
    gradient = np.random.default_rng(1).uniform(0.5, 2, POINTS)
    value, *derivatives = run_machine_code(name, points, gradient)
    np.testing.assert_allclose(value, NUMPY[name](*points), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(derivatives, gradient * finite_differences(name, points), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["maximum", "minimum", "relu", "abs"])
def test_where_values_meet_all_agree_on_the_derivative(name, run_machine_code):
    """Half for each of two; none at the corner of one."""
    count = OPERATIONS[name].arguments
    points = np.zeros((count, POINTS))
    leaves = [torch.from_numpy(point).requires_grad_() for point in points]
    gradients = torch.stack(torch.autograd.grad(reference.FUNCTIONS[name](*leaves).sum(), leaves)).numpy()
    assert (gradients == (0.5 if count == 2 else 0)).all()
    np.testing.assert_array_equal(run_machine_code(name, points, np.ones(POINTS))[1:], gradients)


# another operation


def traced(step):
    module = ModuleType("other")
    module.PAPER, module.step = "none", step
    return trace.trace(module, "other", {})


def over(a, b):
    return ops.combine("over", a, b)


def positive(a):
    return Symbol("positive", (a,), width=a.width)


def with_new_operations(x, h, c, *, W, U, b):
    i = positive(W.i @ x + U.i @ h + b.i)
    c = tanh(over(W.c @ x + U.c @ h, positive(U.q @ h + b.q)) + positive(positive(c)))
    h = over(c, i + 2)
    return h, c


@pytest.fixture
def declared(monkeypatch):
    """Two more operations, declared and in no table: their derivatives read the value, the arguments, or both."""
    quotient = Operation(
        "over", 2,
        latex=Notation(r"\frac{{{0}}}{{{1}}}", LEAF, (0, 0)), pytorch=Notation("torch.div({0}, {1})", CALL, (0, 0)),
        derivative=lambda value, a, b: (over(1, b), over(value, b) * -1),
    )  # fmt: skip
    soft = Operation(
        "positive", 1,
        latex=Notation(r"\zeta\left({0}\right)", CALL, (0,)), pytorch=Notation("nn.functional.softplus({0})", CALL, (0,)),
        derivative=lambda value, a: (ops.sigmoid(a),),
    )  # fmt: skip
    monkeypatch.setitem(OPERATIONS, "over", quotient)
    monkeypatch.setitem(OPERATIONS, "positive", soft)


@pytest.fixture
def in_all_tables(declared, monkeypatch):
    """An entry for both in the table of each engine."""
    monkeypatch.setitem(reference.FUNCTIONS, "over", torch.div)
    monkeypatch.setitem(reference.FUNCTIONS, "positive", torch.nn.functional.softplus)
    monkeypatch.setitem(fused_cpu.FUNCTIONS, "over", FunctionBuilder.over)
    monkeypatch.setitem(fused_cpu.FUNCTIONS, "positive", fused_cpu.FUNCTIONS["softplus"])


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("table", TABLES)
def test_an_operation_that_a_table_lacks_is_noticed(table):
    assert without_an_entry(TABLES[table]) == ["over", "positive"]


@pytest.mark.usefixtures("declared")
def test_an_engine_lacks_a_cell_with_an_operation_that_its_table_lacks(monkeypatch):
    graph = traced(with_new_operations)
    for engine in ("fused_cpu", "reference", "auto"):
        with pytest.raises(BadInput, match=r"cell other.* the operation over, positive"):
            selection.pick(engine, graph, "cpu")
    monkeypatch.setitem(reference.FUNCTIONS, "over", torch.div)
    monkeypatch.setitem(reference.FUNCTIONS, "positive", torch.nn.functional.softplus)
    assert selection.pick("auto", graph, "cpu") == "reference"


@pytest.mark.usefixtures("in_all_tables")
def test_an_operation_in_all_tables_runs_in_every_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path))
    graph = traced(with_new_operations)
    assert selection.pick("auto", graph, "cpu") == "fused_cpu"
    random = np.random.default_rng(3)
    sequences = [
        Sequence(random.normal(size=(t, 3)).astype(np.float32), (random.random((t, 2)) < 0.5).astype(np.float32))
        for t in (7, 1, 4)
    ]
    results = {}
    for engine, dtype in (("fused_cpu", torch.float32), ("reference", torch.float64)):
        model = Model(graph, 3, 2, 5, bernoulli(), selection.create(engine))
        rows = torch.zeros(2, model.row, dtype=dtype)
        for view in model.views(rows).values():
            view.copy_(torch.from_numpy(np.random.default_rng(view.shape[1]).uniform(-0.7, 0.7, view.shape)))
        batches = [make_batch(model, sequences)] * 2
        results[engine] = model.engine.gradients(model, rows, batches, np.ones(2, np.float32))
    (losses, gradient), (true_losses, true_gradient) = results["fused_cpu"], results["reference"]
    np.testing.assert_allclose(losses, true_losses, rtol=1e-5)
    assert (true_gradient.abs() > 1e-4).any(1).all()
    np.testing.assert_allclose(gradient.numpy(), true_gradient.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("declared")
def test_a_declared_operation_is_printed_and_exported():
    graph = traced(with_new_operations)
    assert latex.equations(graph)[0] == r"i_{t} = \zeta\left(W_{i} x_{t} + U_{i} h_{t-1} + b_{i}\right)"
    assert latex.equations(graph)[-1] == r"h_{t} = \frac{c_{t}}{i_{t} + 2}"
    assert equations.write_equations(graph).lines[-1] == "h = torch.div(c, i + 2)"
