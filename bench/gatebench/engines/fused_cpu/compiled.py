"""Machine code from a plan, made once for a machine and kept in a cache."""

import ctypes
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import llvmlite
from llvmlite import binding as llvm
from llvmlite import ir

from gatebench.engines.fused_cpu import heads, rules
from gatebench.engines.fused_cpu.kernels import Kernels
from gatebench.engines.fused_cpu.phase import Tables
from gatebench.engines.fused_cpu.plan import Plan
from gatebench.engines.fused_cpu.vector import Machine
from gatebench.graph.trace import Graph

Function = Callable[[int, int], None]
"""Takes the addresses of the two tables; other threads run meanwhile."""


class Cell:
    """Functions ``forward`` and ``backward`` of one cell."""

    def __init__(self, graph: Graph, machine: Machine, of_inputs: bool = False) -> None:
        """``of_inputs``: the way back also gives the gradient of what the cell reads."""
        self.plan, self.tables = Plan(graph), Tables()
        module = ir.Module(graph.name)
        self.layout = Kernels(self.plan, module, machine, self.tables, of_inputs).layout
        self._engine = _engine(str(module), machine, f"cell {graph.name}" + (" of a higher layer" if of_inputs else ""))
        self.forward, self.backward = (_function(self._engine, name) for name in ("forward", "backward"))


class Readout:
    """The function ``run``: readout and likelihood, and their gradients."""

    def __init__(self, head: heads.Head, machine: Machine) -> None:
        self.tables = Tables()
        module = ir.Module(head.code.__name__)
        heads.build(module, machine, self.tables, head)
        self._engine = _engine(str(module), machine, f"likelihood {head.code.__name__}")
        self.run = _function(self._engine, "head")


def _function(engine: llvm.ExecutionEngine, name: str) -> Function:
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address(name))


@cache
def optimizer(name: str) -> Callable[..., None]:
    """The function ``step`` of `rules`."""
    module = ir.Module(name)
    rules.build(module, machine(), name)
    engine = _engine(str(module), machine(), f"optimizer {name}")
    found = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, ctypes.c_int64)(engine.get_function_address("step"))
    _engines.append(engine)
    return found


_engines: list[llvm.ExecutionEngine] = []
"""Their functions live as long as they do."""


@cache
def machine() -> Machine:
    """The one that this runs on."""
    features = llvm.get_host_cpu_features()
    wide = bool(features.get("avx512f"))
    return Machine(16 if wide else 8, 8 if wide else 4, llvm.get_host_cpu_name(), features.flatten())


def folder() -> Path:
    """Where machine code is kept: ``GATEBENCH_CACHE``, or the user's cache folder."""
    chosen = (
        os.environ.get("GATEBENCH_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatebench"
    )
    return Path(chosen) / "kernels"


def _engine(text: str, machine: Machine, what: str) -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine(cpu=machine.name, features=machine.features, opt=3)
    versions = (llvmlite.__version__, llvm.llvm_version_info, machine, text)
    file = folder() / hashlib.sha256(repr(versions).encode()).hexdigest()[:32]
    kept = _read(file)
    if kept is None:
        started = time.perf_counter()
        kept = _object(text, target)
        print(f"gatebench: compiled {what} for this machine in {time.perf_counter() - started:.1f} s", file=sys.stderr)
        _write(file, kept)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(kept))
    engine.finalize_object()
    return engine


def _object(text: str, target: llvm.TargetMachine) -> bytes:
    module = llvm.parse_assembly(text)
    module.verify()
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return target.emit_object(module)


def _read(file: Path) -> bytes | None:
    """What `_write` wrote; None if it is not there, or not whole."""
    try:
        contents = file.read_bytes()
    except OSError:
        return None
    digest, kept = contents[:32], contents[32:]
    return kept if hashlib.sha256(kept).digest() == digest else None


def _write(file: Path, kept: bytes) -> None:
    """Whole or not at all. A cache that cannot be written costs the next process a compilation, nothing else."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            part = Path(folder) / file.name
            part.write_bytes(hashlib.sha256(kept).digest() + kept)
            part.replace(file)
    except OSError:
        return
