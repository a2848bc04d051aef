"""What is timed: cells at the sizes of Chung et al. 2014, Table 1, and at 20,000 parameters, on batches of one shape."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from gatebench.core import registry
from gatebench.data.sequences import Sequence
from gatebench.engines import selection
from gatebench.graph import trace
from gatebench.graph.cost import cost, solve
from gatebench.graph.stack import Stack
from gatebench.speed import data
from gatebench.speed.data import Data
from gatebench.speed.machine import THREADS
from gatebench.training.model import Model

POPULATION = 10
"""Members of the population that is timed beside a single one."""
NEAREST = {"rnn": "RNN", "gru": "GRU", "gru_reset_after": "GRU"}
"""Cell -> the module of `torch.nn` nearest to it; all others are LSTMs of a kind."""
SMALL, LARGE = 20_000, 169_000
"""Parameters of the recurrent layers of Chung et al.: on music, and on speech."""


@dataclass(frozen=True)
class Case:
    """One model and one batch; its rows in the table differ in what computes them."""

    data: Data
    cell: str
    units: int
    batch: int
    steps: int
    layers: int = 1
    bidirectional: bool = False
    work: Literal["update", "evaluation"] = "update"
    """A training update, or the losses alone."""
    lengths: tuple[int, ...] = ()
    """Length of the one sequence that each member reads, at batch 1; empty: all read the same ``steps``."""
    compiled: bool = False
    """Whether ``torch.compile`` is timed too, which takes seconds to compile."""

    @property
    def beside(self) -> str:
        """What the engines are compared with."""
        if self.cell == "lstm_augmented":
            return f"reference, population of {POPULATION}"
        return f"torch.nn.{nearest(self.cell)}"

    @property
    def flops(self) -> float:
        """FLOPs of the matrix products of layers and readout; those of the backward pass are twice those of the forward."""
        model = self.model("reference")
        read = self.steps if self.data.at == "step" else 1
        of_readout = 2 * model.width * self.data.likelihood.readout(self.data.outputs)
        passes = 3 if self.work == "update" else 1
        return passes * self.batch * (model.cost.flops_per_step * self.steps + of_readout * read)

    def model(self, engine: str) -> Model:
        """Return the model on an engine of this name."""
        return Model(
            trace.load(self.cell), self.data.inputs, self.data.outputs, self.units, self.data.likelihood,
            selection.create(engine, THREADS), stack=Stack(self.layers, self.bidirectional), at=self.data.at,
        )  # fmt: skip

    def sequences(self) -> list[list[Sequence]]:
        """Return a batch for every member, or one for all."""
        random, draw = np.random.default_rng(0), self.data.draw
        return [[draw(random, n)] for n in self.lengths] or [[draw(random, self.steps) for _ in range(self.batch)]]


def nearest(cell: str) -> str:
    """Return the name of the module of `torch.nn` that is nearest to a cell."""
    return NEAREST.get(cell, "LSTM")


def every_cell() -> list[str]:
    """Return the names of all cells."""
    return list(registry.available("cells", ".py"))


@cache
def units(cell: str, inputs: int, parameters: int) -> int:
    """Return the units of a cell whose recurrent layer has about so many parameters."""
    graph = trace.load(cell)
    return solve(parameters, lambda count: cost(graph, graph.sizes(inputs, count), 0).parameters_recurrent, "parameters")


def cases() -> list[Case]:
    """Return the sizes of Table 1 at batch 32 and the authors' batch 1, then speech, stacks, other targets, evaluation."""
    return [*_table1(), *_speech(), *_stacks(), *_evaluation()]


def _table1() -> list[Case]:
    music = [("rnn", 100), ("gru", 46), ("gru_reset_after", 46), ("lstm", 36), ("lstm_peephole", 36)]
    alone = [Case(data.music, cell, size, 1, 250) for cell, size in music]
    lengths = data.lengths_of_music(POPULATION)
    if lengths:
        alone.append(Case(data.music, "gru", 46, 1, round(np.mean(lengths)), lengths=lengths))
    batches = [Case(data.music, cell, size, 32, 100, compiled=cell in {"rnn", "gru", "lstm"}) for cell, size in music]
    batches.append(Case(data.music, "lstm_augmented", units("lstm_augmented", 88, SMALL), 32, 100))
    large = [("rnn", 400), ("gru", 227), ("gru_reset_after", 227), ("lstm", 195), ("lstm_peephole", 195)]
    return alone + batches + [Case(data.dense, cell, size, 32, 100) for cell, size in large]


def _speech() -> list[Case]:
    """Return windows of 500 and of 8,000 samples, as in ``conf/study/speech.yaml`` and its demonstration."""
    return [
        *(Case(kind, cell, units(cell, data.READ, SMALL), 32, 48, compiled=True)
          for kind in (data.speech, data.synthetic) for cell in ("gru", "lstm")),
        *(Case(data.speech, cell, units(cell, data.READ, LARGE), 32, 48) for cell in ("gru", "lstm")),
        Case(data.speech, "gru", units("gru", data.READ, SMALL), 8, 798),
        *(Case(data.speech, cell, units(cell, data.READ, LARGE), 8, 798) for cell in ("gru", "lstm")),
    ]  # fmt: skip


def _stacks() -> list[Case]:
    """Return two layers, both directions, a label of the whole sequence, and symbols."""
    return [
        Case(data.music, "lstm", 36, 32, 100, layers=2),
        Case(data.music, "gru_reset_after", 46, 32, 100, bidirectional=True),
        Case(data.labels, "lstm", units("lstm", data.READ, SMALL), 32, 100),
        Case(data.symbols, "lstm", units("lstm", data.SYMBOLS, SMALL), 32, 100, compiled=True),
    ]


def _evaluation() -> list[Case]:
    return [
        Case(data.music, "gru", 46, 32, 100, work="evaluation"),
        Case(data.music, "lstm", 36, 32, 100, work="evaluation"),
        Case(data.synthetic, "gru", units("gru", data.READ, SMALL), 32, 48, work="evaluation"),
    ]
