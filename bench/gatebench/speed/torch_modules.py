"""What engines stand beside: `torch.nn`'s module nearest to a cell, with a readout, the likelihood, torch's optimizer."""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gatebench.speed.cases import Case, nearest
from gatebench.speed.engines import OPTIMIZER, RATE
from gatebench.speed.machine import THREADS
from gatebench.speed.timing import TimedCall
from gatebench.training.likelihoods import Likelihood, bernoulli, categorical


class MeanLoss(torch.nn.Module):
    """The mean NLL of a batch by a module that returns outputs first: that of `torch.nn`, or one that is given.

    `torch.nn` has none with peepholes: there it is an LSTM without them.
    """

    def __init__(self, case: Case, layer: torch.nn.Module | None = None) -> None:
        super().__init__()
        module = getattr(torch.nn, nearest(case.cell))
        sizes = case.data.inputs, case.units, case.layers
        self.layer = module(*sizes, bidirectional=case.bidirectional) if layer is None else layer
        width = case.units * (2 if case.bidirectional else 1)
        self.readout = torch.nn.Linear(width, case.data.likelihood.readout(case.data.outputs))
        self.likelihood, self.at = case.data.likelihood, case.data.at
        if case.data.readout_bias == "marginal":
            targets = np.concatenate([sequence.y for batch in case.sequences() for sequence in batch])
            with torch.no_grad():
                self.readout.bias.copy_(torch.from_numpy(self.likelihood.marginal(targets)))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean NLL over what is predicted, of ``x [T, B, X]``, ``y [T, B, Y]`` or ``[1, B, Y]``."""
        h = self.layer(x)[0]
        readout = self.readout(h if self.at == "step" else h[-1:])
        return _sum(self.likelihood, readout, y) / (y.shape[0] * y.shape[1])


def _sum(likelihood: Likelihood, readout: Tensor, y: Tensor) -> Tensor:
    """Return the summed NLL by torch's own loss, where it has one."""
    if isinstance(likelihood, bernoulli):
        return F.binary_cross_entropy_with_logits(readout, y, reduction="sum")
    if isinstance(likelihood, categorical):
        return F.cross_entropy(readout.flatten(0, 1), y.flatten(), reduction="sum")
    return likelihood.nll(readout, y).sum()


def call(case: Case, layer: torch.nn.Module | None = None) -> TimedCall:
    """Return what a case asks for of one model, on tensors that are padded already; by `torch.nn`, or a given layer."""
    return _call(case, MeanLoss(case, layer))


def compiled_call(case: Case, tell: Callable[[str], None]) -> TimedCall | None:
    """Return the same compiled by ``torch.compile``, with the seconds of compiling; None, and a line, where that fails."""
    torch.set_num_threads(THREADS)
    torch.compiler.reset()  # it would stop compiling after a few modules of one class
    with _empty_cache(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it traces
        try:
            _start_compiler()
            mean_loss = MeanLoss(case)
            mean_loss.compile()
            run = _call(case, mean_loss)
            started = time.perf_counter()
            run.call()
            seconds = time.perf_counter() - started
        except Exception as error:  # whatever it meets: no C++ compiler, an operation that it cannot trace
            tell(
                f"left out: torch.compile of {case.cell}: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            )
            return None
    return TimedCall(run.call, run.updates, seconds)


@cache
def _start_compiler() -> None:
    """Compile something once, so that no case is charged with the imports and the start of the compiler."""
    torch.compile(torch.tanh)(torch.ones(2))


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Let torch compile anew, in this process alone: its helpers would compute beside what is timed next."""
    with tempfile.TemporaryDirectory() as folder:
        words = {"TORCHINDUCTOR_CACHE_DIR": folder, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        with mock.patch.dict(os.environ, words):
            yield


def _call(case: Case, mean_loss: torch.nn.Module) -> TimedCall:
    parameters = list(mean_loss.parameters())
    optimizer = torch.optim.RMSprop(parameters, RATE, alpha=OPTIMIZER["averaging"], momentum=OPTIMIZER["momentum"])
    batches = [
        [torch.from_numpy(np.stack([getattr(sequence, name) for sequence in batch], 1)) for name in ("x", "y")]
        for batch in case.sequences()
    ]

    def update() -> None:
        torch.set_num_threads(THREADS)
        for x, y in batches:
            optimizer.zero_grad()
            mean_loss(x, y).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    def evaluation() -> None:
        torch.set_num_threads(THREADS)
        with torch.no_grad():
            for x, y in batches:
                mean_loss(x, y)

    return TimedCall(update if case.work == "update" else evaluation, len(batches))
