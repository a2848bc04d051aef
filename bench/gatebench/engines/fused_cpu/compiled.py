"""Machine code for a cell, a likelihood or an optimizer: compiled once for a processor, read from a cache once a process."""

import ctypes
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
from llvmlite import binding as llvm
from llvmlite import ir

from gatebench.core import terminal
from gatebench.core.files import cache_folder
from gatebench.engines.fused_cpu import gather, likelihoods, optimizers, updates
from gatebench.engines.fused_cpu.kernels import Kernels
from gatebench.engines.fused_cpu.plan import WorkPlan
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import Tables
from gatebench.graph.trace import Graph

PIPELINE = 1
"""Raised when a text becomes other code than before, in `target_machine` or `optimised`: what is cached is of this one."""

Made = TypeVar("Made")
"""Compiled code of any kind."""
Function = Callable[[int, int], None]
"""A compiled function; it takes the addresses of the two tables of `tables`, and other threads run meanwhile."""


class CompiledCell:
    """The functions ``forward`` and ``backward`` of one cell."""

    def __init__(self, graph: Graph, processor: Processor, of_inputs: bool = False, is_timed: bool = False) -> None:
        """Compile a cell; with ``of_inputs`` its backward pass also gives the gradient of what the cell reads."""
        self.processor, self.plan, self.tables = processor, WorkPlan(graph), Tables(is_timed)
        module = ir.Module(graph.name)
        self.layout = Kernels(self.plan, module, processor, self.tables, of_inputs).layout
        self._engine = _engine(str(module), processor, f"cell {graph.name}" + (" of a higher layer" if of_inputs else ""))
        self.forward, self.backward = (_function(self._engine, name) for name in ("forward", "backward"))


class CompiledReadout:
    """The function ``run``: readout and likelihood, and the gradients of both."""

    def __init__(self, kernel: likelihoods.LikelihoodKernel, processor: Processor, is_timed: bool = False) -> None:
        self.tables = Tables(is_timed)
        module = ir.Module(kernel.code.__name__)
        likelihoods.build(module, processor, self.tables, kernel)
        self._engine = _engine(str(module), processor, f"likelihood {kernel.code.__name__}")
        self.run = _function(self._engine, "head")


class CompiledOptimizer:
    """The functions of one optimizer: ``step`` updates one member's row, ``lead`` and ``follow`` are those of `updates`."""

    def __init__(self, name: str, processor: Processor, is_timed: bool = False) -> None:
        """Compile the optimizer of a name of `optimizers.OPTIMIZERS`."""
        self.tables, module = Tables(is_timed), ir.Module(name)
        optimizers.build(module, processor, name)
        updates.build(module, processor, self.tables, name)
        self._engine = _engine(str(module), processor, f"optimizer {name}")
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, ctypes.c_int64)
        self.step: Callable[..., None] = kind(self._engine.get_function_address("step"))
        self.lead, self.follow = (_function(self._engine, name) for name in ("lead", "follow"))


class CompiledGather:
    """The functions of `gather` by name, of counts and addresses."""

    def __init__(self, processor: Processor) -> None:
        module = ir.Module("gather")
        gather.build(module, processor)
        self._engine = _engine(str(module), processor, "the gathering of batches")
        self.functions: dict[str, Callable[..., None]] = {}
        for name, arguments in gather.FUNCTIONS.items():
            kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * len(arguments.split()))
            for full in (name, name + gather.BYTES):
                self.functions[full] = kind(self._engine.get_function_address(full))


_of_process: dict[Hashable, Any] = {}
_lock = threading.Lock()


def _once(key: Hashable, make: Callable[[], Made]) -> Made:
    """Return what a process has made for a key: to write the text of a module takes longer than to load its code.

    Threads ask at the same time, and must get the same: code is freed with the object that holds it.
    """
    with _lock:
        if key not in _of_process:
            _of_process[key] = make()
        return _of_process[key]


def compiled_cell(graph: Graph, processor: Processor, of_inputs: bool = False, is_timed: bool = False) -> CompiledCell:
    """Return the code of a cell, compiled when first asked for; the arguments are those of `CompiledCell`."""
    # Not its fingerprint: in another order of the same operations the last digits are others.
    equations = graph.name, graph.nodes, *graph.states.items(), graph.updates, *graph.parameters.items()
    key = "cell", equations, processor, of_inputs, is_timed
    return _once(key, lambda: CompiledCell(graph, processor, of_inputs, is_timed))


def compiled_readout(kernel: likelihoods.LikelihoodKernel, processor: Processor, is_timed: bool = False) -> CompiledReadout:
    """Return the code of a readout and its likelihood, compiled when first asked for."""
    return _once(("readout", kernel, processor, is_timed), lambda: CompiledReadout(kernel, processor, is_timed))


def compiled_optimizer(name: str, processor: Processor, is_timed: bool = False) -> CompiledOptimizer:
    """Return the code of an optimizer, compiled when first asked for."""
    return _once(("optimizer", name, processor, is_timed), lambda: CompiledOptimizer(name, processor, is_timed))


def compiled_gather(processor: Processor) -> CompiledGather:
    """Return the functions of `gather` for a processor, compiled when first asked for."""
    return _once(("gather", processor), lambda: CompiledGather(processor))


def _function(engine: llvm.ExecutionEngine, name: str) -> Function:
    """Return a compiled function, which lives as long as its engine does."""
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address(name))


def code_address(function: Function) -> int:
    """Return where a compiled function's code begins, for other code that calls it."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # pyright: ignore[reportArgumentType] - it is one of ctypes


def folder() -> Path:
    """Return the folder of cached machine code: below ``GATEBENCH_CACHE``, or else below the user's cache folder."""
    return cache_folder() / "kernels"


def _engine(text: str, processor: Processor, what: str) -> llvm.ExecutionEngine:
    """Return an engine with the machine code of a module, from the cache or compiled; stderr is told of a compilation."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = target_machine(processor)
    versions = (PIPELINE, llvmlite.__version__, llvm.llvm_version_info, processor, text)
    file = folder() / hashlib.sha256(repr(versions).encode()).hexdigest()[:32]
    code = _read(file)
    if code is None:
        started = time.perf_counter()
        code = target.emit_object(optimised(text, target))
        terminal.say(f"gatebench: compiled {what} for this machine in {time.perf_counter() - started:.1f} s")
        _write(file, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def target_machine(processor: Processor) -> llvm.TargetMachine:
    """Return what emits code for a processor, whose architecture must be one that LLVM has been initialised for."""
    target = llvm.Target.from_triple(processor.triple)
    return target.create_target_machine(cpu=processor.name, features=processor.features, opt=3)


def optimised(text: str, target: llvm.TargetMachine) -> llvm.ModuleRef:
    """Return the module of a text, optimised for a target."""
    module = llvm.parse_assembly(text)
    module.verify()
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return module


def _read(file: Path) -> bytes | None:
    """Return the code that `_write` wrote, or None if the file is not there or is damaged."""
    try:
        contents = file.read_bytes()
    except OSError:
        return None
    digest, code = contents[:32], contents[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(file: Path, code: bytes) -> None:
    """Write code behind its digest, completely or not at all; where that fails, the next process compiles again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as temporary:
            part = Path(temporary) / file.name
            part.write_bytes(hashlib.sha256(code).digest() + code)
            part.replace(file)
    except OSError:
        return
