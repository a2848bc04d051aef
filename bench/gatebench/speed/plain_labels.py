"""Labelled series as a plain PyTorch script would learn them: `torch.nn`'s module, padded batches, Adam, early stopping.

``python -m gatebench.speed.plain_labels STUDY`` tunes like a study did: for each of its tasks and pipelines as many learning
rates, the same ones, with the same units, batches, clipping, most epochs and patience. The rate with the lowest validation
loss is trained once more, with the seed that the study confirmed by, and its test accuracy becomes a row of
``results/STUDY/beside/plain.csv``; rows that are there are not computed again. Weights start as `torch.nn` has them, and the
rate is all that is tuned: there is no weight noise.
"""

import argparse
import copy
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from gatebench.core.errors import BadInput
from gatebench.data import tasks
from gatebench.data.columns import target_of
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.records import beside, study_file
from gatebench.records.schema import Point, Record
from gatebench.records.store import Store
from gatebench.speed.cases import nearest

CELLS = ("lstm", "gru_reset_after")
"""Cells that `torch.nn` has."""
EVALUATED_AT_ONCE = 64
"""Sequences of a batch that is evaluated."""


@dataclass(frozen=True)
class Plan:
    """What the script does of one pipeline of a study, for one cell and one task."""

    task: Task
    module: str
    """Name of a module of `torch.nn`."""
    rates: list[float]
    """Learning rates that are tried."""
    units: int
    batch: int
    epochs: int
    patience: int
    clip_norm: float | None
    seed: int
    """The seed of the trial that counts."""

    @property
    def method(self) -> str:
        """Return what the script is called in tables."""
        return f"plain torch.nn.{self.module}"


@dataclass
class Trained:
    """A model at its best validation loss."""

    layer: torch.nn.RNNBase
    readout: torch.nn.Linear
    valid_loss: float
    epochs: int

    def logits(self, sequences: list[Sequence]) -> Tensor:
        """Return ``[B, classes]`` from the state after the last step of each sequence."""
        inputs = [torch.from_numpy(np.asarray(one.x, np.float32)) for one in sequences]
        # What follows a sequence's last step is not read: packed sequences give the same and take longer.
        outputs, last = self.layer(pad_sequence(inputs))[0], torch.tensor([len(x) - 1 for x in inputs])
        return self.readout(outputs[last, torch.arange(len(inputs))])

    @torch.no_grad()
    def scores(self, sequences: list[Sequence]) -> tuple[float, float]:
        """Return the mean cross entropy and the accuracy over sequences."""
        parts = [sequences[i : i + EVALUATED_AT_ONCE] for i in range(0, len(sequences), EVALUATED_AT_ONCE)]
        logits, labels = torch.cat([self.logits(part) for part in parts]), labels_of(sequences)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        return float(loss), float((logits.argmax(1) == labels).float().mean())


def labels_of(sequences: list[Sequence]) -> Tensor:
    """Return the number of the class of each sequence, ``[B]``."""
    return torch.tensor([int(one.y[0, 0]) for one in sequences])


def train(plan: Plan, rate: float, seed: int) -> Trained:
    """Train one model, and return it at the epoch with the lowest validation loss."""
    torch.manual_seed(seed)
    layer = getattr(torch.nn, plan.module)(plan.task.inputs, plan.units)
    model = Trained(layer, torch.nn.Linear(plan.units, len(target_of(plan.task.card).names)), float("inf"), 0)
    parameters = [*model.layer.parameters(), *model.readout.parameters()]
    optimizer = torch.optim.Adam(parameters, rate)
    sequences, best, best_epoch = plan.task.splits["train"], copy.deepcopy(model), 0
    for epoch in range(1, plan.epochs + 1):
        for positions in torch.randperm(len(sequences)).split(plan.batch):
            batch = [sequences[i] for i in positions.tolist()]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model.logits(batch), labels_of(batch)).backward()
            if plan.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(parameters, plan.clip_norm)
            optimizer.step()
        model.valid_loss, model.epochs = model.scores(plan.task.splits["valid"])[0], epoch
        if model.valid_loss < best.valid_loss:
            best, best_epoch = copy.deepcopy(model), epoch
        if epoch - best_epoch >= plan.patience:
            break
    best.epochs = model.epochs
    return best


def tune(plan: Plan) -> dict[str, float]:
    """Try every rate, train once more at the best one, and return its test accuracy and what it took."""
    started = time.perf_counter()
    tried = [train(plan, rate, seed=0).valid_loss for rate in plan.rates]
    rate = plan.rates[int(np.argmin(tried))]
    model = train(plan, rate, plan.seed)
    accuracy = model.scores(plan.task.splits["test"])[1]
    return {"value": accuracy, "lr": rate, "epochs": model.epochs, "seconds": time.perf_counter() - started}


def plans(results: Path, study: str) -> Iterator[tuple[Point, Plan]]:
    """Yield the pipelines of a study that the script can repeat, with what it does of them."""
    loaded: dict[str, Task] = {}
    for point in study_file.read(results, study):
        if point.labels.cell in CELLS and point.search and point.confirm:
            records = Store(results).read(point.keys)
            dataset = records[point.confirm[0]].settings.dataset
            if dataset not in loaded:
                loaded[dataset] = tasks.load(point.labels.task, dataset, "target")
            yield point, _plan(loaded[dataset], [records[key] for key in point.search], records[point.confirm[0]])


def _plan(task: Task, search: list[Record], confirmed: Record) -> Plan:
    training = confirmed.settings.training
    numbers = {name: training.get(name) for name in ("batch", "epochs", "patience")}
    return Plan(
        task=task,
        module=nearest(confirmed.settings.cell),
        rates=[record.settings.lr for record in search],
        units=confirmed.summary.units,
        clip_norm=training.get("clip_norm"),  # pyright: ignore[reportArgumentType] - a record holds what Training had
        seed=confirmed.settings.seed,
        **numbers,  # pyright: ignore[reportArgumentType]
    )


def main(words: list[str]) -> None:
    """Compute what is missing of a study's ``beside/plain.csv``, a row after each pipeline."""
    parser = argparse.ArgumentParser(prog="python -m gatebench.speed.plain_labels", description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    file = beside.folder(options.results, options.study) / "plain.csv"
    for point, plan in plans(options.results, options.study):
        rows = beside.read_file(file) if file.is_file() else pd.DataFrame(columns=beside.COLUMNS)
        which = {"task": point.labels.task, "method": plan.method, "metric": "accuracy", "repetition": point.pipeline}
        if (rows[list(which)] == pd.Series(which)).all(axis=1).any():
            continue
        row = which | tune(plan)
        file.parent.mkdir(parents=True, exist_ok=True)
        pd.concat([rows, pd.DataFrame([row])], ignore_index=True).to_csv(file, index=False)
        print(*row.values(), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BadInput as error:
        sys.exit(f"gatebench: {error}")
