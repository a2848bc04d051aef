"""Code for whole updates: a thread takes one member after the other, and of each does all that an update needs.

That is its losses, its gradient, the gradient's norm and clipping, weight decay and the step of the optimizer, with the
roundings of `gatebench.training.optimizers`. So a thread comes back to Python once an update and not three times a member,
and a member's numbers are still in the thread's cache when they change.

Members are dealt out to queues, one for each thread. A thread takes those of its queue first, in every update the same ones,
whose numbers its cache may still hold, then those that other threads have not come to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from llvmlite import ir

from gatebench.engines.fused_cpu import optimizers
from gatebench.engines.fused_cpu.builder import F32, I64, POINTER, Value
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import WHOLE, TableFunction, Tables

SHARED = (
    "members", "bytes of a row", "bytes of losses", "clips", "order", "batches", "parameters", "taken at",
    "first state", "second state", "numbers", "weights", "losses", "live", "decayed",
)  # fmt: skip
"""Integers and addresses of an update that all threads read, in order."""
OF_BATCH = ("predictions", "sequence of")
"""What the code reads of a batch; behind it stand the numbers for the tables of cell and readout."""
FUNCTIONS = ("forward", "readout", "backward")
"""Functions that the code calls for each member; ``pointers`` and ``integers`` with their names are their tables."""
NUMBERS = optimizers.NUMBERS + 2
"""Floats of a member: those of the optimizer, the limit of the gradient's norm, and the share that decay takes."""
COUNTER = 8
"""Integers that a counter takes in memory: a line of the cache, since several threads write to counters."""
CLOSED = 2**62
"""How many members of a queue have been taken between two updates: more than there are."""
F64 = ir.DoubleType()
"""LLVM's type of sums of losses."""
NORM_LANES = 8
"""Sums of squares that run side by side; torch has as many, so that both get the same norm to the last digit."""


def build(module: ir.Module, processor: Processor, tables: Tables, optimizer: str) -> None:
    """Write the functions ``lead``, for one thread of an update, and ``follow``, for the others.

    The first one begins an update and returns when it is complete; the other one returns when there is nothing to take,
    which is also the case before an update and after it.
    """
    follow = TableFunction(module, processor, tables, "follow", exported=True)
    with follow.part(WHOLE):
        _take(follow, optimizer)
    follow.end()
    c = TableFunction(module, processor, tables, "lead", exported=True)
    _set(c, c.p("finished"), 0)
    with c.loop(0, c.n("queues")) as q:
        _set(c, _counter(c, q), 0)
    c.phase(follow)
    _wait(c)
    with c.loop(0, c.n("queues")) as q:
        _set(c, _counter(c, q), CLOSED)
    c.end()


def _shared(c: TableFunction, name: str) -> Value:
    """Load a number of the update. What it is before a member has been taken may change at any time."""
    return c.integer(c.p("shared"), SHARED.index(name))


def _row(c: TableFunction, name: str, k: Value, size: Value) -> Value:
    """Write the address of member k's row of an array, whose rows have so many bytes."""
    start = c.pointer(c.p("shared"), SHARED.index(name))
    return c.b.gep(start, [c.mul(k, size)], source_etype=ir.IntType(8))


def _counter(c: TableFunction, queue: Value) -> Value:
    """Write the address of the counter of members that have been taken from a queue."""
    return c.b.gep(c.p("taken"), [c.mul(queue, COUNTER)], source_etype=I64)


def _set(c: TableFunction, counter: Value, value: int) -> None:
    """Write a number to a counter, after whatever was written before."""
    c.b.atomic_rmw("xchg", counter, c.i64(value), "seq_cst")


def _wait(c: TableFunction) -> None:
    """Write a loop until all members are finished; other threads may run meanwhile."""
    give_way = ir.Function(c.module, ir.FunctionType(ir.IntType(32), []), "sched_yield")
    wait, end = (c.b.append_basic_block(name) for name in ("wait", "end"))
    c.b.branch(wait)
    c.b.position_at_end(wait)
    c.b.call(give_way, [])
    finished = c.b.load_atomic(c.p("finished"), "acquire", 8, typ=I64)
    c.b.cbranch(c.less(finished, _shared(c, "members")), wait, end)
    c.b.position_at_end(end)


def _take(c: TableFunction, optimizer: str) -> None:
    """Write the loops over queues and their members."""
    with c.loop(0, c.n("queues")) as further:
        q = c.b.srem(c.add(c.n("thread"), further), c.n("queues"))
        with _members(c, q) as i:
            k = c.integer(c.pointer(c.p("shared"), SHARED.index("order")), i)
            _update(c, k, optimizer)
            c.b.atomic_rmw("add", c.p("finished"), c.i64(1), "release")


