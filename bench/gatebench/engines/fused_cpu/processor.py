"""What code is made for: how wide the vectors of a processor are, how many registers it has, and what it can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from llvmlite import binding as llvm


@dataclass(frozen=True)
class Processor:
    """A processor that code is compiled for."""

    lanes: int
    """How many float32 numbers a vector holds."""
    rows: int
    """Rows of a tile of a matrix product."""
    vectors: int
    """Vectors side by side in a tile; ``rows`` of them, the operands of a step beside them, fill the registers."""
    has_fma: bool
    """Whether it multiplies and adds in one instruction; LLVM would call a function of libm for each lane otherwise."""
    has_masked_stores: bool
    """Whether it stores some lanes of a vector in one instruction."""
    triple: str
    """LLVM's name of the architecture and the system."""
    name: str
    """LLVM's name of the processor."""
    features: str
    """LLVM's list of what the processor can do."""

    @property
    def estimates_reciprocals(self) -> bool:
        """Whether it has an instruction that gives 14 bits of the reciprocals of a whole vector (AVX-512F has)."""
        return self.lanes == 16 and "+avx512f" in self.features.split(",")

    @property
    def panel(self) -> int:
        """How many columns the tiles of a matrix product have."""
        return self.vectors * self.lanes


def choose(triple: str, name: str, features: Mapping[str, bool]) -> Processor:
    """Return how code is made for a processor, which need not be the one that this runs on.

    Parameters
    ----------
    triple, name
        LLVM's names of the architecture and of the processor.
    features
        LLVM's name of what a processor can do -> whether this one can; what is left out it cannot.

    """
    has = {feature for feature, value in features.items() if value}
    architecture = triple.partition("-")[0]
    if architecture in {"aarch64", "arm64"}:  # 32 registers; every one of them multiplies and adds in one instruction
        shape = (4, 8, 3, True, False)
    elif "avx512f" in has:  # 32 registers
        shape = (16, 8, 3, True, True)
    elif {"avx2", "fma"} <= has:  # 16 registers
        shape = (8, 4, 3, True, True)
    else:  # 16 registers of SSE2, one of them for a product before it is added; others are taken to have no more
        shape = (4, 3, 3, False, False)
    flags = ",".join(f"{'+' if value else '-'}{feature}" for feature, value in sorted(features.items()))
    return Processor(*shape, triple, name, flags)


@cache
def processor() -> Processor:
    """Return the processor that this runs on."""
    return choose(llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features())
