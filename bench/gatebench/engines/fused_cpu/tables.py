"""Functions whose arguments are two tables, one of pointers and one of integers, with named entries.

One compilation then serves all sizes: what differs between them is looked up in the tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor


@dataclass
class Tables:
    """Names of the entries of the two tables, in the order in which the code first asked for them."""

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
