"""What an engine is, and what it is handed: a network, its parameters in rows, and batches of sequences."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.carried import LayerColumns, columns
from gatebench.graph.stack import Direction, Stack
from gatebench.graph.trace import Graph

SLACK = 16
"""Unused numbers behind a member's parameters, so that a vector that begins with the last parameter can be read whole."""


Result = TypeVar("Result")
"""What a computation returns."""
Item = TypeVar("Item")
"""What a computation is made for."""


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Have this thread take denormal numbers (in float32 those below 1.2e-38) for zero while the block runs.

    Processors handle them in microcode, up to a hundred times as slowly, and they come in crowds: as the shares of unlikely
    components of a mixture, the gradients of saturated gates, the second moments of parameters that rest. How the thread
    took them before is restored. Threads that it starts within the block do as it does.
    """
    before = sys.float_info.min * 0.5 == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


class ReadoutLoss(Protocol):
    """The part of a likelihood that engines need: the width of its readout, and its loss."""

    def readout(self, outputs: int) -> int:
        """Return how many numbers the readout must give for a target of ``outputs`` values."""
        ...

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return the negative log-likelihood in nats, ``[K, T, B]``, of ``[K, T, B, R]`` and ``[K or 1, T, B, Y]``."""
        ...

    def weighted(self, nll: Tensor, target: Tensor) -> Tensor:
        """Return what is trained in place of negative log-likelihoods ``[K, T, B]`` of targets ``[K or 1, T, B, Y]``."""
        ...


class SteppingOptimizer(Protocol):
    """The part of an optimizer that engines need: its update, written with torch."""

    def step(
        self, parameters: Tensor, gradient: Tensor, state: dict[str, Tensor], learning_rates: Tensor, live: Tensor
    ) -> None:
        """Update the rows of the members that are ``live`` (``[K, 1]``, true or false) in place."""
        ...


@dataclass(frozen=True, eq=False)
class UpdateArrays:
    """What an update of a population reads and changes: row k of each belongs to member k."""

    parameters: Tensor
    """``[K, row]``; changed in place."""
    taken_at: Tensor
    """Where the gradient is taken, ``[K, row]``: at the parameters, or at noisy ones."""
    state: dict[str, Tensor]
    """What the optimizer carries from update to update; changed in place."""
    learning_rates: Tensor
    """The rate of each member's step, ``[K, 1]``."""
    weight_decay: Tensor
    """``[K, 1]``; parameters shrink by this times the learning rate."""
    decayed: Tensor
    """1 for the parameters that shrink, 0 for the others, ``[row]``."""
    live: Tensor
    """``[K, 1]``, true or false; turns false where the loss or the gradient is not finite. Those rows stay as they are."""


class SteppingRule(Protocol):
    """How parameters change by their gradient."""

    @property
    def optimizer(self) -> SteppingOptimizer:
        """What makes the step."""
        ...

    @property
    def clip_norm(self) -> float | None:
        """The largest norm of a member's gradient, to which larger ones are rescaled; None: none."""
        ...

    def prepare(self, arrays: UpdateArrays, losses: Sequence[np.ndarray], gradient: Tensor) -> None:
        """Do in place what comes before the optimizer's step, by the losses ``[B]`` and gradient ``[K, row]`` of members."""
        ...


