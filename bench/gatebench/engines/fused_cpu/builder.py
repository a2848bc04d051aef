"""Writing LLVM code: functions, loops, and vectors of float32 with as many lanes as the processor has."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

from llvmlite import ir

from gatebench.engines.fused_cpu.processor import Processor

I64 = ir.IntType(64)
"""LLVM's type of indices and counts."""
F32 = ir.FloatType()
"""LLVM's type of all numbers."""
POINTER = ir.PointerType()
"""LLVM's type of the address of an array."""

Value = Any
"""A value in LLVM code; llvmlite has no common class for them."""


class FunctionBuilder:
    """Writes the body of one function. Arithmetic is on vectors; pointers count in float32, indices are 64-bit integers."""

    def __init__(
        self, module: ir.Module, processor: Processor, name: str, arguments: str, exported: bool = False, mask: bool = False
    ) -> None:
        """Begin a function of a module.

        Parameters
        ----------
        module, processor, name
            Where the function stands, what it is compiled for, and what it is called.
        arguments
            Names in order; those that begin with a capital letter are pointers, the others integers.
        exported
            Whether code outside of the module calls it.
        mask
            Whether a mask of lanes, ``last_mask``, is its last argument.

        """
        names = arguments.split()
        types = [POINTER if n[0].isupper() else I64 for n in names]
        self.module, self.processor = module, processor
        self.vector = ir.VectorType(F32, processor.lanes)
        self.mask = ir.VectorType(ir.IntType(1), processor.lanes)
        if mask:
            names, types = [*names, "last_mask"], [*types, self.mask]
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), name)
        self.function.attributes.add("nounwind")
        if not exported:
            self.function.linkage = "internal"
        self.arguments = dict(zip(names, self.function.args, strict=True))
        for argument, n in zip(self.function.args, names, strict=True):
            argument.name = n
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))

    def __getattr__(self, name: str) -> Value:
        try:
            return self.__dict__["arguments"][name]
        except KeyError:
            raise AttributeError(name) from None

    # integers

    def i64(self, value: Value) -> Value:
        """Return a Python integer as a 64-bit constant; a value of LLVM stays what it is."""
        return ir.Constant(I64, value) if isinstance(value, int) else value

    def add(self, a: Value, b: Value) -> Value:
        """Write ``a + b`` of integers."""
        return self.b.add(self.i64(a), self.i64(b))

    def sub(self, a: Value, b: Value) -> Value:
        """Write ``a - b`` of integers."""
        return self.b.sub(self.i64(a), self.i64(b))

    def mul(self, a: Value, b: Value) -> Value:
        """Write ``a b`` of integers."""
        return self.b.mul(self.i64(a), self.i64(b))

    def div(self, a: Value, b: Value) -> Value:
        """Write ``a // b`` of integers that are not negative."""
        return self.b.sdiv(self.i64(a), self.i64(b))

    def less(self, a: Value, b: Value) -> Value:
        """Write ``a < b`` of integers."""
        return self.b.icmp_signed("<", self.i64(a), self.i64(b))

    def min(self, a: Value, b: Value) -> Value:
        """Write the lesser of two integers."""
        return self.b.select(self.less(a, b), self.i64(a), self.i64(b))

    # control

    @contextmanager
    def loop(self, start: Value, stop: Value, step: Value = 1, sums: list[Value] | None = None) -> Iterator[Value]:
        """Write ``for i in range(start, stop, step)`` around a block, which gets ``i``.

        With ``sums`` it gets ``(i, values)``; what the block sets in ``values`` is carried on to the next round, and
        after the loop ``sums`` holds the last values.
        """
        b = self.b
        before = b.block
        head, body, end = (b.append_basic_block(n) for n in ("head", "body", "end"))
        start, stop = self.i64(start), self.i64(stop)
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(start, before)
        carried = []
        for value in sums or []:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            carried.append(phi)
        b.cbranch(b.icmp_signed("<", i, stop), body, end)
        b.position_at_end(body)
        values = list(carried)
        yield i if sums is None else (i, values)
        i.add_incoming(b.add(i, self.i64(step)), b.block)
        for phi, value in zip(carried, values, strict=True):
            phi.add_incoming(value, b.block)
        b.branch(head)
        b.position_at_end(end)
        if sums is not None:
            sums[:] = carried

    def when(self, condition: Value) -> AbstractContextManager[Value]:
        """Write a block that runs where a condition holds."""
        return self.b.if_then(condition)

    def call(self, function: "FunctionBuilder", *arguments: Value) -> None:
        """Write a call of another function."""
        self.b.call(function.function, [self.i64(a) for a in arguments])

    def call_at(self, address: Value, *pointers: Value) -> None:
        """Write a call of a function whose address is known only when the code runs, with pointers as its arguments."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER] * len(pointers))
        function = self.b.inttoptr(self.b.ptrtoint(address, I64), ir.PointerType(kind))
        self.b.call(function, pointers)

    def end(self) -> Self:
        """Complete the function and return it."""
        self.b.ret_void()
        return self

    # memory

    def at(self, pointer: Value, index: Value) -> Value:
        """Write the address that is ``index`` numbers further on."""
        return self.b.gep(pointer, [self.i64(index)], source_etype=F32)

    def pointer(self, table: Value, index: int) -> Value:
        """Load an entry of a table of pointers."""
        place = self.b.gep(table, [self.i64(index)], source_etype=I64)
        return self.b.load(place, typ=POINTER)

    def integer(self, table: Value, index: Value) -> Value:
        """Load an entry of a table of 64-bit integers."""
        return self.b.load(self.b.gep(table, [self.i64(index)], source_etype=I64), typ=I64)

    def scalar(self, pointer: Value) -> Value:
        """Load one number from an address."""
        return self.b.load(pointer, typ=F32, align=4)

    def load(self, pointer: Value) -> Value:
        """Load a vector, from any address."""
        return self.b.load(pointer, typ=self.vector, align=4)

    def store(self, value: Value, pointer: Value, mask: Value | None = None) -> None:
        """Store a vector, or only its lanes in a mask."""
        if mask is None:
            self.b.store(value, pointer, align=4)
        elif self.processor.has_masked_stores:
            self._masked_store(value, pointer, mask)
        else:  # LLVM asks lane by lane, which only the last vector of a row needs
            with self.b.if_else(self._all(mask)) as (whole, some):
                with whole:
                    self.b.store(value, pointer, align=4)
                with some:
                    self._masked_store(value, pointer, mask)

    def _masked_store(self, value: Value, pointer: Value, mask: Value) -> None:
        align = ir.Constant(ir.IntType(32), 4)
        name = f"llvm.masked.store.v{self.processor.lanes}f32.p0"
        kind = ir.FunctionType(ir.VoidType(), [self.vector, POINTER, align.type, self.mask])
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        self.b.call(function, [value, pointer, align, mask])

    def _all(self, mask: Value) -> Value:
        name = f"llvm.vector.reduce.and.v{self.processor.lanes}i1"
        kind = ir.FunctionType(ir.IntType(1), [self.mask])
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return self.b.call(function, [mask])

    # vectors

    def lanes_below(self, count: Value) -> Value:
        """Write the mask of the first ``count`` lanes."""
        lanes = self.processor.lanes
        wide = ir.VectorType(ir.IntType(32), lanes)
        here = self.b.trunc(self.min(count, lanes), ir.IntType(32))
        one = self.b.insert_element(ir.Constant(wide, ir.Undefined), here, ir.Constant(ir.IntType(32), 0))
        all_alike = self.b.shuffle_vector(one, ir.Constant(wide, ir.Undefined), ir.Constant(wide, [0] * lanes))
        return self.b.icmp_signed("<", ir.Constant(wide, list(range(lanes))), all_alike)

    def number(self, value: float) -> Value:
        """Return a vector that holds one constant in every lane."""
        return ir.Constant(self.vector, [float(value)] * self.processor.lanes)

    def splat(self, scalar: Value) -> Value:
        """Write a vector that holds one number in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        return self.first_lane(self.b.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0)))

    def first_lane(self, vector: Value) -> Value:
        """Write a vector that holds the first number of another one in every lane."""
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.processor.lanes), [0] * self.processor.lanes)
        return self.b.shuffle_vector(vector, ir.Constant(self.vector, ir.Undefined), zeros)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """Write ``a b + c``, with one rounding where the processor can."""
        return self.intrinsic("fma", a, b, c) if self.processor.has_fma else self.plus(self.times(a, b), c)

    def intrinsic(self, name: str, *args: Value) -> Value:
        """Write a call of a function that LLVM knows by this name, of vectors or of single numbers."""
        kind = args[0].type
        full = f"llvm.{name}.f32" if kind == F32 else f"llvm.{name}.v{self.processor.lanes}f32"
        function = self.module.globals.get(full)
        if function is None:
            function = ir.Function(self.module, ir.FunctionType(kind, [kind] * len(args)), full)
        return self.b.call(function, list(args))

    def _float(self, name: str, a: Value, b: Value) -> Value:
        return getattr(self.b, name)(a, b, flags=("contract",))

    def plus(self, a: Value, b: Value) -> Value:
        """Write the sum ``a + b``."""
        return self._float("fadd", a, b)

    def minus(self, a: Value, b: Value) -> Value:
        """Write the difference ``a - b``."""
        return self._float("fsub", a, b)

    def times(self, a: Value, b: Value) -> Value:
        """Write the product ``a b``."""
        return self._float("fmul", a, b)

    def over(self, a: Value, b: Value) -> Value:
        """Write the quotient ``a / b``."""
        return self._float("fdiv", a, b)

    def at_most(self, a: Value, limit: float) -> Value:
        """Write ``min(a, limit)``; NaN stays NaN."""
        return self.b.select(self.b.fcmp_ordered(">", a, self.number(limit)), self.number(limit), a)

    def at_least(self, a: Value, limit: float) -> Value:
        """Write ``max(a, limit)``; NaN stays NaN."""
        return self.b.select(self.b.fcmp_ordered("<", a, self.number(limit)), self.number(limit), a)

    def greater(self, a: Value, b: Value) -> Value:
        """Write ``max(a, b)``; where b is NaN it is a."""
        return self.b.select(self.b.fcmp_ordered(">", b, a), b, a)

    def absolute(self, a: Value) -> Value:
        """Write the absolute value ``|a|``."""
        return self.intrinsic("fabs", a)

    def root(self, a: Value) -> Value:
        """Write the square root of a, a vector or one number."""
        return self.intrinsic("sqrt", a)

    def with_sign(self, a: Value, sign: Value) -> Value:
        """Write ``|a|`` with the sign of another vector."""
        return self.intrinsic("copysign", a, sign)

    def nearest_and_its_power_of_two(self, a: Value) -> tuple[Value, Value]:
        """Write ``(n, 2^n)`` for the whole number n nearest to a (halves go to the even one), for n in [-126, 127].

        In the sum with 1.5 x 2^23 a unit is the last place, so that n stands in the low bits.
        """
        wide = ir.VectorType(ir.IntType(32), self.processor.lanes)
        shift = self.number(1.5 * 2**23)
        shifted = self.b.fadd(a, shift)
        exponent = self.b.shl(self.b.bitcast(shifted, wide), ir.Constant(wide, [23] * self.processor.lanes))
        power = self.b.add(exponent, ir.Constant(wide, [127 << 23] * self.processor.lanes))
        return self.b.fsub(shifted, shift), self.b.bitcast(power, self.vector)

    def reciprocal(self, d: Value) -> Value:
        """Write ``1 / d``, rounded to nearest, for d in [1, 2^126].

        A division of 512 bits takes as long as a dozen multiplications. An estimate to 14 bits and two steps of Newton give
        the same number: the second step rounds as a division does, whatever the estimate, unless all bits of d's mantissa
        are set (Markstein 1990). Then the result's last one is set, too. A test tries every mantissa.
        """
        if not self.processor.estimates_reciprocals:
            return self.over(self.number(1), d)
        r = self._estimated_reciprocal(d)
        for _ in range(2):
            r = self.fma(r, self.fma(self.negative(d), r, self.number(1)), r)
        wide = ir.VectorType(ir.IntType(32), self.processor.lanes)
        mantissa = ir.Constant(wide, [0x7FFFFF] * self.processor.lanes)
        is_full = self.b.icmp_unsigned("==", self.b.and_(self.b.bitcast(d, wide), mantissa), mantissa)
        return self.b.bitcast(self.b.or_(self.b.bitcast(r, wide), self.b.zext(is_full, wide)), self.vector)

    def quotient(self, a: Value, d: Value) -> Value:
        """Write ``a / d``, rounded to nearest, for d in [1, 2^126] and ``|a| <= d`` (Markstein 1990)."""
        if not self.processor.estimates_reciprocals:
            return self.over(a, d)
        r = self.reciprocal(d)
        q = self.times(a, r)
        return self.fma(self.fma(self.negative(d), q, a), r, q)

    def _estimated_reciprocal(self, d: Value) -> Value:
        name, bits = "llvm.x86.avx512.rcp14.ps.512", ir.IntType(16)
        function = self.module.globals.get(name)
        if function is None:
            function = ir.Function(self.module, ir.FunctionType(self.vector, [self.vector, self.vector, bits]), name)
        return self.b.call(function, [d, self.number(0), ir.Constant(bits, -1)])

    def negative(self, a: Value) -> Value:
        """Write the negative of a vector, ``-a``."""
        return self.b.fneg(a)

    def exponent(self, a: Value) -> tuple[Value, Value]:
        """Write ``(e, m)`` with ``a = 2^e m`` and m in [1, 2), for positive normal numbers."""
        wide = ir.VectorType(ir.IntType(32), self.processor.lanes)

        def bits(value: int) -> Value:
            return ir.Constant(wide, [value] * self.processor.lanes)

        as_integers = self.b.bitcast(a, wide)
        e = self.b.sub(self.b.lshr(as_integers, bits(23)), bits(127))
        m = self.b.or_(self.b.and_(as_integers, bits(0x7FFFFF)), bits(0x3F800000))
        return self.b.sitofp(e, self.vector), self.b.bitcast(m, self.vector)

    def total(self, a: Value) -> Value:
        """Write the sum of a vector's lanes."""
        name = f"llvm.vector.reduce.fadd.v{self.processor.lanes}f32"
        kind = ir.FunctionType(F32, [F32, self.vector])
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return self.b.call(function, [ir.Constant(F32, -0.0), a], fastmath=("reassoc",))

    def polynomial(self, x: Value, coefficients: list[float]) -> Value:
        """Write a polynomial of x by Horner's rule; coefficients begin with the highest power."""
        value = self.number(coefficients[0])
        for c in coefficients[1:]:
            value = self.fma(value, x, self.number(c))
        return value
