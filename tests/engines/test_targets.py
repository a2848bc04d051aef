"""Code for processors that this need not be: chosen by what they can do, and inspected as assembly."""

from functools import cache

import numpy as np
import pytest
from llvmlite import binding as llvm
from llvmlite import ir

from gatebench.core import registry
from gatebench.engines.base import Network
from gatebench.engines.fused_cpu import compiled, likelihoods, optimizers
from gatebench.engines.fused_cpu.builder import FunctionBuilder
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.kernels import Kernels
from gatebench.engines.fused_cpu.plan import WorkPlan
from gatebench.engines.fused_cpu.processor import choose, processor
from gatebench.engines.fused_cpu.tables import Tables
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli, categorical, gaussian, gaussian_mixture
from gatebench.training.weighting import weighted_categorical
from support import assembly
from support.agreement import assert_agree, assert_alive, gradients, population, sequences, true

X86, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
pytestmark = pytest.mark.usefixtures("own_cache")

SSE2 = {"sse": True, "sse2": True}
AVX2 = SSE2 | {"avx": True, "avx2": True, "fma": True}
AVX512 = AVX2 | {"avx512f": True, "avx512bw": True, "avx512dq": True, "avx512vl": True}
NEON = {"neon": True, "fp-armv8": True}
TARGETS = {
    "AVX-512, Intel": choose(X86, "sapphirerapids", AVX512),
    "AVX-512, AMD": choose(X86, "znver4", AVX512),
    "AVX2": choose(X86, "haswell", AVX2),
    "SSE2": choose(X86, "x86-64", SSE2),
    "NEON": choose(ARM, "neoverse-n1", NEON),
}


def with_every_operation():
    """Cells in which each operation occurs: those with an operation that none before them has, the largest first."""
    graphs = sorted((trace.load(name) for name in registry.available("cells", ".py")), key=lambda graph: -len(graph.nodes))
    seen, cells = set(), []
    for graph in graphs:
        if not {node.op for node in graph.nodes} <= seen:
            seen |= {node.op for node in graph.nodes}
            cells.append(graph.name)
    return cells


PUBLISHED = {"gru", "gru_reset_after", "lstm", "lstm_augmented", "lstm_peephole", "lstm_sherstinsky", "rnn"}
CELLS = sorted(PUBLISHED.union(with_every_operation()))
PARTS = [f"cell {cell}" for cell in CELLS]
PARTS += [f"likelihood {name}" for name in likelihoods.KERNELS] + [f"optimizer {name}" for name in optimizers.OPTIMIZERS]
RICH = {
    "AVX-512, Intel": ["cell lstm_augmented", "cell gru", *PARTS[len(CELLS) :]],
    "AVX-512, AMD": ["cell lstm_augmented", "likelihood gaussian_mixture"],
    "AVX2": ["cell lstm_augmented", "cell gru", *PARTS[len(CELLS) :]],
}
"""Where not all code is inspected, because compiling takes long: cells of many operations."""
EVERY_CODE = [(target, part) for target in TARGETS for part in RICH.get(target, PARTS)]
every_target = pytest.mark.parametrize("target", TARGETS)
every_code = pytest.mark.parametrize(("target", "part"), EVERY_CODE)


# the choice


