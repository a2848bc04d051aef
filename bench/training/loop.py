"""Training a population: the only place where parameters change."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.data.tasks import Batch, Sequence, Task, buckets, in_order, pad
from bench.training import optim
from bench.training.model import Model, Parameters, stream
from bench.training.settings import Member, Training

EVALUATED_AT_ONCE = 88 * 2**18
"""Numbers of the readout in memory during an evaluation: padded steps times members times its width."""

State = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Arrays and plain values of a population between two epochs: what a checkpoint holds."""


@dataclass
class Outcome:
    """What one member leaves: its best-validation weights, their scores, and the way there."""

    status: str
    """``finished`` or ``diverged`` (a loss or a gradient was not finite)."""
    curve: list[dict[str, Any]]
    """Rows ``epoch, update, seconds, split, nll, nll_sequence_mean``; ``train`` is the mean over the epoch's updates."""
    scores: dict[str, dict[str, float]]
    """Split -> ``nll`` and ``nll_sequence_mean`` in nats per time step, at the best validation point."""
    weights: dict[str, np.ndarray]
    best_epoch: int
    epochs: int
    updates: int
    seconds: float
    """Wall time of training and validation; a population's is shared evenly by its active members."""


@dataclass
class Population:
    """Members of equal shape, trained as one stacked program. Those that stopped are left out of ``parameters``."""

    model: Model
    task: Task
    training: Training
    members: list[Member]
    active: list[int]
    parameters: Parameters
    """Of the active members, ``[A, rows, columns]``; so is ``memory``, the optimiser's."""
    memory: dict[str, Tensor]
    best: Parameters
    """Of all members, ``[K, rows, columns]``."""
    best_nll: np.ndarray
    best_epoch: np.ndarray
    epochs: np.ndarray
    updates: np.ndarray
    seconds: np.ndarray
    status: list[str]
    curves: list[list[dict[str, Any]]]
    epoch: int = 0
    rule: optim.Optimiser = field(init=False)

    def __post_init__(self) -> None:
        self.rule = self.training.rule()

    @staticmethod
    def start(model: Model, task: Task, training: Training, members: list[Member]) -> "Population":
        """Initial weights of every member, from its own seed."""
        bias = None
        if training.readout_bias == "marginal":
            bias = model.likelihood.marginal(np.concatenate([sequence.y for sequence in task.splits["train"]]))
        each = [model.initialise(member.seed, training, bias) for member in members]
        parameters = {name: torch.cat([p[name] for p in each]) for name in each[0]}
        count = len(members)
        return Population(
            model, task, training, members,
            active=list(range(count)),
            parameters=parameters,
            memory=training.rule().start(parameters),
            best={name: p.clone() for name, p in parameters.items()},
            best_nll=np.full(count, np.inf),
            best_epoch=np.zeros(count, int), epochs=np.zeros(count, int), updates=np.zeros(count, int),
            seconds=np.zeros(count),
            status=["running"] * count,
            curves=[[] for _ in members],
        )  # fmt: skip

    def run_epoch(self) -> None:
        """One pass over the training split, then validation; members that are done leave."""
        started = time.perf_counter()
        self.epoch += 1
        train, live = self._train_epoch()
        valid = evaluate(self.model, self.parameters, self.task.splits["valid"])
        share = (time.perf_counter() - started) / len(self.active)
        for a, k in enumerate(self.active):
            self.seconds[k] += share
            self.epochs[k] = self.epoch
            self._record(k, "train", *train[:, a])
            self._record(k, "valid", *valid[:, a])
            if valid[0, a] < self.best_nll[k]:
                self.best_nll[k], self.best_epoch[k] = valid[0, a], self.epoch
                for name, p in self.parameters.items():
                    self.best[name][k] = p[a]
            if not live[a] or not np.isfinite(valid[0, a]):
                self.status[k] = "diverged"
            elif self.epoch - self.best_epoch[k] >= self.training.patience or self.epoch == self.training.epochs:
                self.status[k] = "finished"
        self._keep([a for a, k in enumerate(self.active) if self.status[k] == "running"])

    def _train_epoch(self) -> tuple[np.ndarray, list[bool]]:
        """NLL per step and mean over sequences ``[2, A]`` as seen while training, and who stayed finite."""
        sequences = self.task.splits["train"]
        lengths = [len(sequence) for sequence in sequences]
        seeds = [self.members[k].seed for k in self.active]
        orders = {seed: buckets(lengths, self.training.batch, stream(seed, "order", self.epoch)) for seed in seeds}
        share = self.training.rate_at(self.epoch)
        rate = torch.tensor([self.members[k].lr * share for k in self.active])[:, None, None]
        live = torch.ones(len(self.active), 1, 1, dtype=torch.bool)
        total, means = torch.zeros(len(self.active)), torch.zeros(len(self.active))
        for u in range(len(orders[seeds[0]])):
            x, y, mask = _stack({seed: [sequences[i] for i in orders[seed][u]] for seed in orders}, seeds)
            nll = self._update(x, y, mask, rate, live, seeds)
            total += nll.sum(1)
            means += (nll / mask.sum(1).clamp(min=1)).sum(1)
        return torch.stack([total / sum(lengths), means / len(lengths)]).numpy(), live.flatten().tolist()

    def _update(self, x: Tensor, y: Tensor, mask: Tensor, rate: Tensor, live: Tensor, seeds: list[int]) -> Tensor:
        """One step of the optimiser on one batch a member; ``live`` turns false for members that are not finite."""
        leaves = {name: p.detach() for name, p in self.parameters.items()}
        leaves = {name: p.requires_grad_() for name, p in {**leaves, **self._noisy(leaves, seeds)}.items()}
        nll = self.model.nll(leaves, x, y, mask)
        steps, sequences = mask.sum((1, 2)), (mask.sum(1) > 0).sum(1)
        loss = nll.sum(1) / (steps if self.training.loss == "step" else sequences)
        gradients = dict(zip(leaves, torch.autograd.grad(loss.sum(), list(leaves.values())), strict=True))
        norms = optim.norm(gradients)
        live &= (loss.isfinite() & norms.isfinite())[:, None, None]
        if self.training.clip_norm is not None:
            gradients = optim.clip(gradients, norms, self.training.clip_norm)
        with torch.no_grad():
            self.rule.step(self.parameters, gradients, self.memory, rate, live)
        for a, k in enumerate(self.active):
            self.updates[k] += bool(live[a])
        return nll.detach()

    def _noisy(self, parameters: Parameters, seeds: list[int]) -> Parameters:
        """Recurrent matrices with this update's noise: the gradient is taken there and applied to the clean weights."""
        if not self.training.weight_noise:
            return {}
        update = int(self.updates[self.active].max())
        noisy = {name: parameters[name].clone() for name in self.model.matrices}
        draws = {}
        for a, seed in enumerate(seeds):
            if seed not in draws:
                random = stream(seed, "noise", update)
                draws[seed] = {name: random.standard_normal(p.shape[1:], np.float32) for name, p in noisy.items()}
            for name, p in noisy.items():
                p[a] += self.training.weight_noise * torch.from_numpy(draws[seed][name])
        return noisy

    def _record(self, k: int, split: str, nll: float, sequence_mean: float) -> None:
        self.curves[k].append({
            "epoch": self.epoch, "update": int(self.updates[k]), "seconds": round(float(self.seconds[k]), 4),
            "split": split, "nll": float(nll), "nll_sequence_mean": float(sequence_mean),
        })  # fmt: skip

    def _keep(self, positions: list[int]) -> None:
        if len(positions) < len(self.active):
            self.parameters = {name: p[positions] for name, p in self.parameters.items()}
            self.memory = {name: m[positions] for name, m in self.memory.items()}
            self.active = [self.active[a] for a in positions]

    def outcomes(self) -> list[Outcome]:
        """Scores of every member's best-validation weights. This is the one time that the test split is read."""
        scores = {s: evaluate(self.model, self.best, self.task.splits[s]) for s in ("train", "valid", "test")}
        return [
            Outcome(
                status=self.status[k],
                curve=self.curves[k],
                scores={s: _score(scores[s][:, k], bool(self.best_epoch[k])) for s in scores},
                weights={name: p[k].numpy().copy() for name, p in self.best.items()},
                best_epoch=int(self.best_epoch[k]),
                epochs=int(self.epochs[k]),
                updates=int(self.updates[k]),
                seconds=float(self.seconds[k]),
            )
            for k in range(len(self.members))
        ]

    def state(self) -> State:
        """Everything that changes, as arrays and plain values."""
        groups = {"parameters": self.parameters, "memory": self.memory, "best": self.best}
        arrays = {f"{group}/{name}": t.numpy() for group, tensors in groups.items() for name, t in tensors.items()}
        plain = ("active", "status", "curves", "epoch")
        counted = ("best_nll", "best_epoch", "epochs", "updates", "seconds")
        values = {name: getattr(self, name) for name in plain} | {name: getattr(self, name).tolist() for name in counted}
        return arrays, copy.deepcopy(values)

    def restore(self, state: State) -> None:
        """Go on from `state`."""
        arrays, values = state[0], copy.deepcopy(state[1])
        for group in ("parameters", "memory", "best"):
            tensors = {name: torch.from_numpy(a.copy()) for name, a in arrays.items() if name.startswith(f"{group}/")}
            setattr(self, group, {name.partition("/")[2]: t for name, t in tensors.items()})
        for name, value in values.items():
            now = getattr(self, name)
            setattr(self, name, np.array(value, now.dtype) if isinstance(now, np.ndarray) else value)


