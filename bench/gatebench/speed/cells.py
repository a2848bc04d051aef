"""What a training update of every cell costs, beside one of the GRU on the same engine, and beside modules of others."""

import importlib
import importlib.util
from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor

from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.speed import cases, data, engines, torch_modules
from gatebench.speed.cases import POPULATION, SMALL, Case, units
from gatebench.speed.timing import PRODUCT_FLOPS, TimedCall, matrix_product, timed

COLUMNS = [
    "data", "cell", "units", "parameters", "flops_per_step", "inputs", "batch", "steps", "population", "engine",
    "ms_per_update_per_member", "gru_ms", "ratio", "relative_throughput",
]  # fmt: skip
"""Columns of the table; ``gru_ms`` is what the fused engine takes for a GRU in the same rounds."""
SHAPES = [(32, 100), (1, 250)]
"""Batch and steps at which every cell is timed, at 20,000 recurrent parameters."""
LONG_SHAPE = (100, 64, 1000)
"""Units, batch and steps at which minGRU is published as faster than a GRU (Feng et al. 2024, Section 4)."""
LONG_CELLS = ["gru", "gru_reset_after", "lstm", "mingru", "minlstm", "sru"]
"""Cells that are timed at `LONG_SHAPE`, where they have as many units and not as many parameters."""
TORCH = {"rnn": "RNN", "gru_reset_after": "GRU", "lstm": "LSTM"}
"""Cell -> the module of `torch.nn` that computes the same."""
TORCHRECURRENT = {
    "antisymmetric": "AntisymmetricRNN", "atr": "ATR", "brc": "BR", "cfn": "CFN", "fastgrnn": "FastGRNN", "indrnn": "IndRNN",
    "janet": "JANET", "lem": "LEM", "ligru": "LiGRU", "lstm_multiplicative": "MultiplicativeLSTM",
    "lstm_original": "OriginalLSTM", "lstm_peephole": "PeepholeLSTM", "mgu": "MGU", "minimal_rnn": "MinimalRNN",
    "mut1": "MUT1", "mut2": "MUT2", "mut3": "MUT3", "nas": "NAS", "nbrc": "NBR", "ran": "RAN", "star": "STAR",
    "ugrnn": "UGRNN", "unicornn": "UnICORNN",
}  # fmt: skip
"""Cell -> the layer of the package torchrecurrent that computes it, where that is installed."""


def measure_cells(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time an update of every cell; return medians over rounds, in each of which a cell and the GRU are timed in turn."""
    timed_cases = [
        Case(data.music, cell, units(cell, data.KEYS, SMALL), *shape) for shape in SHAPES for cell in cases.every_cell()
    ]
    timed_cases += [Case(data.numbers, cell, *LONG_SHAPE) for cell in LONG_CELLS]
    rows = []
    for case in timed_cases:
        tell(f"timing {case.cell} {case.units}, {case.data.name}, batch {case.batch}, {case.steps} steps")
        rows += rows_of(case, rounds)
    return pd.DataFrame(rows, columns=COLUMNS)


def rows_of(case: Case, rounds: int) -> list[tuple[str | float, ...]]:
    """Return the rows of one cell at one shape, one for each engine or library."""
    # What torch computes on all cores keeps threads busy for a while after it: the engine is timed without it in between.
    fused = {("fused_cpu", POPULATION): engines.call(case, "fused_cpu", POPULATION)}
    seconds = timed({**fused, ("gru", POPULATION): _gru(case)}, rounds)
    runs: dict[tuple[str, int], TimedCall] = {}
    if (layer := layer_of_others(case)) is not None:
        runs[layer[0], 1] = torch_modules.call(case, layer[1])
    if case.data is data.music:
        runs["reference", 1] = engines.call(case, "reference", 1)
    seconds |= timed({**runs, ("matrix product", 1): matrix_product()}, rounds)
    graph = trace.load(case.cell)
    costs = cost(graph, graph.sizes(case.data.inputs, case.units), case.data.inputs)
    gru, rate = seconds["gru", POPULATION] / POPULATION, PRODUCT_FLOPS / seconds["matrix product", 1]
    return [
        (
            case.data.name, case.cell, case.units, costs.parameters_recurrent, costs.flops_per_step, case.data.inputs,
            case.batch, case.steps, count, engine, 1e3 * one, 1e3 * gru, gru / one, case.flops / one / rate,
        )
        for engine, count in {**fused, **runs}
        for one in [seconds[engine, count] / count]
    ]  # fmt: skip


def _gru(case: Case) -> TimedCall:
    """Return an update of the GRU: with as many parameters, or at the long shape as many units."""
    size = units("gru", case.data.inputs, SMALL) if case.data is data.music else case.units
    return engines.call(Case(case.data, "gru", size, case.batch, case.steps), "fused_cpu", POPULATION)


def layer_of_others(case: Case) -> tuple[str, torch.nn.Module] | None:
    """Return the library and the module of others that computes a cell; None where there is none, or it is not installed."""
    inputs, size = case.data.inputs, case.units
    if case.cell in TORCH:
        return "torch.nn", getattr(torch.nn, TORCH[case.cell])(inputs, size)
    if case.cell in TORCHRECURRENT and importlib.util.find_spec("torchrecurrent"):
        module = getattr(importlib.import_module("torchrecurrent"), TORCHRECURRENT[case.cell])
        return "torchrecurrent", module(inputs, size)
    if case.cell == "mingru" and size % inputs == 0 and importlib.util.find_spec("minGRU_pytorch"):
        module = importlib.import_module("minGRU_pytorch.minGRU").minGRU
        return "mingru-pytorch", _BatchFirst(module(inputs, expansion_factor=size // inputs, proj_out=False))
    return None


class _BatchFirst(torch.nn.Module):
    """A layer whose first axis is the batch, and which returns outputs alone, as `torch.nn` has them."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Return outputs ``[T, B, Y]`` of inputs ``[T, B, X]``, and no state."""
        return self.layer(x.transpose(0, 1)).transpose(0, 1), None
