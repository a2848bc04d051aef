"""What a trained model costs in use: one step of one sequence, and many sequences at once, for every cell."""

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch

from gatebench.models.export import onnx_file, source
from gatebench.models.export.network import ExportedNetwork
from gatebench.speed import cases, data, engines, torch_modules
from gatebench.speed.cases import SMALL, Case, nearest, units
from gatebench.speed.machine import THREADS
from gatebench.speed.timing import TimedCall, timed
from gatebench.training.model import Model

COLUMNS = ["cell", "units", "inputs", "outputs", "engine", "microseconds_per_step", "steps_per_second"]
"""Columns of the table: of a step at batch 1, and of `BATCH` sequences of `STEPS` steps."""
BATCH, STEPS = 256, 100
"""Sequences that are read at once, and the steps of each, where throughput is timed."""
LATENCY, THROUGHPUT = "latency", "throughput"
"""What is timed of each engine or library."""


def measure_inference(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time every cell at 20,000 parameters on music; return medians over rounds, in each of which all are timed."""
    rows = []
    for cell in cases.every_cell():
        tell(f"timing inference, {cell}")
        case = Case(data.music, cell, units(cell, data.KEYS, SMALL), BATCH, STEPS, work="evaluation")
        rows += rows_of(case, rounds)
    return pd.DataFrame(rows, columns=COLUMNS)


def rows_of(case: Case, rounds: int) -> list[tuple[str | float | None, ...]]:
    """Return the rows of one cell, one for each engine or library."""
    model = case.model("reference")
    rows = engines.population(case, model, 1).parameters
    weights = {name: value[0].numpy() for name, value in model.views(rows).items()}
    network = ExportedNetwork(model.graph, model.inputs, model.units, weights, model.stack, model.at)
    x = np.stack([sequence.x for sequence in case.sequences()[0]])
    runs = {
        ("fused_cpu", THROUGHPUT): engines.call(case, "fused_cpu", 1),
        ("reference", LATENCY): _reference_step(model, rows, x[:1, 0]),
        ("reference", THROUGHPUT): engines.call(case, "reference", 1),
        ("torch.nn", LATENCY): _torch_step(case, x[:1, 0]),
        ("torch.nn", THROUGHPUT): torch_modules.call(case),
        **_exported(network, x),
        **_onnx(network, x),
    }
    seconds = timed(runs, rounds)

    def number(engine: str, what: str, of_seconds: Callable[[float], float]) -> float | None:
        return of_seconds(seconds[engine, what]) if (engine, what) in seconds else None

    return [
        (
            case.cell, case.units, case.data.inputs, case.data.outputs, engine,
            number(engine, LATENCY, lambda one: 1e6 * one),
            number(engine, THROUGHPUT, lambda one: case.batch * case.steps / one),
        )
        for engine in dict.fromkeys(engine for engine, _ in runs)
    ]  # fmt: skip


def _reference_step(model: Model, rows: torch.Tensor, x: np.ndarray) -> TimedCall:
    parameters, x_t = model.views(rows), torch.from_numpy(x)
    layers = model.start(parameters)
    return _without_gradient(lambda: model.advance(parameters, x_t, layers))


def _torch_step(case: Case, x: np.ndarray) -> TimedCall:
    """Return a step of the cell of `torch.nn` that is nearest, with a readout."""
    module = getattr(torch.nn, f"{nearest(case.cell)}Cell")(case.data.inputs, case.units)
    readout = torch.nn.Linear(case.units, case.data.outputs)
    state, x_t = None, torch.from_numpy(x)

    def step() -> torch.Tensor:
        nonlocal state
        state = module(x_t, state)
        return readout(state[0] if isinstance(state, tuple) else state)

    return _without_gradient(step)


def _exported(network: ExportedNetwork, x: np.ndarray) -> dict[tuple[str, str], TimedCall]:
    """Return calls of the module that ``gatebench export`` writes; one that looks ahead makes no single steps."""
    module: Any = source.build_module(network)  # with a method `step`, which no type knows
    tensor = torch.from_numpy(x)
    runs = {("exported module", THROUGHPUT): _without_gradient(lambda: module(tensor))}
    if network.causal:
        state = None

        def step() -> torch.Tensor:
            nonlocal state
            readout, state = module.step(tensor[:1, 0], state)
            return readout

        runs["exported module", LATENCY] = _without_gradient(step)
    return runs


def _onnx(network: ExportedNetwork, x: np.ndarray) -> dict[tuple[str, str], TimedCall]:
    """Return calls of the exported file by onnxruntime, if it is installed; its step is a sequence of one step."""
    if onnx_file.reason_without_onnx(network) or not importlib.util.find_spec("onnxruntime"):
        return {}
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    file = onnx_file.onnx_bytes(network)
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def run(part: np.ndarray) -> TimedCall:
        feed = {"x": np.ascontiguousarray(part), "lengths": np.full(len(part), part.shape[1], np.int32)}
        return TimedCall(lambda: session.run(None, feed))

    return {("onnxruntime", LATENCY): run(x[:1, :1]), ("onnxruntime", THROUGHPUT): run(x)}


def _without_gradient(function: Callable[[], object]) -> TimedCall:
    def call() -> None:
        torch.set_num_threads(THREADS)
        with torch.no_grad():
            function()

    return TimedCall(call)
