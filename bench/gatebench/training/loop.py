"""Training a population: the only place where parameters change."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatebench.data.tasks import Task, buckets
from gatebench.engines.base import Kept
from gatebench.training import optim
from gatebench.training.evaluation import Batches, averaged, batches, evaluate, go_on, ready, sequence_nlls
from gatebench.training.model import Model, stream
from gatebench.training.protocol import Member, Training

State = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Arrays and plain values of a population between two updates: what a checkpoint holds."""


@dataclass
class Outcome:
    """What one member leaves: its best-validation weights, their scores, and the way there."""

    status: str
    """``finished`` or ``diverged`` (a loss or a gradient was not finite)."""
    curve: list[dict[str, Any]]
    """Rows ``epoch, update, seconds, split, nll, nll_sequence_mean``; ``train`` is the mean over the epoch's updates."""
    scores: dict[str, dict[str, float]]
    """Split -> ``nll`` and ``nll_sequence_mean`` in nats per time step, at the best validation point."""
    sequences: dict[str, np.ndarray]
    """Of the test split, in its order: ``steps`` predicted of each sequence and its ``nll``, the sum over them in nats."""
    weights: dict[str, np.ndarray]
    best_epoch: int
    epochs: int
    updates: int
    seconds: float
    """Wall time of training and validation; a population's is shared evenly by its active members."""


@dataclass
class Pass:
    """How far the epoch under way is."""

    sums: np.ndarray
    """Of the losses as seen while training: NLL, and means of sequences, ``[2, A]``."""
    live: list[bool]
    """Active members whose losses and gradients were finite so far."""
    updates: int = 0
    seconds: float = 0.0
    """Before the last interruption."""