@contextmanager
def _members(c: TableFunction, queue: Value) -> Iterator[Value]:
    """Write a loop over the members that this thread gets of a queue."""
    take, body, end = (c.b.append_basic_block(name) for name in ("take", "body", "end"))
    c.b.branch(take)
    c.b.position_at_end(take)
    place = c.b.atomic_rmw("add", _counter(c, queue), c.i64(1), "acq_rel")
    is_taken = c.less(place, CLOSED // 2)
    i = c.add(queue, c.mul(c.b.select(is_taken, place, c.i64(0)), c.n("queues")))
    c.b.cbranch(c.b.and_(is_taken, c.less(i, _shared(c, "members"))), body, end)
    c.b.position_at_end(body)
    yield i
    c.b.branch(take)
    c.b.position_at_end(end)


def _update(c: TableFunction, k: Value, optimizer: str) -> None:
    """Write the update of member k."""
    batch = c.pointer(c.pointer(c.p("shared"), SHARED.index("batches")), k)
    _fill_tables(c, k, batch)
    with c.part("packing"), c.loop(0, c.n("row"), c.processor.lanes) as i:
        c.store(c.number(0), c.at(c.p("gradient"), i))
    for name in FUNCTIONS:
        c.call_at(c.p(name), c.p(f"pointers {name}"), c.p(f"integers {name}"))
    with c.part("norm and clipping"):
        is_finite = _add_losses(c, k, batch)
        norm = _norm(c)
        is_finite = c.b.and_(is_finite, c.b.fcmp_ordered("<", norm, ir.Constant(F32, float("inf"))))
    byte = ir.IntType(8)
    is_live = _row(c, "live", k, 1)
    flag = c.b.and_(c.b.load(is_live, typ=byte), c.b.zext(is_finite, byte))
    c.b.store(flag, is_live)
    with c.when(c.b.icmp_signed("!=", flag, ir.Constant(byte, 0))), c.part("optimizer"):
        _step(c, k, norm, optimizer)


def _fill_tables(c: TableFunction, k: Value, batch: Value) -> None:
    """Write addresses of the member's parameters and weight, and its batch's numbers, to where the tables have them."""
    place = [c.i64(0)]

    def fill(number: Callable[[Value], Value], count: Value) -> None:
        with c.loop(0, count, 1, place) as (j, values):
            to = c.b.load(c.b.gep(c.p("places"), [values[0]], source_etype=I64), typ=POINTER)
            c.b.store(number(j), to)
            values[0] = c.add(values[0], 1)

    parameters = c.b.ptrtoint(_row(c, "taken at", k, _shared(c, "bytes of a row")), I64)
    weight = c.b.ptrtoint(_row(c, "weights", k, 4), I64)
    fill(lambda _: parameters, c.n("places of parameters"))
    fill(lambda _: weight, c.n("places of weight"))
    fill(lambda j: c.integer(batch, c.add(j, len(OF_BATCH))), c.n("places of batch"))


def _add_losses(c: TableFunction, k: Value, batch: Value) -> Value:
    """Write the NLL of each sequence, in float64; return whether all are finite."""
    of = c.pointer(batch, OF_BATCH.index("sequence of"))
    losses = _row(c, "losses", k, _shared(c, "bytes of losses"))
    total = [ir.Constant(F64, 0.0)]
    with c.loop(0, c.integer(batch, OF_BATCH.index("predictions")), 1, total) as (s, values):
        loss = c.b.fpext(c.scalar(c.at(c.p("nll"), s)), F64)
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


def _step(c: TableFunction, k: Value, norm: Value, optimizer: str) -> None:
    """Write clipping, decay and the optimizer's step of all parameters. Products round for themselves, as torch's do."""
    size = _shared(c, "bytes of a row")
    theta, first, second = (_row(c, name, k, size) for name in ("parameters", "first state", "second state"))
    numbers = _row(c, "numbers", k, 4 * NUMBERS)
    constants = [c.scalar(c.at(numbers, i)) for i in range(NUMBERS)]
    limit, shrink = constants[-2:]
    one = ir.Constant(F32, 1.0)
    scale = c.b.fmul(c.b.fdiv(one, norm), limit)
    clips = c.b.icmp_signed("!=", _shared(c, "clips"), c.i64(0))
    is_long = c.b.and_(clips, c.b.fcmp_ordered("<", scale, one))
    scale = c.splat(c.b.select(is_long, scale, one))
    decayed = c.pointer(c.p("shared"), SHARED.index("decayed"))
    with c.loop(0, c.n("row"), c.processor.lanes) as i:
        g = c.b.fmul(c.load(c.at(c.p("gradient"), i)), scale)
        decay = c.b.fsub(c.number(1), c.b.fmul(c.splat(shrink), c.load(c.at(decayed, i))))
        places = [c.at(array, i) for array in (first, second, theta)]
        a, b, clean = (c.load(place) for place in places)
        code = optimizers.OPTIMIZERS[optimizer].code
        values = code(c, c.b.fmul(clean, decay), g, [a, b], lambda n: c.splat(constants[n]))
        for value, place in zip(values, places, strict=True):
            c.store(value, place)