def train(population: Population, after_epoch: Callable[[Population], None]) -> list[Outcome]:
    """Run a population until every member stopped; ``after_epoch`` may report and save."""
    while population.active:
        population.run_epoch()
        after_epoch(population)
    return population.outcomes()


@torch.no_grad()
def evaluate(model: Model, parameters: Parameters, sequences: list[Sequence]) -> np.ndarray:
    """NLL per step (sum over the split / its steps) and mean over sequences of each one's own, ``[2, K]``, no noise."""
    members = next(iter(parameters.values())).shape[0]
    sums = np.zeros((members, len(sequences)))
    width = parameters["readout_b"].shape[-1]
    for chosen, batch in in_order(sequences, EVALUATED_AT_ONCE // (members * width)):
        sums[:, chosen] = model.nll(parameters, *_tensors([batch])).numpy()
    lengths = np.array([len(sequence) for sequence in sequences])
    return np.stack([sums.sum(1) / lengths.sum(), (sums / lengths).mean(1)])


def _stack(chosen: dict[int, list[Sequence]], seeds: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Each member's own batch, padded alike; one batch for all where all share a seed."""
    steps = max(len(sequence) for batch in chosen.values() for sequence in batch)
    size = max(len(batch) for batch in chosen.values())
    batches = {seed: pad(batch, steps, size) for seed, batch in chosen.items()}
    return _tensors([batches[seed] for seed in (seeds if len(chosen) > 1 else seeds[:1])])


def _tensors(batches: list[Batch]) -> tuple[Tensor, Tensor, Tensor]:
    stacked = (np.stack([getattr(batch, name) for batch in batches]) for name in ("x", "y", "mask"))
    x, y, mask = (torch.from_numpy(array).to(torch.get_default_dtype()) for array in stacked)
    return x, y, mask


def _score(score: np.ndarray, has_best: bool) -> dict[str, float]:
    """NaN for a member that diverged before its first evaluation."""
    nll, sequence_mean = score if has_best else (np.nan, np.nan)
    return {"nll": float(nll), "nll_sequence_mean": float(sequence_mean)}