@dataclass
class Population:
    """Members of equal shape, trained as one stacked program. Those that stopped are left out of ``parameters``."""

    model: Model
    task: Task
    training: Training
    members: list[Member]
    active: list[int]
    parameters: Tensor
    """Of the active members, a row each (`Network.views` gives them by name); so is ``memory``, the optimizer's."""
    memory: dict[str, Tensor]
    best: Tensor
    """Of all members, a row each."""
    best_nll: np.ndarray
    best_epoch: np.ndarray
    epochs: np.ndarray
    updates: np.ndarray
    seconds: np.ndarray
    status: list[str]
    curves: list[list[dict[str, Any]]]
    epoch: int = 0
    under_way: Pass | None = None
    """None between two epochs."""
    pause: Callable[[], None] = go_on
    """Called between updates and between batches of an evaluation, where `state` may be taken; it may raise."""
    rule: optim.Optimizer = field(init=False)
    _started: float = field(default=0.0, init=False)
    _single: dict[int, Any] = field(default_factory=dict, init=False)
    """Training sequence -> the batch of it alone."""

    def __post_init__(self) -> None:
        self.rule = self.training.rule()

    @cached_property
    def _valid(self) -> "Batches":
        """Of the validation split, which is read after every epoch."""
        return batches(self.model, self.task.splits["valid"], len(self.members))

    @cached_property
    def _decaying(self) -> Tensor:
        """1 for the numbers of weight matrices in a row of parameters, 0 for those of biases and diagonals."""
        row = torch.zeros(self.model.row, device=self.model.device)
        for name in [*self.model.matrices, "readout_W"]:
            start = self.model.offsets[name]
            row[start : start + math.prod(self.model.shapes[name])] = 1
        return row

    @staticmethod
    def start(model: Model, task: Task, training: Training, members: list[Member]) -> "Population":
        """Initial weights of every member, from its own seed."""
        bias = None
        if training.readout_bias == "marginal":
            bias = model.likelihood.marginal(np.concatenate([sequence.y for sequence in task.splits["train"]]))
        count = len(members)
        parameters = model.start_rows([member.seed for member in members], training, bias)
        return Population(
            model, task, training, members,
            active=list(range(count)),
            parameters=parameters,
            memory=training.rule().start(parameters),
            best=parameters.clone(),
            best_nll=np.full(count, np.inf),
            best_epoch=np.zeros(count, int), epochs=np.zeros(count, int), updates=np.zeros(count, int),
            seconds=np.zeros(count),
            status=["running"] * count,
            curves=[[] for _ in members],
        )  # fmt: skip

    def run_epoch(self) -> None:
        """One pass over the training split, then validation; members that are done leave. Goes on if one is under way."""
        self._started = time.perf_counter()
        if self.under_way is None:
            self.epoch += 1
            self.under_way = Pass(np.zeros((2, len(self.active))), [True] * len(self.active))
        train = self._train_epoch(self.under_way)
        valid = evaluate(self.model, self.parameters, self._valid, self.pause)
        live, share = self.under_way.live, self._elapsed() / len(self.active)
        self.under_way = None
        for a, k in enumerate(self.active):
            self.seconds[k] += share
            self.epochs[k] = self.epoch
            self._record(k, "train", *train[:, a])
            self._record(k, "valid", *valid[:, a])
            if valid[0, a] < self.best_nll[k]:
                self.best_nll[k], self.best_epoch[k] = valid[0, a], self.epoch
                self.best[k] = self.parameters[a]
            if not live[a] or not np.isfinite(valid[0, a]):
                self.status[k] = "diverged"
            elif self.epoch - self.best_epoch[k] >= self.training.patience or self.epoch == self.training.epochs:
                self.status[k] = "finished"
        self._keep([a for a, k in enumerate(self.active) if self.status[k] == "running"])

    def _elapsed(self) -> float:
        """Seconds of the epoch under way."""
        assert self.under_way is not None
        return self.under_way.seconds + time.perf_counter() - self._started

    def _train_epoch(self, under_way: Pass) -> np.ndarray:
        """The updates of an epoch that are left; NLL per step and mean over sequences ``[2, A]`` as seen while training."""
        sequences = self.task.splits["train"]
        lengths, predicted = [len(s) for s in sequences], [s.predicted for s in sequences]
        seeds = [self.members[k].seed for k in self.active]
        orders = {seed: buckets(lengths, self.training.batch, stream(seed, "order", self.epoch)) for seed in seeds}
        share = self.training.rate_at(self.epoch)
        rate = torch.tensor([self.members[k].lr * share for k in self.active], device=self.model.device)[:, None]
        live = torch.tensor(under_way.live, device=self.model.device)[:, None]
        for u in range(under_way.updates, len(orders[seeds[0]])):
            made = {seed: self._batch(order[u]) for seed, order in orders.items()}
            steps = {seed: np.array([predicted[i] for i in order[u]]) for seed, order in orders.items()}
            kept = self._kept({seed: [lengths[i] for i in order[u]] for seed, order in orders.items()})
            nll = self.update([made[seed] for seed in seeds], [steps[seed] for seed in seeds], rate, live, kept)
            under_way.sums[0] += [losses.sum() for losses in nll]
            under_way.sums[1] += [(losses / steps[seed]).sum() for losses, seed in zip(nll, seeds, strict=True)]
            under_way.live, under_way.updates = live.flatten().tolist(), u + 1
            self.pause()
        return under_way.sums / np.array([[sum(predicted)], [len(predicted)]])

    def _batch(self, chosen: np.ndarray) -> Any:
        """Training sequences made ready. Batches of a single one return in every epoch and are kept."""
        if len(chosen) > 1:
            return ready(self.model, [self.task.splits["train"][i] for i in chosen])
        i = int(chosen[0])
        if i not in self._single:
            self._single[i] = ready(self.model, [self.task.splits["train"][i]])
        return self._single[i]

    def update(
        self,
        batch: list[Any],
        steps: list[np.ndarray],
        rate: Tensor,
        live: Tensor,
        kept: list[Kept] | None = None,
    ) -> list[np.ndarray]:
        """One step of the optimizer on one batch a member; ``live`` turns false for members that are not finite.

        ``steps``: how often something is predicted in each sequence; ``kept``: what dropout leaves of each member's batch.
        """
        each = [len(s) if self.training.loss == "sequence" else s.sum() for s in steps]
        weights = np.array([1 / count for count in each])
        nll, gradient = self.model.runs.gradients(self.model, self._noisy(), batch, weights, kept)
        norms = optim.norm(gradient)
        finite = np.isfinite([losses.sum() for losses in nll])
        live &= (torch.from_numpy(finite).to(live.device) & norms.isfinite())[:, None]
        if self.training.clip_norm is not None:
            optim.clip(gradient, norms, self.training.clip_norm)
        decays = self._own("weight_decay")
        if any(decays):
            shrink = torch.tensor(decays, device=rate.device)[:, None] * rate
            shrink = torch.where(live, shrink, 0.0)  # a dead member's rate may be infinite
            self.parameters.mul_(1 - shrink * self._decaying)
        self.model.runs.step(self.rule, self.parameters, gradient, self.memory, rate, live)
        self.updates[self.active] += live.flatten().cpu().numpy()
        return nll

    def _noisy(self) -> Tensor:
        """Parameters with this update's noise on recurrent matrices: where the gradient is taken, for the clean weights."""
        noises = self._own("weight_noise")
        if not any(noises):
            return self.parameters
        members = [self.members[k] for k in self.active]
        noisy = self.parameters.clone()
        update = int(self.updates[self.active].max())
        draws = {seed: self._noise(stream(seed, "noise", update)) for seed in dict.fromkeys(m.seed for m in members)}
        for row, member, noise in zip(noisy, members, noises, strict=True):
            row.add_(draws[member.seed], alpha=noise)
        return noisy

    def _own(self, name: str) -> list[float]:
        """A number of every active member: its own, or else that of the training."""
        own = [getattr(self.members[k], name) for k in self.active]
        return [getattr(self.training, name) if number is None else number for number in own]

    def _kept(self, lengths: dict[int, list[int]]) -> list[Kept] | None:
        """What this update's dropout leaves of what each layer hands on, for every active member; None without dropout.

        ``lengths``: seed -> those of the sequences of its batch.
        """
        share = self.training.dropout
        if not share:
            return None
        update, drawn = int(self.updates[self.active].max()), {}
        for seed, own in lengths.items():
            random = stream(seed, "dropout", update)
            rows = [sum(own)] * self.model.stack.layers
            if self.model.at == "sequence":
                rows[-1] = len(own)
            kept = [random.random((n, self.model.width), np.float32) >= share for n in rows]
            drawn[seed] = [layer.astype(np.float32) / np.float32(1 - share) for layer in kept]
        return [drawn[self.members[k].seed] for k in self.active]

    def _noise(self, random: np.random.Generator) -> Tensor:
        """A row of standard normal noise, zero where a parameter has none."""
        row = np.zeros(self.model.row, np.float32)
        for name in self.model.matrices:
            start, size = self.model.offsets[name], math.prod(self.model.shapes[name])
            random.standard_normal(out=row[start : start + size], dtype=np.float32)
        return torch.from_numpy(row).to(self.model.device)

    def _record(self, k: int, split: str, nll: float, sequence_mean: float) -> None:
        self.curves[k].append({
            "epoch": self.epoch, "update": int(self.updates[k]), "seconds": round(float(self.seconds[k]), 4),
            "split": split, "nll": float(nll), "nll_sequence_mean": float(sequence_mean),
        })  # fmt: skip

    def _keep(self, positions: list[int]) -> None:
        if len(positions) < len(self.active):
            self.parameters = self.parameters[positions]
            self.memory = {name: m[positions] for name, m in self.memory.items()}
            self.active = [self.active[a] for a in positions]

    def outcomes(self) -> list[Outcome]:
        """Scores of every member's best-validation weights. This is the one time that the test split is read."""
        splits = {
            split: batches(self.model, self.task.splits[split], len(self.members)) for split in ("train", "valid", "test")
        }
        sums = {split: sequence_nlls(self.model, self.best, made, self.pause) for split, made in splits.items()}
        scores = {split: averaged(sums[split], made.predicted) for split, made in splits.items()}
        steps = splits["test"].predicted
        return [
            Outcome(
                status=self.status[k],
                curve=self.curves[k],
                scores={s: _score(scores[s][:, k], bool(self.best_epoch[k])) for s in scores},
                sequences={"steps": steps, "nll": sums["test"][k] if self.best_epoch[k] else np.full(len(steps), np.nan)},
                weights={name: p[k].cpu().numpy().copy() for name, p in self.model.views(self.best).items()},
                best_epoch=int(self.best_epoch[k]),
                epochs=int(self.epochs[k]),
                updates=int(self.updates[k]),
                seconds=float(self.seconds[k]),
            )
            for k in range(len(self.members))
        ]

    def state(self) -> State:
        """Everything that changes, as arrays and plain values."""
        arrays = {"parameters": self.parameters, "best": self.best}
        arrays |= {f"memory/{name}": m for name, m in self.memory.items()}
        arrays = {name: array.cpu().numpy() for name, array in arrays.items()}
        plain = ("active", "status", "curves", "epoch")
        counted = ("best_nll", "best_epoch", "epochs", "updates", "seconds")
        values = {name: getattr(self, name) for name in plain} | {name: getattr(self, name).tolist() for name in counted}
        if self.under_way is not None:
            seconds = self._elapsed()
            values["under_way"] = vars(self.under_way) | {"sums": self.under_way.sums.tolist(), "seconds": seconds}
        return arrays, copy.deepcopy(values)

    def restore(self, state: State) -> None:
        """Go on from `state`."""
        values = copy.deepcopy(state[1])
        under_way = values.pop("under_way", None)
        self.under_way = under_way and Pass(**under_way | {"sums": np.array(under_way["sums"])})
        tensors = {name: torch.from_numpy(a.copy()).to(self.model.device) for name, a in state[0].items()}
        self.parameters, self.best = tensors["parameters"], tensors["best"]
        self.memory = {name.partition("/")[2]: t for name, t in tensors.items() if name.startswith("memory/")}
        for name, value in values.items():
            now = getattr(self, name)
            setattr(self, name, np.array(value, now.dtype) if isinstance(now, np.ndarray) else value)


