"""How fast engines are: one training update beside `torch.nn`, and populations of growing size."""

import importlib.util
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines import selection
from gatebench.graph import trace
from gatebench.training.evaluation import make_batch
from gatebench.training.likelihoods import bernoulli
from gatebench.training.loop import Population
from gatebench.training.machine import SIDE
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

COLUMNS = [
    "cell", "units", "inputs", "batch", "steps", "population", "engine",
    "ms_per_update_per_member", "beside", "beside_ms", "ratio", "relative_throughput",
]  # fmt: skip
OUTPUTS = 88
THREADS = os.cpu_count() or 1
MUSIC = 0.04
"""Share of keys that sound in an input like music; inputs like speech are dense."""
NEAREST = {"rnn": "RNN", "gru": "GRU", "gru_reset_after": "GRU"}
"""Cell -> the module of `torch.nn` nearest to it; all others are LSTMs of a kind."""
POPULATION = 10
WARM = 0.04
"""Seconds."""
POPULATIONS = (1, 2, 5, 10, 20, 50, 100)
TRAINING = Training("step", 32, 1, 1, "rmsprop", {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}, clip_norm=1.0)


@dataclass(frozen=True)
class Case:
    """One line of the table: a cell at a size of Chung et al., Table 1, on batches of one shape."""

    cell: str
    units: int
    inputs: int
    batch: int
    steps: int
    lengths: tuple[int, ...] = ()
    """Batch 1: what each member reads, a sequence of its own; empty: all read the same ``steps``."""

    @property
    def beside(self) -> str:
        """What it is measured beside."""
        if self.cell == "lstm_augmented":
            return "reference, population of 10"
        return f"torch.nn.{NEAREST.get(self.cell, 'LSTM')}"


@dataclass(frozen=True)
class Run:
    """Something to time."""

    call: Callable[[], Any]
    updates: int = 1
    """How many a call makes, of a population or of one model."""


def cases() -> list[Case]:
    """Sizes of Table 1, music and speech, at batch 32 and at the authors' batch 1."""
    music = [("rnn", 100), ("gru", 46), ("gru_reset_after", 46), ("lstm", 36), ("lstm_peephole", 36)]
    found = [Case(cell, units, 88, 1, 250) for cell, units in music]
    found += [Case("gru", 46, 88, 1, round(np.mean(lengths)), lengths) for lengths in _muse_data()]
    found += [Case(cell, units, 88, 32, 100) for cell, units in music]
    found += [Case("lstm_augmented", _augmented(), 88, 32, 100)]
    speech = [("rnn", 400), ("gru", 227), ("gru_reset_after", 227), ("lstm", 195), ("lstm_peephole", 195)]
    return found + [Case(cell, units, 20, 32, 100) for cell, units in speech]


def _muse_data() -> list[tuple[int, ...]]:
    """Lengths of ten training sequences of MuseData, spread over their range; nothing where the data is not at hand."""
    try:
        lengths = sorted(len(a) - 1 for a in cards.arrays(cards.load("muse_data"))["train"])
    except BadInput:
        return []
    return [tuple(lengths[int((i + 0.5) * len(lengths) / POPULATION)] for i in range(POPULATION))]


def _augmented() -> int:
    from gatebench.graph.cost import cost, solve

    graph = trace.load("lstm_augmented")
    return solve(20_000, lambda units: cost(graph, graph.sizes(88, units), 88).parameters_recurrent, "parameters")


