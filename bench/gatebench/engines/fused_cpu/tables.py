"""Functions whose arguments are two tables, one of pointers and one of integers, with named entries.

One compilation then serves all sizes: what differs between them is looked up in the tables.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import I64, FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor

TICKS = "ticks "
"""How the names of the integers begin that hold the ticks spent in a part of the code."""
WHOLE = "whole"
"""The part that is all of a function."""
COUNTERS = {"aarch64": "readsteadycounter"}
"""Architecture -> LLVM's counter of ticks that a program may read; elsewhere it is the cycle counter."""


@dataclass
class Tables:
    """Names of the entries of the two tables, in the order in which the code first asked for them."""

    is_timed: bool = False
    """Whether the code adds up the ticks of each of its parts, in integers of the table named `TICKS` and the part."""
    pointers: list[str] = field(default_factory=list)
    integers: list[str] = field(default_factory=list)

    @staticmethod
    def place(names: list[str], name: str) -> int:
        """Return the position of an entry, which gets the next one if it is new."""
        if name not in names:
            names.append(name)
        return names.index(name)


class TableFunction(FunctionBuilder):
    """Writes a function of the two tables; it reads each entry that it needs once, as it begins."""

    def __init__(
        self, module: ir.Module, processor: Processor, tables: Tables, name: str, arguments: str = "", exported: bool = False
    ):
        super().__init__(module, processor, name, f"Pointers Integers {arguments}", exported)
        self.tables = tables
        self._entries: dict[str, Value] = {}

    def p(self, name: str) -> Value:
        """Return a pointer of the table, by name."""
        return self._entry(f"p {name}", lambda: self.pointer(self.Pointers, Tables.place(self.tables.pointers, name)))

    def n(self, name: str) -> Value:
        """Return an integer of the table, by name."""
        return self._entry(f"n {name}", lambda: self.integer(self.Integers, Tables.place(self.tables.integers, name)))

    def scratch(self) -> Value:
        """Return the address of a vector on the stack; LLVM makes a register of it."""
        return self._at_start(lambda: self.b.alloca(self.vector))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Write a block; where the code is timed, the ticks that it takes are added to those of the part of this name."""
        if not self.tables.is_timed:
            yield
            return
        kind = ir.FunctionType(I64, [])
        architecture = self.processor.triple.partition("-")[0]
        counter = f"llvm.{COUNTERS.get(architecture, 'readcyclecounter')}"
        read = self.module.globals.get(counter) or ir.Function(self.module, kind, counter)
        started = self.b.call(read, [])
        yield
        place = Tables.place(self.tables.integers, f"{TICKS}{name}")
        to = self.b.gep(self.Integers, [self.i64(place)], source_etype=I64)
        taken = self.b.sub(self.b.call(read, []), started)
        self.b.store(self.b.add(self.b.load(to, typ=I64), taken), to)

    def _entry(self, name: str, make: Callable[[], Value]) -> Value:
        if name not in self._entries:
            self._entries[name] = self._at_start(make)
        return self._entries[name]

    def _at_start(self, make: Callable[[], Value]) -> Value:
        entry = self.function.entry_basic_block
        if self.b.block is entry:
            return make()
        with self.b.goto_block(entry):  # before its terminator
            return make()

    def phase(self, other: "TableFunction", *arguments: Value) -> None:
        """Write a call of another function with the same tables."""
        self.call(other, self.Pointers, self.Integers, *arguments)
