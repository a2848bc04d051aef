"""What a network carries from one stretch of a series to the next: states of its cells, and inputs they look back at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gatebench.graph.stack import Direction
from gatebench.graph.trace import Graph


@dataclass(frozen=True)
class LayerColumns:
    """The columns of a row of what is carried ``[S]`` that belong to one layer."""

    states: Mapping[str, slice]
    """State -> its columns."""
    past: slice
    """The last inputs of the layer, as many as its cell looks back at, the oldest first."""
    lookback: int
    """How many inputs those are."""

    def inputs(self, rows: np.ndarray) -> np.ndarray:
        """Return the last inputs ``[B, lookback, X]`` of rows ``[B, S]``."""
        return rows[:, self.past].reshape(len(rows), self.lookback, -1)


def columns(graph: Graph, layers: list[list[Direction]]) -> list[LayerColumns]:
    """Return the columns of each layer of a stack that reads forwards alone."""
    end, all_columns = 0, []
    for (cell,) in layers:
        states = {}
        for name, letter in graph.states.items():
            states[name] = slice(end, end + cell.sizes[letter])
            end += cell.sizes[letter]
        past = slice(end, end + graph.lookback * cell.sizes["X"])
        all_columns.append(LayerColumns(states, past, graph.lookback))
        end = past.stop
    return all_columns


@dataclass(frozen=True)
class Before:
    """What a layer begins with, and where what it ends with is written."""

    rows: Tensor
    """What is carried, ``[K, B, S]``."""
    columns: LayerColumns
    """Which columns are the layer's."""
    lengths: Tensor
    """Steps of each sequence, ``[K or 1, B]``."""

    @property
    def states(self) -> list[Tensor]:
        """The states before the first step, ``[K, B, .]``."""
        return [self.rows[..., columns].clone() for columns in self.columns.states.values()]

    @property
    def past(self) -> Tensor:
        """The last inputs before the first step, ``[K, lookback, B, X]``."""
        inputs = self.rows[..., self.columns.past]
        return inputs.reshape(*inputs.shape[:2], self.columns.lookback, -1).transpose(1, 2).clone()

    def write_states(self, ended: Tensor, states: list[Tensor]) -> None:
        """Write the states of those sequences that have ended, ``[K or 1, B]``."""
        for columns, state in zip(self.columns.states.values(), states, strict=True):
            to = self.rows[..., columns]
            to.copy_(torch.where(ended[..., None], state.detach(), to))

    def write_past(self, x: Tensor, past: Tensor) -> None:
        """Write the last inputs of every sequence, of those before the first step and ``x [K or 1, T, B, X]``."""
        inputs = torch.cat([past, x.detach().expand(len(past), -1, -1, -1)], 1)
        at = self.lengths[:, None] + torch.arange(self.columns.lookback, device=x.device)[:, None]
        last = inputs.gather(1, at[..., None].expand(len(past), -1, -1, inputs.shape[-1]))
        self.rows[..., self.columns.past] = last.transpose(1, 2).flatten(2)
