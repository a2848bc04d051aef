"""Random cases for two engines: any cell with any options, sizes around those of vectors and tiles, any likelihood."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, get_args, get_origin

import numpy as np
import torch
from llvmlite import binding as llvm

from gatebench.core import registry
from gatebench.engines.base import DropoutMasks, Network
from gatebench.engines.fused_cpu.kernels import CHUNK
from gatebench.engines.fused_cpu.processor import Processor, choose, processor
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import Likelihood, bernoulli, categorical, gaussian, gaussian_mixture
from gatebench.training.weighting import weighted_categorical

SIZES = (1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65)
"""Around the numbers of lanes in a vector, and of rows and columns in a tile."""
MEMBERS = (1, 2, 3, 10)
SCALES = (0.0, 1e-3, 1.0, 3.0, 30.0)
"""Of inputs."""
LARGEST = 3e5
"""Most parameters of a population: its size is halved, or that of the network, until it fits."""
SSE2 = {"sse": True, "sse2": True}
AVX2 = SSE2 | {"avx": True, "avx2": True, "fma": True}
LEVELS = {"x86-64": SSE2, "x86-64-v3": AVX2}
"""Steps of x86-64 that have names -> their features; that of AVX-512 is not among them: where it can run, it does."""
HERE = "this processor"


@cache
def targets() -> dict[str, Processor]:
    """Code of every kind that runs on this processor, by its name."""
    here, features = processor(), llvm.get_host_cpu_features()
    if not here.triple.startswith("x86_64"):
        return {HERE: here, "generic": choose(here.triple, "generic", {})}
    able = {name: level for name, level in LEVELS.items() if all(features.get(feature) for feature in level)}
    return {HERE: here} | {name: choose(here.triple, name, level) for name, level in able.items()}


@dataclass(frozen=True)
class Case:
    """What is run; all that is random in it comes from its seed."""

    seed: int
    cell: str
    options: dict[str, Any]
    inputs: int
    outputs: int
    units: int
    members: int
    lengths: list[list[int]]
    """Of each member's sequences."""
    likelihood: Likelihood
    layers: int
    bidirectional: bool
    at: Literal["step", "sequence"]
    drops: bool
    carries: bool
    """Whether states of a series are handed in and out."""
    shares: bool
    """Whether all members read the same batch."""
    density: float
    kind: Literal["numbers", "bytes", "columns apart"]
    scale: float
    threads: int
    target: str
    guard: Literal["before", "behind"]

    def network(self) -> Network:
        """The network, without weights."""
        stack = Stack(self.layers, self.bidirectional)
        graph = trace.load(self.cell, **self.options)
        return Network(graph, self.inputs, self.outputs, self.units, self.likelihood, stack=stack, at=self.at)


@dataclass(frozen=True)
class Arrays:
    """The numbers of a case: all float32, but for inputs that are bytes."""

    parameters: np.ndarray
    """``[K, row]``."""
    sequences: list[tuple[list[np.ndarray], list[np.ndarray]]]
    """Inputs and targets of each member."""
    weights: np.ndarray
    masks: list[DropoutMasks] | None
    carried: list[np.ndarray] | None


