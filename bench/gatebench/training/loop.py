"""Training a population: the only place where parameters change."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gatebench.data.tasks import Task
from gatebench.engines.base import Batch, DropoutMasks, UpdateArrays
from gatebench.training import optimizers, regularisation
from gatebench.training.batches import TrainingBatches
from gatebench.training.evaluation import (
    EvaluationSplit,
    averages,
    evaluate,
    noop,
    prepare,
    sequence_losses,
)
from gatebench.training.learning_rate import linear_decay
from gatebench.training.metrics import Measured, measure
from gatebench.training.model import Model
from gatebench.training.outcome import Outcome
from gatebench.training.protocol import Member, Training
from gatebench.training.states import State


@dataclass
class EpochProgress:
    """How far the epoch under way is. A checkpoint holds the fields under these names."""

    sums: np.ndarray
    """Sums of the losses as seen while training, ``[2, A]``: of NLLs, and of each sequence's mean NLL."""
    live: list[bool]
    """Active members whose losses and gradients have been finite so far."""
    updates: int = 0
    seconds: float = 0.0
    """Seconds that the epoch took before its last interruption."""
    core_seconds: float = 0.0
    """Processor time that it took before that, of all threads, in seconds."""


@dataclass
class Population:
    """Members of equal shape, trained as one stacked program; members that stopped leave ``active``.

    A is the number of active members. A checkpoint holds the fields that change under their names here.
    """

    model: Model
    task: Task
    training: Training
    members: list[Member]
    active: list[int]
    """Positions in ``members`` of those that are still trained."""
    parameters: Tensor
    """Parameters of the active members, ``[A, row]``; `Network.views` gives them by name."""
    optimizer_state: dict[str, Tensor]
    """State of the active members' optimizer, arrays ``[A, .]`` by name."""
    best: Tensor
    """Best-validation parameters of all members, ``[K, row]``."""
    best_nll: np.ndarray
    """Best validation NLL of each member, nats per prediction, ``[K]``."""
    best_epoch: np.ndarray
    """Epoch of each member's best validation NLL, ``[K]``; 0 before there is one."""
    epochs: np.ndarray
    """Epochs that each member was trained for, ``[K]``."""
    updates: np.ndarray
    """Updates that each member made, ``[K]``."""
    seconds: np.ndarray
    """Wall time of each member, its share of the population's, ``[K]``."""
    core_seconds: np.ndarray
    """Processor time of each member, its share of that of all threads, ``[K]``; NaN where it is not known."""
    status: list[str]
    """``running``, ``finished`` or ``diverged``, of each member."""
    curves: list[list[dict[str, str | float]]]
    """Rows of each member's learning curve, as in `Outcome`."""
    epoch: int = 0
    under_way: EpochProgress | None = None
    """Progress of the epoch under way; None between two epochs."""
    carried: np.ndarray | None = None
    """What each row of a batch carries of its series in the epoch under way, of the active members, ``[A, B, S]``."""
    pause: Callable[[], None] = noop
    """Called between updates and between batches of an evaluation, where `state` may be taken; it may raise."""
    optimizer: optimizers.Optimizer = field(init=False)
    _started: tuple[float, float] = field(default=(0.0, 0.0), init=False)

    def __post_init__(self) -> None:
        self.optimizer = self.training.build_optimizer()

    @cached_property
    def _valid(self) -> EvaluationSplit:
        """The validation split, which is evaluated after every epoch."""
        return prepare(self.model, self.task.splits["valid"], len(self.members), self.task.before("valid"))

    @cached_property
    def _train(self) -> TrainingBatches:
        """The training split, of which every epoch has other batches."""
        return TrainingBatches(self.model, self.task.splits["train"], self.training)

    @cached_property
    def _decayed(self) -> Tensor:
        """Which numbers of a row of parameters weight decay shrinks, ``[row]``."""
        return regularisation.decayed_parameters(self.model)

    @staticmethod
    def start(model: Model, task: Task, training: Training, members: list[Member]) -> "Population":
        """Return a population before its first update, each member with the initial weights of its own seed."""
        bias = None
        if training.readout_bias == "marginal":
            bias = model.likelihood.marginal(np.concatenate([sequence.y for sequence in task.splits["train"]]))
        count = len(members)
        parameters = model.start_rows([member.seed for member in members], training, bias)
        return Population(
            model, task, training, members,
            active=list(range(count)),
            parameters=parameters,
            optimizer_state=training.build_optimizer().start(parameters),
            best=parameters.clone(),
            best_nll=np.full(count, np.inf),
            best_epoch=np.zeros(count, int), epochs=np.zeros(count, int), updates=np.zeros(count, int),
            seconds=np.zeros(count), core_seconds=np.zeros(count),
            status=["running"] * count,
            curves=[[] for _ in members],
        )  # fmt: skip

    def run_epoch(self) -> None:
        """Train on the training split once, or finish the epoch under way, then validate; members that are done leave."""
        self._started = time.perf_counter(), time.process_time()
        if self.under_way is None:
            self.epoch += 1
            self.under_way = EpochProgress(np.zeros((2, len(self.active))), [True] * len(self.active))
        train = self._train_epoch(self.under_way)
        valid = evaluate(self.model, self.parameters, self._valid, self.pause)
        live, shares = self.under_way.live, np.array(self._elapsed()) / len(self.active)
        self.under_way = self.carried = None
        for a, k in enumerate(self.active):
            self.seconds[k] += shares[0]
            self.core_seconds[k] += shares[1]
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
        self._keep_active([a for a, k in enumerate(self.active) if self.status[k] == "running"])

    def _elapsed(self) -> tuple[float, float]:
        """Return the seconds of the epoch under way, by the clock and of the processor."""
        assert self.under_way is not None
        seconds = self.under_way.seconds + time.perf_counter() - self._started[0]
        return seconds, self.under_way.core_seconds + time.process_time() - self._started[1]

    def _train_epoch(self, progress: EpochProgress) -> np.ndarray:
        """Make the epoch's updates that are left; return its losses as seen while training, ``[2, A]``, as in `averages`."""
        predictions = [s.predictions for s in self.task.splits["train"]]
        seeds = [self.members[k].seed for k in self.active]
        orders = {seed: self._train.draws(seed, self.epoch) for seed in seeds}
        share = linear_decay(self.epoch, self.training.epochs, self.training.decay_to)
        learning_rates = torch.tensor([self.members[k].lr * share for k in self.active], device=self.model.device)[:, None]
        live = torch.tensor(progress.live, device=self.model.device)[:, None]
        for u in range(progress.updates, len(orders[seeds[0]])):
            batch_of_seed = {seed: self._train.batch(order[u].positions) for seed, order in orders.items()}
            batches = [batch_of_seed[seed] for seed in seeds]
            self.carried = self._train.begin([orders[seed][u] for seed in seeds], self.carried, self.parameters)
            losses = self.update(batches, learning_rates, live)
            progress.sums[0] += [of_member.sum() for of_member in losses]
            progress.sums[1] += [(a / batch.predictions).sum() for a, batch in zip(losses, batches, strict=True)]
            progress.live, progress.updates = live.flatten().tolist(), u + 1
            self.pause()
        return progress.sums / np.array([[sum(predictions)], [len(predictions)]])

    def update(self, batches: list[Batch], learning_rates: Tensor, live: Tensor) -> list[np.ndarray]:
        """Make one update of every active member and return its losses ``[B]`` before it, as the engine gives them.

        Parameters
        ----------
        batches
            A batch for each active member; members of one seed share theirs.
        learning_rates
            Learning rate of each active member, ``[A, 1]``.
        live
            ``[A, 1]``, true or false; turns false for members whose loss or gradient is not finite. They are not updated.

        """
        return self.model.engine.compute(lambda: self._updated(batches, learning_rates, live))

    def _updated(self, batches: list[Batch], learning_rates: Tensor, live: Tensor) -> list[np.ndarray]:
        per_sequence = self.training.loss == "sequence"
        counts = [len(b.predictions) if per_sequence else b.prediction_count for b in batches]
        weights = np.array([1 / count for count in counts])
        decays = learning_rates.new_tensor(self._per_member("weight_decay"))[:, None]
        arrays = UpdateArrays(
            self.parameters, self._noisy(), self.optimizer_state, learning_rates, decays, self._decayed, live
        )
        rule = optimizers.UpdateRule(self.optimizer, self.training.clip_norm)
        masks, carried = self._dropout_masks(batches), None
        if self.carried is not None:
            carried = [rows[: len(batch.lengths)] for rows, batch in zip(self.carried, batches, strict=True)]
        losses = self.model.engine.update(self.model, rule, arrays, batches, weights, masks, carried)
        self.updates[self.active] += live.flatten().cpu().numpy()
        return losses

    @property
    def _update(self) -> int:
        """Number of the next update, from 0: that of the active members that are live."""
        return int(self.updates[self.active].max())

    def _noisy(self) -> Tensor:
        """Return parameters with this update's noise: where the gradient is taken that is applied to the clean ones."""
        deviations = self._per_member("weight_noise")
        if not any(deviations):
            return self.parameters
        seeds, engine = [self.members[k].seed for k in self.active], self.model.engine
        distinct, noisy = list(dict.fromkeys(seeds)), torch.empty_like(self.parameters)
        noises = engine.map(lambda seed: regularisation.weight_noise(self.model, seed, self._update), distinct)
        of_seed = dict(zip(distinct, noises, strict=True))

        def add(a: int) -> None:
            torch.add(self.parameters[a], of_seed[seeds[a]], alpha=deviations[a], out=noisy[a])

        engine.map(add, range(len(seeds)))
        return noisy

    def _per_member(self, name: str) -> list[float]:
        """Return a hyperparameter of every active member: its own, or else that of the training."""
        values = [getattr(self.members[k], name) for k in self.active]
        return [getattr(self.training, name) if value is None else value for value in values]

    def _dropout_masks(self, batches: list[Batch]) -> list[DropoutMasks] | None:
        """Return this update's dropout masks for every active member, the same for one seed; None without dropout."""
        share = self.training.dropout
        if not share:
            return None
        seeds = [self.members[k].seed for k in self.active]
        batch_of_seed = dict(zip(seeds, batches, strict=True))
        masks = {
            seed: regularisation.dropout_masks(self.model, batch, share, seed, self._update)
            for seed, batch in batch_of_seed.items()
        }
        return [masks[seed] for seed in seeds]

    def _core_seconds(self, k: int) -> float | None:
        """Return a member's processor time; None where it is not known, or where another device than that computes."""
        known = self.model.device == "cpu" and not np.isnan(self.core_seconds[k])
        return float(self.core_seconds[k]) if known else None

    def _record(self, k: int, split: str, nll: float, sequence_mean: float) -> None:
        """Add a row to a member's learning curve."""
        self.curves[k].append({
            "epoch": self.epoch, "update": int(self.updates[k]), "seconds": round(float(self.seconds[k]), 4),
            "split": split, "nll": float(nll), "nll_sequence_mean": float(sequence_mean),
        })  # fmt: skip

    def _keep_active(self, positions: list[int]) -> None:
        """Leave out all active members but those at some positions."""
        if len(positions) < len(self.active):
            self.parameters = self.parameters[positions]
            self.optimizer_state = {name: array[positions] for name, array in self.optimizer_state.items()}
            self.active = [self.active[a] for a in positions]

    def outcomes(self) -> list[Outcome]:
        """Return the scores of every member's best-validation weights. The test split is read here and nowhere else."""
        members, names = len(self.members), ("train", "valid", "test")
        task = replace(self.task, splits={split: self.task.splits[split] for split in names})
        splits = {split: prepare(self.model, task.splits[split], members, task.before(split)) for split in names}
        losses = {split: sequence_losses(self.model, self.best, splits[split], self.pause) for split in names}
        scores = {split: averages(losses[split], splits[split].predictions) for split in names}
        steps = splits["test"].predictions
        measured = measure(self.model, task, self.best, task.splits["test"], self.pause, task.before("test"))
        return [
            Outcome(
                status=self.status[k],
                curve=self.curves[k],
                scores={s: _score(scores[s][:, k], bool(self.best_epoch[k])) for s in scores},
                sequences={"steps": steps, "nll": losses["test"][k] if self.best_epoch[k] else np.full(len(steps), np.nan)},
                measured=measured[k] if self.best_epoch[k] else Measured.nothing(),
                weights={name: p[k].cpu().numpy().copy() for name, p in self.model.views(self.best).items()},
                best_epoch=int(self.best_epoch[k]),
                epochs=int(self.epochs[k]),
                updates=int(self.updates[k]),
                seconds=float(self.seconds[k]),
                core_seconds=self._core_seconds(k),
            )
            for k in range(len(self.members))
        ]

    def state(self) -> State:
        """Return everything that changes, as arrays and JSON values."""
        arrays = {"parameters": self.parameters, "best": self.best}
        arrays |= {f"memory/{name}": array for name, array in self.optimizer_state.items()}
        arrays = {name: array.cpu().numpy() for name, array in arrays.items()}
        if self.carried is not None:
            arrays["carried"] = self.carried
        plain = ("active", "status", "curves", "epoch")
        counted = ("best_nll", "best_epoch", "epochs", "updates", "seconds", "core_seconds")
        values = {name: getattr(self, name) for name in plain} | {name: getattr(self, name).tolist() for name in counted}
        if self.under_way is not None:
            times = dict(zip(("seconds", "core_seconds"), self._elapsed(), strict=True))
            values["under_way"] = vars(self.under_way) | {"sums": self.under_way.sums.tolist()} | times
        return arrays, copy.deepcopy(values)

    def restore(self, state: State) -> None:
        """Go on from what `state` returned."""
        values = copy.deepcopy(state[1])
        values.setdefault("core_seconds", [np.nan] * len(self.members))  # a checkpoint of a version that did not measure it
        under_way = values.pop("under_way", None)
        self.under_way = under_way and EpochProgress(**under_way | {"sums": np.array(under_way["sums"])})
        tensors = {name: torch.from_numpy(a.copy()).to(self.model.device) for name, a in state[0].items()}
        self.parameters, self.best = tensors["parameters"], tensors["best"]
        self.carried = state[0]["carried"].copy() if "carried" in state[0] else None
        self.optimizer_state = {name.partition("/")[2]: t for name, t in tensors.items() if name.startswith("memory/")}
        for name, value in values.items():
            current = getattr(self, name)
            setattr(self, name, np.array(value, current.dtype) if isinstance(current, np.ndarray) else value)


def train(population: Population, after_epoch: Callable[[Population], None]) -> list[Outcome]:
    """Run a population until every member has stopped; ``after_epoch`` is called with it after each epoch."""
    while population.active:
        population.run_epoch()
        after_epoch(population)
    return population.outcomes()


def _score(score: np.ndarray, has_best: bool) -> dict[str, float]:
    """Return a member's two averages by name; NaN if it diverged before its first evaluation."""
    nll, sequence_mean = score if has_best else (np.nan, np.nan)
    return {"nll": float(nll), "nll_sequence_mean": float(sequence_mean)}
