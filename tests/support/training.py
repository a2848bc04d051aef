"""What tests of training share: populations on any engine, in a precision and with the tolerance that it has."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from gatebench.engines import reference, selection
from gatebench.graph import trace
from gatebench.training.evaluation import evaluate, prepare
from gatebench.training.likelihoods import bernoulli
from gatebench.training.loop import Population, train
from gatebench.training.model import Model
from gatebench.training.outcome import Outcome
from gatebench.training.protocol import Member, Training

BASE = Training(
    loss="step", batch=4, epochs=6, patience=6, optimizer="adam",  # 13 sequences: 4 updates an epoch, 24 in all
    constants={"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    clip_norm=1.0, weight_noise=0.075, decay_to=0.1, forget_bias=1.0,
)  # fmt: skip
RMSPROP = {"optimizer": "rmsprop", "constants": {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}}
MEMBERS = [Member("a", 0.003, 1), Member("b", 0.02, 1), Member("c", 0.02, 2)]


class Setup(NamedTuple):
    """How a population is run: by an engine, in a precision, with the tolerance that it has."""

    name: str
    threads: int
    dtype: torch.dtype
    tolerance: float

    @property
    def engine(self):
        return selection.create(self.name, self.threads)


SETUPS = {
    "reference float32": Setup("reference", 1, torch.float32, 1e-5),
    "reference float64": Setup("reference", 1, torch.float64, 1e-12),
    "fused_cpu": Setup("fused_cpu", 1, torch.float32, 1e-5),
    "fused_cpu 2 threads": Setup("fused_cpu", 2, torch.float32, 1e-5),  # where a member alone is dealt out to both
}
IN_FLOAT32 = [name for name in SETUPS if name != "reference float64"]
every_engine = pytest.mark.parametrize("setup", [SETUPS[name] for name in IN_FLOAT32], ids=IN_FLOAT32, indirect=True)


def model(cell="gru", units=5, engine=None):
    return Model(trace.load(cell), 12, 12, units, bernoulli(), engine or reference.Reference())


def setting(**values):
    return dataclasses.replace(BASE, **values)


def nothing(_):
    pass


def run(task, training=BASE, members=MEMBERS, cell="gru", after_epoch=nothing, engine=None) -> list[Outcome]:
    return train(start(task, training, members, cell=cell, engine=engine), after_epoch)


def numbers(outcome):
    """Everything but the time that it took."""
    curve = [{name: value for name, value in row.items() if name != "seconds"} for row in outcome.curve]
    weights = {name: p.tolist() for name, p in outcome.weights.items()}
    plain = (outcome.status, outcome.best_epoch, outcome.epochs, outcome.updates)
    return repr([plain, curve, outcome.scores, weights])  # as text: NaN equals itself


def curve(outcome, split, kind="nll"):
    return [row[kind] for row in outcome.curve if row["split"] == split]


def start(task, training=BASE, members=MEMBERS, cell="gru", engine=None):
    return Population.start(model(cell, engine=engine), task, training, members)


def score(population, parameters, sequences):
    """`evaluate` of rows."""
    return evaluate(population.model, parameters, prepare(population.model, sequences, len(parameters)))


def nll_of(population, parameters, sequence):
    """NLL ``[K]`` of one sequence as the reference defines it, in the precision of the parameters."""
    like = next(iter(parameters.values()))
    arrays = (sequence.x, sequence.y, np.ones(len(sequence)))
    padded = (torch.from_numpy(a).to(like)[None, :, None] for a in arrays)
    return reference.nll(population.model, parameters, *padded, torch.tensor([[len(sequence)]]))[:, 0]


def expected_gradient(population, parameters, sequences, count):
    """Of rows of parameters, by autograd in float64, from each sequence alone: sum over all / count."""
    rows = parameters.detach().to(torch.float64, copy=True).requires_grad_()
    total = sum(nll_of(population, population.model.views(rows), s) for s in sequences).sum()
    return torch.autograd.grad(total / count, rows)[0]


# A rate so high that the first update ends in weights that are not finite. Weights that are only huge, say 1e30, saturate
# the gates and keep a finite loss.
WILD = Member("wild", math.inf, 1)


class Watched:
    """An optimizer that writes down what it is given."""

    def __init__(self, rule):
        self.optimizer, self.gradients, self.after = rule, [], nothing

    def start(self, parameters):
        return self.optimizer.start(parameters)

    def step(self, parameters, gradient, memory, rate, live):
        self.gradients.append(gradient.clone())
        self.optimizer.step(parameters, gradient, memory, rate, live)
        self.after(parameters)


CLOSE = {torch.float64: {"rtol": 1e-9, "atol": 1e-12}, torch.float32: {"rtol": 2e-5, "atol": 1e-6}}
