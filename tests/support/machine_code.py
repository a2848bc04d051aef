"""Code of the engine for processors, compiled by itself for tiles of every shape."""

import dataclasses
from collections.abc import Callable

import numpy as np
from llvmlite import binding as llvm
from llvmlite import ir

from gatebench.engines.fused_cpu import compiled
from gatebench.engines.fused_cpu.processor import Processor, processor

HERE = processor()
SHAPES = {
    "4 lanes": {"lanes": 4, "rows": 3, "vectors": 3, "has_fma": False, "has_masked_stores": False},
    "4 lanes, more registers": {"lanes": 4, "rows": 8, "vectors": 3, "has_fma": True, "has_masked_stores": False},
    "8 lanes": {"lanes": 8, "rows": 4, "vectors": 3, "has_fma": True, "has_masked_stores": True},
    "16 lanes": {"lanes": 16, "rows": 8, "vectors": 3, "has_fma": True, "has_masked_stores": True},
}


def of_shape(name: str) -> Processor:
    """This processor with tiles of another shape: the compiler splits vectors that are wider than the registers here."""
    return dataclasses.replace(HERE, **SHAPES[name])


def build(processor: Processor, make: Callable[[ir.Module], object]) -> llvm.ExecutionEngine:
    """An engine with the functions of a module that ``make`` has filled."""
    module = ir.Module("test")
    make(module)
    return compiled._engine(str(module), processor, "test")


def address(array: np.ndarray) -> int:
    """Where an array's numbers begin."""
    return array.__array_interface__["data"][0]
