"""What an update's noise and dropout draw: from the seed of a trial and the number of the update alone."""

import math

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.base import Batch, DropoutMasks
from gatebench.training.model import Model, stream


def weight_noise(model: Model, seed: int, update: int) -> Tensor:
    """Return a row of standard normal noise ``[row]`` for an update, zero for all but the recurrent layers' matrices."""
    random = stream(seed, "noise", update)
    row = np.zeros(model.row, np.float32)
    for name in model.matrices:
        start, size = model.offsets[name], math.prod(model.shapes[name])
        random.standard_normal(out=row[start : start + size], dtype=np.float32)
    return torch.from_numpy(row).to(model.device)


def dropout_masks(model: Model, batch: Batch, share: float, seed: int, update: int) -> DropoutMasks:
    """Return for each layer a factor for each number that it hands on: 0 for a ``share`` of them, or ``1 / (1 - share)``."""
    random = stream(seed, "dropout", update)
    rows = [int(batch.lengths.sum())] * model.stack.layers
    if model.at == "sequence":
        rows[-1] = len(batch.lengths)
    stays = [random.random((count, model.width), np.float32) >= share for count in rows]
    return [layer.astype(np.float32) / np.float32(1 - share) for layer in stays]


def decayed_parameters(model: Model) -> Tensor:
    """Return a row ``[row]`` that is 1 for the numbers of weight matrices, the readout's included, and 0 elsewhere."""
    row = torch.zeros(model.row, device=model.device)
    for name in [*model.matrices, "readout_W"]:
        start = model.offsets[name]
        row[start : start + math.prod(model.shapes[name])] = 1
    return row
