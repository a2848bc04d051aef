"""Batches padded with zeros, and what stands beside them, with the axis K of members in front."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.base import Batch, Carried, DropoutMasks, Network


@dataclass(frozen=True, eq=False)
class PaddedBatch(Batch):
    """Sequences with zeros behind them up to the longest; ``S`` is T where each step is predicted, and 1 otherwise."""

    x: np.ndarray
    """Inputs, ``[T, B, X]``."""
    y: np.ndarray
    """Targets, ``[S, B, Y]``."""
    mask: np.ndarray
    """1 where something is predicted and 0 elsewhere, ``[S, B]``."""


def pad(network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> PaddedBatch:
    """Pad sequences with zeros to the longest; nothing else pads."""
    lengths, predictions = (np.array([len(array) for array in arrays]) for arrays in (xs, ys))
    steps, predicted = lengths.max(), predictions.max()
    batch = PaddedBatch(
        lengths,
        predictions,
        np.zeros((steps, len(xs), network.inputs), np.float32),
        np.zeros((predicted, len(xs), network.outputs), np.float32),
        np.zeros((predicted, len(xs)), np.float32),
    )
    for b, (x, y) in enumerate(zip(xs, ys, strict=True)):
        batch.x[: len(x), b] = x
        batch.y[: len(y), b] = y
        batch.mask[: len(y), b] = 1
    return batch


def stacked(batches: Sequence[PaddedBatch], like: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return ``x``, ``y``, ``mask`` and ``lengths`` with the axis K in front, which is 1 where all members share a batch."""
    distinct = batches[:1] if all(batch is batches[0] for batch in batches) else batches
    x, y, mask = (_stacked_arrays([getattr(batch, name) for batch in distinct]).to(like) for name in ("x", "y", "mask"))
    return x, y, mask, _stacked_arrays([batch.lengths for batch in distinct]).to(like.device)


def stacked_carried(carried: Carried | None, like: Tensor) -> Tensor | None:
    """Return what is carried of all members, ``[K, B, S]``, as a copy."""
    return None if carried is None else _stacked_arrays(carried).to(like)


def hand_on(rows: Tensor | None, carried: Carried | None) -> None:
    """Leave to the next stretch what the sequences of every member ended with."""
    if rows is not None and carried is not None:
        for of_member, to in zip(rows.cpu().numpy(), carried, strict=True):
            to[:] = of_member[: len(to)]


def stacked_masks(
    network: Network, dropout_masks: Sequence[DropoutMasks], batches: Sequence[PaddedBatch], like: Tensor
) -> list[Tensor]:
    """Return the dropout mask of each layer for all members, ``[K, T or 1, B, width]``, 0 where a batch has no step."""
    padded = []
    for number, members in enumerate(zip(*dropout_masks, strict=True)):
        of_sequence = network.at == "sequence" and number == network.stack.layers - 1
        lengths = [np.ones_like(batch.lengths) if of_sequence else batch.lengths for batch in batches]
        arrays = [_rows_by_step(rows, steps) for rows, steps in zip(members, lengths, strict=True)]
        padded.append(_stacked_arrays(arrays).to(like))
    return padded


def _rows_by_step(rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return rows of sequence after sequence, ``[N, .]``, as ``[T, B, .]`` with zeros behind each sequence."""
    padded = np.zeros((len(lengths), lengths.max(), rows.shape[1]), rows.dtype)
    padded[np.arange(lengths.max()) < lengths[:, None]] = rows
    return padded.swapaxes(0, 1)


def _stacked_arrays(arrays: Sequence[np.ndarray]) -> Tensor:
    """Stack arrays along a new first axis, each with zeros behind it up to the largest."""
    shape = [max(sizes) for sizes in zip(*(array.shape for array in arrays), strict=True)]
    stacked = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for k, array in enumerate(arrays):
        stacked[k][tuple(slice(size) for size in array.shape)] = array
    return torch.from_numpy(stacked)


def by_member(losses: Tensor, batches: Sequence[PaddedBatch]) -> list[np.ndarray]:
    """Return each member's losses without those of padding sequences."""
    return [row[: len(batch.lengths)] for row, batch in zip(losses.cpu().numpy(), batches, strict=True)]