def draw(seed: int, cells: list[str] | None = None) -> Case:
    """The case of a seed, of any cell or of one of some."""
    random = np.random.default_rng([19, seed])

    def one_of(values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    cell = one_of(cells or list(registry.available("cells", ".py")))
    options = _options(cell, random)
    at = one_of(["step", "step", "sequence"])
    layers, bidirectional = one_of([1, 1, 2]), bool(random.random() < 0.2)
    likelihood, outputs = _likelihood(random)
    inputs, units, members = one_of(SIZES), one_of(SIZES), one_of(MEMBERS)
    case = Case(
        seed, cell, options, inputs, outputs, units, members, [], likelihood, layers, bidirectional, at,
        drops=bool(random.random() < 0.3), carries=False, shares=bool(random.random() < 0.2),
        density=one_of([1.0, 1.0, 0.1]), kind=one_of(["numbers", "numbers", "bytes", "columns apart"]),
        scale=one_of(SCALES), threads=one_of([1, 2]), target=one_of(list(targets())), guard=one_of(["before", "behind"]),
    )  # fmt: skip
    case = _made_smaller(case)
    kind = random.random()
    lengths = [_lengths(random, kind) for _ in range(1 if case.shares else case.members)] * (
        case.members if case.shares else 1
    )
    carries = case.network().carries and not case.drops and bool(random.random() < 0.4)
    return replace(case, lengths=lengths, carries=carries)


def _made_smaller(case: Case) -> Case:
    """The case with fewer members, and then units and inputs, until it has no more than `LARGEST` parameters."""
    while case.members * case.network().row > LARGEST:
        if case.members > 1:
            case = replace(case, members=max(n for n in MEMBERS if n < case.members))
        elif case.units > SIZES[0]:
            case = replace(case, units=max(n for n in SIZES if n < case.units))
        else:
            case = replace(case, inputs=max(n for n in SIZES if n < case.inputs))
    return case


def _options(cell: str, random: np.random.Generator) -> dict[str, Any]:
    """Options of a cell, each at its default or at another value of its type."""
    module = registry.load_module("gatebench.cells", registry.find("cells", cell, ".py"))
    chosen = {}
    for name, default in trace.load(cell).options.items():
        kind = module.step.__annotations__[name]
        values = [*get_args(kind)] if get_origin(kind) is Literal else _values(default, kind)
        value = values[int(random.integers(len(values)))]
        if value != default:
            chosen[name] = value
    return chosen


def _values(default: Any, kind: Any) -> list[Any]:
    """Values of an option that is no ``Literal``; numbers stand in the code, so there are few of them."""
    if isinstance(default, bool):
        return [False, True]
    if isinstance(default, int):
        return [default, 1, 3]
    return [default, default, 0.25, *([None] if type(None) in get_args(kind) else [])]


def _likelihood(random: np.random.Generator) -> tuple[Likelihood, int]:
    """A likelihood with its options, and how many outputs it has."""
    outputs = int(random.choice(SIZES))
    classes = int(random.choice([2, *SIZES[1:]]))
    kind = int(random.integers(6))
    if kind == 0:
        return bernoulli(), outputs
    if kind == 1:
        return categorical(classes), 1
    if kind == 2:
        return weighted_categorical(classes, tuple(random.uniform(0.2, 3, classes).round(2).tolist())), 1
    if kind == 3:
        return gaussian(), outputs
    components = int(random.choice([1, 3, 8]))
    if kind == 4:
        return gaussian_mixture(components), min(outputs, 17)
    return gaussian_mixture(components, "full"), min(outputs, 9)


def _lengths(random: np.random.Generator, kind: float) -> list[int]:
    """Steps of a member's sequences: all one, all two, ragged, or more rows than are worked on at once."""
    if kind < 0.15:
        return [1] * int(random.choice([1, 3, 8, 17, 50]))
    if kind < 0.3:
        return [2] * int(random.choice([1, 3, 8, 17]))
    if kind < 0.35:
        return [*random.integers(4, 8, CHUNK // 5).tolist(), 1, 7]
    return random.integers(1, 8, int(random.choice([1, 2, 3, 5, 7, 9, 17]))).tolist()


def arrays(case: Case) -> Arrays:
    """The numbers of a case, other ones for each member."""
    network, random = case.network(), np.random.default_rng([7, case.seed])
    parameters = np.zeros((case.members, network.row), np.float32)
    for view in network.views(torch.from_numpy(parameters)).values():
        size = view.shape[1] ** 0.5
        view.copy_(torch.from_numpy((random.standard_normal(view.shape) / size).astype(np.float32)))
    members = []
    for lengths in case.lengths[: 1 if case.shares else None]:
        xs = [_input(case, steps, random) for steps in lengths]
        members.append((xs, [_target(network, steps, random) for steps in lengths]))
    sequences = members * (case.members if case.shares else 1)
    weights = random.uniform(0.5, 1.5, case.members).astype(np.float32)
    masks = [_masks(network, lengths, random) for lengths in case.lengths] if case.drops else None
    carried = None
    if case.carries:
        starts = [network.start_of_series(len(lengths), torch.from_numpy(parameters)) for lengths in case.lengths]
        carried = [0.5 * random.standard_normal(rows.shape).astype(np.float32) for rows in starts]
    return Arrays(parameters, sequences, weights, masks, carried)


def _input(case: Case, steps: int, random: np.random.Generator) -> np.ndarray:
    nonzero = random.random((steps, case.inputs)) < case.density
    if case.kind == "bytes":
        return (nonzero * np.round(case.scale * random.integers(1, 3, nonzero.shape))).astype(np.uint8)
    numbers = (nonzero * case.scale * random.standard_normal(nonzero.shape)).astype(np.float32)
    return np.asfortranarray(numbers) if case.kind == "columns apart" else numbers


def _target(network: Network, steps: int, random: np.random.Generator) -> np.ndarray:
    likelihood, shape = network.likelihood, (steps if network.at == "step" else 1, network.outputs)
    if isinstance(likelihood, categorical):
        return random.integers(likelihood.classes, size=shape).astype(np.float32)
    if isinstance(likelihood, bernoulli):
        return (random.random(shape) < 0.2).astype(np.float32)
    return random.standard_normal(shape).astype(np.float32)


def _masks(network: Network, lengths: list[int], random: np.random.Generator) -> DropoutMasks:
    """Masks of one member's batch, a third of them 0."""
    steps = [sum(lengths)] * network.stack.layers
    if network.at == "sequence":
        steps[-1] = len(lengths)
    return [(random.random((n, network.width)) > 1 / 3).astype(np.float32) * 1.5 for n in steps]
