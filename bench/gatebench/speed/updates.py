"""How fast engines are: one training update beside `torch.nn`, and populations of growing size."""

import importlib.util
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

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
"""Columns of the table of updates, times in milliseconds."""
OUTPUTS = 88
"""Numbers of the readout, as in the music data."""
Name = TypeVar("Name")
"""Whatever tells calls apart that are timed together."""
THREADS = os.cpu_count() or 1
"""Threads of every engine and library."""
MUSIC = 0.04
"""Share of keys that sound in an input like music; inputs like speech are dense."""
NEAREST = {"rnn": "RNN", "gru": "GRU", "gru_reset_after": "GRU"}
"""Cell -> the module of `torch.nn` nearest to it; all others are LSTMs of a kind."""
POPULATION = 10
"""Members of the population that is timed beside a single one."""
WARM = 0.04
"""Seconds of untimed calls before those that are timed."""
POPULATIONS = (1, 2, 5, 10, 20, 50, 100)
"""Numbers of members that show how a population's cost grows."""
TRAINING = Training("step", 32, 1, 1, "rmsprop", {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}, clip_norm=1.0)
"""Settings of the updates that are timed."""


@dataclass(frozen=True)
class Case:
    """One row of the table: a cell at a size of Chung et al. 2014, Table 1, on batches of one shape."""

    cell: str
    units: int
    inputs: int
    batch: int
    steps: int
    lengths: tuple[int, ...] = ()
    """Length of the one sequence that each member reads, at batch 1; empty: all read the same ``steps``."""

    @property
    def beside(self) -> str:
        """What the engines are compared with."""
        if self.cell == "lstm_augmented":
            return "reference, population of 10"
        return f"torch.nn.{NEAREST.get(self.cell, 'LSTM')}"


@dataclass(frozen=True)
class TimedCall:
    """A function to time."""

    call: Callable[[], object]
    updates: int = 1
    """Updates per call, of a population or of one model."""


def cases() -> list[Case]:
    """Return the sizes of Table 1, music and speech, at batch 32 and at the authors' batch 1."""
    music = [("rnn", 100), ("gru", 46), ("gru_reset_after", 46), ("lstm", 36), ("lstm_peephole", 36)]
    sizes = [Case(cell, units, 88, 1, 250) for cell, units in music]
    sizes += [Case("gru", 46, 88, 1, round(np.mean(lengths)), lengths) for lengths in _muse_data()]
    sizes += [Case(cell, units, 88, 32, 100) for cell, units in music]
    sizes += [Case("lstm_augmented", _units_of_augmented(), 88, 32, 100)]
    speech = [("rnn", 400), ("gru", 227), ("gru_reset_after", 227), ("lstm", 195), ("lstm_peephole", 195)]
    return sizes + [Case(cell, units, 20, 32, 100) for cell, units in speech]


def _muse_data() -> list[tuple[int, ...]]:
    """Return lengths of ten training sequences of MuseData, spread over their range; an empty list without the data."""
    try:
        lengths = sorted(len(a) - 1 for a in cards.read_arrays(cards.load("muse_data"))["train"])
    except BadInput:
        return []
    return [tuple(lengths[int((i + 0.5) * len(lengths) / POPULATION)] for i in range(POPULATION))]


def _units_of_augmented() -> int:
    from gatebench.graph.cost import cost, solve

    graph = trace.load("lstm_augmented")
    return solve(20_000, lambda units: cost(graph, graph.sizes(88, units), 88).parameters_recurrent, "parameters")