@dataclass(frozen=True, eq=False)
class Network:
    """A stack of cells with a linear readout of its top layer, and the likelihood of that readout.

    ``readout = top @ readout_W + readout_b``, where ``top`` is the first state of the top layer's cell, or of its forward
    and its backward cell side by side: at each step, or after each has read the whole sequence.
    """

    graph: Graph
    inputs: int
    outputs: int
    units: int
    likelihood: ReadoutLoss
    stack: Stack = field(default=Stack(), kw_only=True)
    at: Literal["step", "sequence"] = field(default="step", kw_only=True)
    """Whether there is a prediction at every step, or one for the whole sequence."""

    @cached_property
    def cells(self) -> list[list[Direction]]:
        """The cells of each layer, the lowest layer first."""
        return self.stack.cells(self.graph, self.inputs, self.units)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Width letter -> size, of the lowest layer."""
        return self.cells[0][0].sizes

    @property
    def width(self) -> int:
        """How many numbers a layer hands on at a step, to the next layer and to the readout."""
        return self.stack.width(self.graph, self.units)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Parameter name -> (rows, columns), for the cells and the readout."""
        shapes = self.stack.shapes(self.graph, self.inputs, self.units)
        readout = self.likelihood.readout(self.outputs)
        return {**shapes, "readout_W": (self.width, readout), "readout_b": (1, readout)}

    @cached_property
    def roles(self) -> dict[str, tuple[str, str]]:
        """Parameter name -> width letters of its rows and columns, for the cells without the readout."""
        parameters = self.graph.parameters.items()
        return {f"{cell.prefix}{name}": letters for layer in self.cells for cell in layer for name, letters in parameters}

    @property
    def carries(self) -> bool:
        """Whether what it has read of a series may go on in the series' next stretch: no cell reads what is yet to come."""
        return not self.stack.bidirectional and not self.graph.lookahead and self.at == "step"

    @cached_property
    def carried_columns(self) -> list[LayerColumns]:
        """For each layer, which columns of what is carried are its own; of a network that `carries`."""
        return columns(self.graph, self.cells)

    def start_of_series(self, sequences: int, like: Tensor) -> np.ndarray:
        """Return what is carried into the beginnings of so many series: zeros ``[B, S]``, as precise as parameters are."""
        return np.zeros((sequences, self.carried_columns[-1].past.stop), torch.empty(0, dtype=like.dtype).numpy().dtype)

    def of_cell(self, cell: Direction, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the parameters of one cell under the names of its equations."""
        return {name: parameters[f"{cell.prefix}{name}"] for name in self.graph.parameters}

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Parameter name -> where it begins in a member's row; a matrix stands there row by row."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes.values()])
        return dict(zip(self.shapes, [0, *ends[:-1].tolist()], strict=True))

    @cached_property
    def row(self) -> int:
        """Length of a member's row: its parameters, rounded up, and `SLACK`; numbers that are no parameter are 0."""
        count = sum(rows * columns for rows, columns in self.shapes.values())
        return -(-count // SLACK) * SLACK + SLACK

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return parameters by name, ``[K, rows, columns]``, as views of the rows ``[K, row]``."""
        return {
            name: flat[:, self.offsets[name] : self.offsets[name] + rows * columns].unflatten(1, (rows, columns))
            for name, (rows, columns) in self.shapes.items()
        }


@dataclass(frozen=True, eq=False)
class Batch:
    """Sequences that an engine has made ready. Each engine has its own subclass."""

    lengths: np.ndarray
    """Steps of each sequence, ``[B]``."""
    predictions: np.ndarray
    """How often something is predicted in each sequence, ``[B]``: at every step, or once."""

    @cached_property
    def prediction_count(self) -> int:
        """How often something is predicted in all sequences together."""
        return int(self.predictions.sum())


DropoutMasks = Sequence[np.ndarray]
"""Dropout of one member's batch: for each layer a factor, 0 or ``1 / (1 - p)``, for each number that it hands on.

A mask is ``[N, width]`` for the steps of all sequences one after the other. Where there is one prediction a sequence,
that of the top layer is ``[B, width]``.
"""

Carried = Sequence[np.ndarray]
"""What each member carries from one stretch of its batch's series to the next, ``[B, S]`` (`Network.carried_columns`).

What computes a stretch begins with it and leaves there in its place, changed, what the next stretch begins with. Gradients
end at the beginning of a stretch.
"""

BatchT = TypeVar("BatchT", bound=Batch)
"""The kind of batch that an engine makes and reads."""


class Engine(ABC, Generic[BatchT]):
    """A way to run a network over time and to take its gradient: all engines give the same numbers at different speeds.

    Its class stands in ``engines/NAME.py`` or ``engines/NAME/engine.py``, where `gatebench.engines.selection` finds it.

    Parameters
    ----------
    threads
        Processor threads that the engine computes with.
    device
        Where parameters and batches are, ``cpu`` or ``cuda``.

    """

    PREFERENCE: ClassVar[int]
    """``engine=auto`` takes the engine with the highest preference among those that lack nothing."""

    def __init__(self, threads: int = 1, device: str = "cpu") -> None:
        self.threads, self.device = threads, device

    @property
    def torch_threads(self) -> int:
        """How many threads torch's own operations use while the engine computes."""
        return self.threads

    def compute(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns, with `torch_threads` and `flushed_denormals`; all that computes goes this way."""
        if torch.get_num_threads() != self.torch_threads:
            torch.set_num_threads(self.torch_threads)
        with flushed_denormals():
            return function()

    @abstractmethod
    def lacks(self, graph: Graph) -> str | None:
        """Return why the engine cannot run a cell on its device, or None if it can."""

    @abstractmethod
    def memory_per_member(self, network: Network, rows: int) -> int:
        """Return about how many bytes a member's gradient over ``rows`` (steps times sequences) needs."""

    @abstractmethod
    def batch(self, network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> BatchT:
        """Make sequences ready: inputs ``x [T, X]``, with targets ``y [T, Y]``, or ``[1, Y]`` of the whole sequence."""

    @abstractmethod
    def losses(
        self, network: Network, parameters: Tensor, batches: Sequence[BatchT], carried: Carried | None = None
    ) -> list[np.ndarray]:
        """Return each member's loss ``[B]`` per sequence: its NLL in nats, summed over what is predicted.

        ``parameters`` has a row for each member, ``batches`` a batch for each; members may share one. Sequences begin with
        zero states, or with what is ``carried``.
        """

    @abstractmethod
    def gradients(
        self,
        network: Network,
        parameters: Tensor,
        batches: Sequence[BatchT],
        weights: np.ndarray,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> tuple[list[np.ndarray], Tensor]:
        """Return `losses`, and rows of gradients of ``weights[k] * sum(losses[k])``, with dropout if there are masks."""

    def update(
        self,
        network: Network,
        rule: SteppingRule,
        arrays: UpdateArrays,
        batches: Sequence[BatchT],
        weights: np.ndarray,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> list[np.ndarray]:
        """Make one update in place by the `gradients` of every member, and return the losses ``[B]`` before it."""
        losses, gradient = self.gradients(network, arrays.taken_at, batches, weights, dropout_masks, carried)
        rule.prepare(arrays, losses, gradient)
        self.step(rule.optimizer, arrays.parameters, gradient, arrays.state, arrays.learning_rates, arrays.live)
        return losses

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return a function's value for each item, computed by as many of the engine's threads as that is worth."""
        return self.compute(lambda: [function(item) for item in items])

    def step(
        self,
        optimizer: SteppingOptimizer,
        parameters: Tensor,
        gradient: Tensor,
        state: dict[str, Tensor],
        learning_rates: Tensor,
        live: Tensor,
    ) -> None:
        """Make one update in place, by the optimizer's own code unless an engine has faster code for it.

        ``parameters``, ``gradient`` and what the optimizer's ``state`` holds are rows of members; ``learning_rates`` and
        ``live`` are ``[K, 1]``.
        """
        self.compute(lambda: optimizer.step(parameters, gradient, state, learning_rates, live))