def of_members(state: State, chosen: list[int]) -> State:
    """What a checkpoint holds of some members of a population alone, which go on from there as a smaller one."""
    arrays, values = state[0], copy.deepcopy(state[1])
    places = [a for a, k in enumerate(values["active"]) if k in chosen]
    rows = {name: array[chosen if name == "best" else places] for name, array in arrays.items()}
    if "under_way" in values:
        seen = values["under_way"]
        seen["sums"] = [[row[a] for a in places] for row in seen["sums"]]
        seen["live"] = [seen["live"][a] for a in places]
        seen["seconds"] *= len(places) / len(values["active"])
        if not places:  # none of them is in the epoch that is under way
            del values["under_way"]
    values["active"] = [chosen.index(values["active"][a]) for a in places]
    for name in ("status", "curves", "best_nll", "best_epoch", "epochs", "updates", "seconds"):
        values[name] = [values[name][k] for k in chosen]
    return rows, values


def train(population: Population, after_epoch: Callable[[Population], None]) -> list[Outcome]:
    """Run a population until every member stopped; ``after_epoch`` may report."""
    while population.active:
        population.run_epoch()
        after_epoch(population)
    return population.outcomes()


def _score(score: np.ndarray, has_best: bool) -> dict[str, float]:
    """NaN for a member that diverged before its first evaluation."""
    nll, sequence_mean = score if has_best else (np.nan, np.nan)
    return {"nll": float(nll), "nll_sequence_mean": float(sequence_mean)}