def measure_updates(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time every case on every engine; return medians over rounds, in each of which all are timed one after another."""
    rows = []
    for case in cases():
        tell(f"{case.cell} {case.units}, {case.inputs} inputs, batch {case.batch}")
        rows += _rows(case, rounds)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(case: Case, rounds: int) -> list[dict[str, str | float]]:
    runs: dict[tuple[str, int], TimedCall] = {
        ("reference", 1): _gatebench_update(case, "reference", 1),
        ("fused_cpu", 1): _gatebench_update(case, "fused_cpu", 1),
        ("fused_cpu", POPULATION): _gatebench_update(case, "fused_cpu", POPULATION),
    }
    beside = ("reference", POPULATION) if case.cell == "lstm_augmented" else ("torch.nn", 1)
    runs[beside] = _gatebench_update(case, *beside) if beside[0] == "reference" else _torch_update(case)
    if importlib.util.find_spec("jax") and not case.lengths:
        runs |= {("jax scan", count): _jax_gradient(case, count) for count in (1, POPULATION)}
    times = _timed({**runs, ("matmul", 1): _matrix_product()}, rounds)
    rate = 2 * SIDE**3 / times["matmul", 1]
    seconds_per_update = {name: seconds / name[1] for name, seconds in times.items()}
    model = _model(case, "reference")
    flops = 3 * (model.cost.flops_per_step + 2 * case.units * OUTPUTS) * case.batch * case.steps
    return [
        {
            **{name: getattr(case, name) for name in ("cell", "units", "inputs", "batch", "steps")},
            "population": count,
            "engine": engine,
            "ms_per_update_per_member": 1e3 * seconds_per_update[engine, count],
            "beside": case.beside,
            "beside_ms": 1e3 * seconds_per_update[beside],
            "ratio": seconds_per_update[beside] / seconds_per_update[engine, count],
            "relative_throughput": flops / seconds_per_update[engine, count] / rate,
        }
        for engine, count in runs
    ]


def _timed(runs: dict[Name, TimedCall], rounds: int) -> dict[Name, float]:
    """Return the median seconds per update of each call.

    Each is called untimed first: its caches are warm then, and the threads of the call before, which spin a while, sleep.
    """
    taken: dict[Name, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            _repeated(run, WARM)
            calls, seconds = _repeated(run, WARM / 2)
            taken[name].append(seconds / calls / run.updates)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _repeated(run: TimedCall, least: float) -> tuple[int, float]:
    """Call until so many seconds have passed; returns the number of calls and the seconds."""
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
    """Return a batch for every member, or one for all."""
    random = np.random.default_rng(0)

    def sequence(steps: int) -> Sequence:
        x = (
            random.random((steps, case.inputs)) < MUSIC
            if case.inputs == OUTPUTS
            else random.standard_normal((steps, case.inputs))
        )
        return Sequence(x.astype(np.float32), (random.random((steps, OUTPUTS)) < MUSIC).astype(np.float32))

    return [[sequence(steps)] for steps in case.lengths] or [[sequence(case.steps) for _ in range(case.batch)]]


def _gatebench_update(case: Case, engine: str, count: int) -> TimedCall:
    """Return an update as in training: losses, gradients, clipping, optimizer."""
    model, batches = _model(case, engine), _sequences(case)
    some = batches[0][:1]
    task = Task("speed", cards.load("bach_chorales"), {"train": some, "valid": some, "test": some}, case.inputs, OUTPUTS)
    members = [Member(str(k), 1e-4, k) for k in range(count)]
    population = Population.start(model, task, TRAINING, members)
    prepared = [make_batch(model, batch) for batch in batches]
    # One member takes each of the sequences in turn.
    chosen = range(len(batches)) if count == 1 else [0]
    rate, live = torch.full((count, 1), 1e-4), torch.ones(count, 1, dtype=torch.bool)

    def run() -> None:
        for first in chosen:
            population.update([prepared[(first + k) % len(batches)] for k in range(count)], rate, live)

    return TimedCall(run, len(chosen))


def _torch_update(case: Case) -> TimedCall:
    """Return the same with the module, loss, clipping and optimizer of torch, on tensors that are padded already."""
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

    return TimedCall(run, len(batches))


def _jax_gradient(case: Case, count: int) -> TimedCall:
    from gatebench.speed import jax_scan

    model, (batch,) = _model(case, "reference"), _sequences(case)
    x, y = (np.stack([getattr(s, name) for s in batch], 1) for name in ("x", "y"))
    return TimedCall(jax_scan.gradient(model, model.start_rows(list(range(count)), TRAINING), x, y))


def _matrix_product() -> TimedCall:
    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)

    def run() -> None:
        torch.set_num_threads(THREADS)
        torch.mm(a, b)

    return TimedCall(run)


def measure_populations(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time populations of growing size; return the cost of a member, and the peak memory of the process so far."""
    case = Case("gru", 46, 88, 32, 100)
    rows = []
    for count in POPULATIONS:
        tell(f"{case.cell} {case.units}, a population of {count}")
        seconds = _timed({count: _gatebench_update(case, "fused_cpu", count)}, rounds)[count]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((case.cell, case.units, case.batch, case.steps, count, 1e3 * seconds, 1e3 * seconds / count, peak))
    columns = ["cell", "units", "batch", "steps", "population", "ms_per_update", "ms_per_update_per_member", "peak_mb"]
    return pd.DataFrame(rows, columns=columns)
