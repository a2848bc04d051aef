"""Calls of our engines: updates as in training, and evaluations."""

import torch

from gatebench.data import cards
from gatebench.data.tasks import Task
from gatebench.speed.cases import Case
from gatebench.speed.timing import TimedCall
from gatebench.training.evaluation import make_batch
from gatebench.training.loop import Population
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

OPTIMIZER = {"averaging": 0.95, "momentum": 0.9, "floor": 0.01}
"""Constants of RMSprop, the optimizer of all updates that are timed."""
RATE = 1e-4
"""Learning rate of the updates that are timed."""


def training(case: Case) -> Training:
    """Return the protocol of the updates that are timed."""
    return Training("step", 32, 1, 1, "rmsprop", OPTIMIZER, clip_norm=1.0, readout_bias=case.data.readout_bias)


def population(case: Case, model: Model, count: int) -> Population:
    """Return so many members at the start of their training."""
    sequences = [sequence for batch in case.sequences() for sequence in batch]
    splits = {"train": sequences, "valid": sequences[:1], "test": sequences[:1]}
    task = Task("speed", cards.load("bach_chorales"), splits, case.data.inputs, case.data.outputs, "piano_roll")
    return Population.start(model, task, training(case), [Member(str(k), RATE, k) for k in range(count)])


def call(case: Case, engine: str, count: int) -> TimedCall:
    """Return what a case asks for: an update (losses, gradients, clipping, optimizer) of so many members, or losses."""
    model = case.model(engine)
    members = population(case, model, count)
    batches = [make_batch(model, batch) for batch in case.sequences()]
    # One member takes each of the sequences in turn.
    starts = range(len(batches)) if count == 1 else range(1)
    rate, live = torch.full((count, 1), RATE), torch.ones(count, 1, dtype=torch.bool)

    def run() -> None:
        for first in starts:
            chosen = [batches[(first + k) % len(batches)] for k in range(count)]
            if case.work == "update":
                members.update(chosen, rate, live)
            else:
                model.engine.losses(model, members.parameters, chosen)

    return TimedCall(run, len(starts))
