"""Code for whole updates: a thread takes one member after the other, and of each does all that an update needs.

That is its losses, its gradient, the gradient's norm and clipping, weight decay and the step of the optimizer, with the
roundings of `gatebench.training.optimizers`. So a thread comes back to Python once an update and not three times a member,
and a member's numbers are still in the thread's cache when they change.
"""

from llvmlite import ir

from gatebench.engines.fused_cpu import optimizers
from gatebench.engines.fused_cpu.builder import F32, I64, Value
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import WHOLE, TableFunction, Tables

FIELDS = (
    "parameters", "first state", "second state", "numbers", "nll", "predictions", "sequence of", "losses", "is live",
)  # fmt: skip
"""What the code reads of each member, in order; behind it stand the numbers for the tables of its cell and its readout."""
FUNCTIONS = ("forward", "readout", "backward")
"""Functions that the code calls for each member; ``pointers`` and ``integers`` with their names are their tables."""
NUMBERS = optimizers.NUMBERS + 2
"""Floats of a member: those of the optimizer, the limit of the gradient's norm, and the share that decay takes."""
F64 = ir.DoubleType()
NORM_LANES = 8
"""Sums of squares that run side by side; torch has as many, so that both get the same norm to the last digit."""


def build(module: ir.Module, processor: Processor, tables: Tables, optimizer: str) -> None:
    """Write the function ``update`` for an optimizer: it takes members as long as there are any that no thread has taken."""
    c = TableFunction(module, processor, tables, "update", exported=True)
    with c.part(WHOLE), c.loop(0, c.n("members")):
        k = c.b.atomic_rmw("add", c.p("taken"), c.i64(1), "monotonic")
        with c.when(c.less(k, c.n("members"))):
            member = c.b.gep(c.p("fields"), [c.mul(k, c.n("fields of a member"))], source_etype=I64)
            _fill_tables(c, member)
            with c.part("packing"), c.loop(0, c.n("row"), processor.lanes) as i:
                c.store(c.number(0), c.at(c.p("gradient"), i))
            for name in FUNCTIONS:
                c.call_at(c.p(name), c.p(f"pointers {name}"), c.p(f"integers {name}"))
            with c.part("norm and clipping"):
                is_finite = _add_losses(c, member)
                norm = _norm(c)
                is_finite = c.b.and_(is_finite, c.b.fcmp_ordered("<", norm, ir.Constant(F32, float("inf"))))
            is_live = _field(c, member, "is live")
            flag = c.b.and_(c.b.load(is_live, typ=I64), c.b.zext(is_finite, I64))
            c.b.store(flag, is_live)
            with c.when(c.b.icmp_signed("!=", flag, c.i64(0))), c.part("optimizer"):
                _step(c, member, norm, optimizer)
    c.end()


def _field(c: TableFunction, member: Value, name: str) -> Value:
    """Load an address among a member's fields."""
    return c.pointer(member, FIELDS.index(name))


def _fill_tables(c: TableFunction, member: Value) -> None:
    """Write a member's numbers to where the tables of its cell and its readout have them."""
    with c.loop(0, c.n("places")) as j:
        number = c.integer(member, c.add(j, len(FIELDS)))
        c.b.store(number, c.b.load(c.b.gep(c.p("places"), [j], source_etype=I64), typ=c.p("places").type))


def _add_losses(c: TableFunction, member: Value) -> Value:
    """Write the NLL of each sequence, in float64; return whether all are finite."""
    nll, of, losses = (_field(c, member, name) for name in ("nll", "sequence of", "losses"))
    total = [ir.Constant(F64, 0.0)]
    with c.loop(0, c.integer(member, FIELDS.index("predictions")), 1, total) as (s, values):
        loss = c.b.fpext(c.scalar(c.at(nll, s)), F64)
        to = c.b.gep(losses, [c.integer(of, s)], source_etype=F64)
        c.b.store(c.b.fadd(c.b.load(to, typ=F64), loss), to)
        values[0] = c.b.fadd(values[0], loss)
    return c.b.fcmp_ordered("==", c.b.fsub(total[0], total[0]), ir.Constant(F64, 0.0))


def _norm(c: TableFunction) -> Value:
    """Write the Euclidean norm of the gradient, a scalar."""
    kind = ir.VectorType(F32, NORM_LANES)
    sums = [ir.Constant(kind, [0.0] * NORM_LANES)]
    with c.loop(0, c.n("row"), NORM_LANES, sums) as (i, values):
        g = c.b.load(c.at(c.p("gradient"), i), typ=kind, align=4)
        values[0] = c.b.fadd(values[0], c.b.fmul(g, g))
    square = c.b.extract_element(sums[0], c.i64(0))
    for lane in range(1, NORM_LANES):
        square = c.b.fadd(square, c.b.extract_element(sums[0], c.i64(lane)))
    return c.root(square)


def _step(c: TableFunction, member: Value, norm: Value, optimizer: str) -> None:
    """Write clipping, decay and the optimizer's step of all parameters. Products round for themselves, as torch's do."""
    theta, first, second, numbers = (_field(c, member, name) for name in FIELDS[:4])
    constants = [c.scalar(c.at(numbers, i)) for i in range(NUMBERS)]
    limit, shrink = constants[-2:]
    one = ir.Constant(F32, 1.0)
    scale = c.b.fmul(c.b.fdiv(one, norm), limit)
    is_long = c.b.and_(c.b.icmp_signed("!=", c.n("clips"), c.i64(0)), c.b.fcmp_ordered("<", scale, one))
    scale = c.splat(c.b.select(is_long, scale, one))
    with c.loop(0, c.n("row"), c.processor.lanes) as i:
        g = c.b.fmul(c.load(c.at(c.p("gradient"), i)), scale)
        decay = c.b.fsub(c.number(1), c.b.fmul(c.splat(shrink), c.load(c.at(c.p("decayed"), i))))
        arrays = [c.at(array, i) for array in (first, second, theta)]
        a, b, clean = (c.load(place) for place in arrays)
        code = optimizers.OPTIMIZERS[optimizer].code
        values = code(c, c.b.fmul(clean, decay), g, [a, b], lambda n: c.splat(constants[n]))
        for value, place in zip(values, arrays, strict=True):
            c.store(value, place)