def measure(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Every case on every engine: medians over rounds, in each of which all are timed one after another."""
    rows = []
    for case in cases():
        tell(f"{case.cell} {case.units}, {case.inputs} inputs, batch {case.batch}")
        rows += _rows(case, rounds)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(case: Case, rounds: int) -> list[dict[str, Any]]:
    runs: dict[tuple[str, int], Run] = {
        ("reference", 1): _ours(case, "reference", 1),
        ("fused_cpu", 1): _ours(case, "fused_cpu", 1),
        ("fused_cpu", POPULATION): _ours(case, "fused_cpu", POPULATION),
    }
    beside = ("reference", POPULATION) if case.cell == "lstm_augmented" else ("torch.nn", 1)
    runs[beside] = _ours(case, *beside) if beside[0] == "reference" else _torch(case)
    if importlib.util.find_spec("jax") and not case.lengths:
        runs |= {("jax scan", count): _jax(case, count) for count in (1, POPULATION)}
    times = _timed({**runs, ("matmul", 1): _matmul()}, rounds)
    rate = 2 * SIDE**3 / times["matmul", 1]
    each = {name: seconds / name[1] for name, seconds in times.items()}
    model = _model(case, "reference")
    flops = 3 * (model.cost.flops_per_step + 2 * case.units * OUTPUTS) * case.batch * case.steps
    return [
        {
            **{name: getattr(case, name) for name in ("cell", "units", "inputs", "batch", "steps")},
            "population": count,
            "engine": engine,
            "ms_per_update_per_member": 1e3 * each[engine, count],
            "beside": case.beside,
            "beside_ms": 1e3 * each[beside],
            "ratio": each[beside] / each[engine, count],
            "relative_throughput": flops / each[engine, count] / rate,
        }
        for engine, count in runs
    ]


def _timed(runs: dict[Any, Run], rounds: int) -> dict[Any, float]:
    """Median seconds of each. What is timed follows untimed calls of its own: caches are warm, and the threads of the one
    before it, which go on spinning for a while, sleep.
    """
    taken: dict[Any, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            _repeated(run, WARM)
            calls, seconds = _repeated(run, WARM / 2)
            taken[name].append(seconds / calls / run.updates)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _repeated(run: Run, least: float) -> tuple[int, float]:
    """Call until so many seconds have gone; calls and seconds."""
    started, calls = time.perf_counter(), 0
    while True:
        run.call()
        calls += 1
        seconds = time.perf_counter() - started
        if seconds > least:
            return calls, seconds


def _model(case: Case, engine: str) -> Model:
    return Model(trace.load(case.cell), case.inputs, OUTPUTS, case.units, bernoulli(), selection.create(engine, THREADS))


def _sequences(case: Case) -> list[list[Sequence]]:
    """A batch for every member, or one for all."""
    random = np.random.default_rng(0)

    def sequence(steps: int) -> Sequence:
        x = (
            random.random((steps, case.inputs)) < MUSIC
            if case.inputs == OUTPUTS
            else random.standard_normal((steps, case.inputs))
        )
        return Sequence(x.astype(np.float32), (random.random((steps, OUTPUTS)) < MUSIC).astype(np.float32))

    return [[sequence(steps)] for steps in case.lengths] or [[sequence(case.steps) for _ in range(case.batch)]]


def _ours(case: Case, engine: str, count: int) -> Run:
    """An update as in training: losses, gradients, clipping, optimizer."""
    model, batches = _model(case, engine), _sequences(case)
    some = batches[0][:1]
    task = Task("speed", cards.load("bach_chorales"), {"train": some, "valid": some, "test": some}, case.inputs, OUTPUTS)
    members = [Member(str(k), 1e-4, k) for k in range(count)]
    population = Population.start(model, task, TRAINING, members)
    made = [make_batch(model, batch) for batch in batches]
    # One member takes each of the sequences in turn.
    chosen = range(len(batches)) if count == 1 else [0]
    rate, live = torch.full((count, 1), 1e-4), torch.ones(count, 1, dtype=torch.bool)

    def run() -> None:
        for first in chosen:
            population.update([made[(first + k) % len(batches)] for k in range(count)], rate, live)

    return Run(run, len(chosen))


def _torch(case: Case) -> Run:
    """The same with torch's own module, loss, clipping and optimizer, on padded tensors that are ready."""
    torch.manual_seed(0)
    layer = getattr(torch.nn, case.beside.rpartition(".")[2])(case.inputs, case.units)
    readout = torch.nn.Linear(case.units, OUTPUTS)
    parameters = [*layer.parameters(), *readout.parameters()]
    optimizer = torch.optim.RMSprop(parameters, 1e-4, alpha=0.95, momentum=0.9)
    batches = [
        [torch.from_numpy(np.stack([getattr(s, name) for s in batch], 1)) for name in ("x", "y")]
        for batch in _sequences(case)
    ]

    def run() -> None:
        torch.set_num_threads(THREADS)
        for x, y in batches:
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(readout(layer(x)[0]), y, reduction="sum")
            (loss / (y.shape[0] * y.shape[1])).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    return Run(run, len(batches))


def _jax(case: Case, count: int) -> Run:
    from gatebench.speed import jax_scan

    model, (batch,) = _model(case, "reference"), _sequences(case)
    x, y = (np.stack([getattr(s, name) for s in batch], 1) for name in ("x", "y"))
    return Run(jax_scan.gradient(model, model.start_rows(list(range(count)), TRAINING), x, y))


def _matmul() -> Run:
    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)

    def run() -> None:
        torch.set_num_threads(THREADS)
        torch.mm(a, b)

    return Run(run)


def populations(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """What a member costs in populations of growing size, and the most memory that the process has used so far."""
    case = Case("gru", 46, 88, 32, 100)
    rows = []
    for count in POPULATIONS:
        tell(f"{case.cell} {case.units}, a population of {count}")
        seconds = _timed({count: _ours(case, "fused_cpu", count)}, rounds)[count]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((case.cell, case.units, case.batch, case.steps, count, 1e3 * seconds, 1e3 * seconds / count, peak))
    columns = ["cell", "units", "batch", "steps", "population", "ms_per_update", "ms_per_update_per_member", "peak_mb"]
    return pd.DataFrame(rows, columns=columns)