CHOICES = {
    "AVX-512": (X86, AVX512, (16, 8, 3, True, True)),
    "AVX-512 that the system does not save": (X86, AVX512 | {"avx512f": False}, (8, 4, 3, True, True)),
    "AVX2": (X86, AVX2, (8, 4, 3, True, True)),
    "AVX2 without multiply-add": (X86, AVX2 | {"fma": False}, (4, 3, 3, False, False)),
    "AVX": (X86, SSE2 | {"avx": True}, (4, 3, 3, False, False)),
    "SSE2": (X86, SSE2, (4, 3, 3, False, False)),
    "NEON": (ARM, NEON, (4, 8, 3, True, False)),
    "NEON of a Mac": ("arm64-apple-darwin23.0.0", NEON, (4, 8, 3, True, False)),
    "an x86 feature's name on ARM": (ARM, NEON | {"avx512f": True}, (4, 8, 3, True, False)),
    "another architecture": ("riscv64-unknown-linux-gnu", {"v": True}, (4, 3, 3, False, False)),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_code_is_chosen_by_what_a_processor_can_do(kind):
    triple, features, expected = CHOICES[kind]
    chosen = choose(triple, "some", features)
    assert (chosen.lanes, chosen.rows, chosen.vectors, chosen.has_fma, chosen.has_masked_stores) == expected
    assert (chosen.triple, chosen.name) == (triple, "some")
    assert set(chosen.features.split(",")) == {f"{'+' if value else '-'}{name}" for name, value in features.items()}


def test_the_order_of_features_does_not_matter():
    assert choose(X86, "some", dict(reversed(AVX2.items()))) == choose(X86, "some", AVX2)


def test_the_processor_here_is_chosen_in_the_same_way():
    here = llvm.get_host_cpu_features()
    assert processor() == choose(llvm.get_default_triple(), llvm.get_host_cpu_name(), here)
    assert set(processor().features.split(",")) == set(here.flatten().split(","))


# the code


def assembled(module, target):
    """The assembly text of a module."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = compiled.target_machine(TARGETS[target])
    return machine.emit_assembly(compiled.optimised(str(module), machine))


@cache
def code(target, part):
    """The assembly text of one part of a network's code."""
    module, (kind, name) = ir.Module("code"), part.split()
    if kind == "cell":
        Kernels(WorkPlan(trace.load(name)), module, TARGETS[target], Tables(), of_inputs=True)
    elif kind == "likelihood":
        likelihoods.build(module, TARGETS[target], Tables(), likelihoods.KERNELS[name])
    else:
        optimizers.build(module, TARGETS[target], name)
    return assembled(module, target)


def arithmetic_of_loops(lines):
    """Instructions that compute in the innermost loops of a function."""
    return [one for loop in assembly.innermost_loops(lines) for one in assembly.arithmetic(loop)]


@every_code
def test_loops_compute_with_whole_vectors(target, part):
    """Sums over the lanes of a vector are the exception, which only the biases of a readout need."""
    read = [one for lines in assembly.functions(code(target, part)).values() for one in arithmetic_of_loops(lines)]
    assert len(read) >= 5
    narrow = [one for one in read if one.lanes != TARGETS[target].lanes]
    assert [one.line for one in narrow if one.operation not in {"add", "fadd"}] == []
    assert narrow == [] or part.startswith("likelihood")


@every_code
def test_nothing_of_the_mathematical_library_is_called(target, part):
    assert assembly.outside(code(target, part)) <= {"memset", "memcpy"}


@every_code
def test_multiply_and_add_is_one_instruction_where_there_is_one(target, part):
    read = [one for lines in assembly.functions(code(target, part)).values() for one in assembly.arithmetic(lines)]
    assert any(one.is_fused for one in read) == TARGETS[target].has_fma


def tiles(target, part):
    """Name of a tile -> the innermost loops in which it multiplies."""
    functions = {name: lines for name, lines in assembly.functions(code(target, part)).items() if name.startswith("tile")}
    return {name: [loop for loop in assembly.innermost_loops(lines) if products(loop)] for name, lines in functions.items()}


def products(loop):
    return [one for one in assembly.arithmetic(loop) if one.is_fused or one.operation in {"mul", "fmul"}]


@pytest.mark.parametrize("part", ["cell lstm_augmented", "likelihood gaussian_mixture"])
@every_target
def test_the_tile_of_a_product_stays_in_registers(target, part):
    """The highest tile touches no stack at all; lower ones, which sum several steps at once, may have addresses there."""
    chosen, loops_of = TARGETS[target], tiles(target, part)
    (loop,) = loops_of[f"tile{chosen.rows}x{chosen.vectors}"]
    assert len(products(loop)) % (chosen.rows * chosen.vectors) == 0
    assert assembly.on_the_stack(loop) == []
    assert len(loops_of) >= 2 * chosen.vectors
    for name, loops in loops_of.items():
        assert loops, f"{name} multiplies nothing"
        for one in (one for loop in loops for one in products(loop)):
            assert one.is_fused == chosen.has_fma, f"{name}: {one.line}"
        vectors = [line for loop in loops for line in assembly.on_the_stack(loop) if assembly.has_vector(line)]
        assert vectors == [], f"{name} keeps a vector on the stack"


@every_target
def test_a_whole_vector_is_stored_at_once_though_there_is_a_mask(target):
    """Where no instruction knows masks, LLVM asks for each lane, which only the end of a row needs."""
    module = ir.Module("store")
    c = FunctionBuilder(module, TARGETS[target], "copy", "A C count", exported=True)
    c.store(c.load(c.A), c.C, c.lanes_below(c.count))
    c.end()
    text = assembled(module, target)
    whole = [line for line in text.splitlines() if assembly.stores_vector(line)]
    assert len(whole) == 1, text
    assert ("{%k" in whole[0] or "maskmov" in whole[0]) == TARGETS[target].has_masked_stores


# the code at work


LEVELS = {"x86-64": SSE2, "x86-64-v3": AVX2, "x86-64-v4": AVX512}
"""Steps of x86-64 that have names -> their features."""


def variants():
    """Code of every kind that runs on this processor, by its name in LLVM."""
    here, features = processor(), llvm.get_host_cpu_features()
    if not here.triple.startswith("x86_64"):
        return {"generic": choose(here.triple, "generic", {})}
    able = {name: level for name, level in LEVELS.items() if all(features.get(feature) for feature in level)}
    return {name: choose(here.triple, name, level) for name, level in able.items()}


VARIANTS = variants()
NETWORKS = [
    ("nas", bernoulli()),
    ("lstm_augmented", bernoulli()),
    ("gru", categorical(7)),
    ("gru", weighted_categorical(7, (0.5, 2.0, 1.0, 0.25, 1.25, 4.0, 0.75))),
    ("lstm", gaussian()),
    ("gru", gaussian_mixture(3)),
]


@pytest.mark.parametrize(("cell", "likelihood"), NETWORKS, ids=str)
@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_and_gradients_equal_the_reference(variant, cell, likelihood):
    engine = FusedCpu(2, code_for=VARIANTS[variant])
    for inputs, units, density in ((30, 46, 0.05), (5, 7, 1.0), (11, 25, 1.0)):
        network = Network(trace.load(cell), inputs, 1 if isinstance(likelihood, categorical) else 3, units, likelihood)
        flat, weights = population(network, 3, scale=0.5), np.linspace(0.5, 1.5, 3).astype(np.float32)
        music = [sequences(network, [9, 13 + k, 4, 1, 9], density, k) for k in range(3)]
        expected = true(network, flat, music, weights)
        assert_alive(network, expected)
        assert_agree(network, gradients(engine, network, flat, music, weights), expected)
