"""Training of a single net on sequences in memory, by the loop and the protocol of every study."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, Positive, construct, mismatch, read_yaml, shown
from gatebench.data import columns, splits
from gatebench.data.cards import Card
from gatebench.data.columns import UNSCALED, Scale
from gatebench.data.contents import Target
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines import selection
from gatebench.graph import cost, trace
from gatebench.graph.stack import Stack
from gatebench.models.export import source
from gatebench.models.export.network import ExportedNetwork
from gatebench.models.prediction import readouts
from gatebench.training import likelihoods
from gatebench.training.loop import Population
from gatebench.training.model import Model
from gatebench.training.protocol import Member, Training

if TYPE_CHECKING:
    from torch import nn

PROTOCOL = "modern"
"""The training protocol of ``conf/training/`` that gives what no argument of an estimator does."""
UNITS = 32
"""Units of a layer, where neither they nor parameters are given."""


@dataclass(frozen=True)
class FitSettings:
    """What a net is and how it is trained, checked."""

    cell: str
    """Name of the cell."""
    options: dict[str, Any]
    """Options of the cell by name."""
    units: Count | None
    """Units of a layer; None: `UNITS`, or what the parameters pay for."""
    parameters: Positive | None
    """Recurrent parameters that the units are to cost, or None."""
    stack: Stack
    """Layers and directions of the cells."""
    lr: Positive
    """The learning rate at the beginning."""
    training: Training
    """The rest of the protocol."""
    validation: float
    """Share of the sequences that training is stopped by; 0: none."""
    engine: str
    """Name of an engine, or ``auto``."""
    threads: Count
    """Threads that compute at once."""
    seed: int
    """The seed of weights, noise and order."""


def settings(given: Mapping[str, Any], seed: int) -> FitSettings:
    """Return the arguments of an estimator, those of the protocol filled in; ``BadInput`` for one that does not fit."""
    protocol: dict[str, Any] = read_yaml(registry.find("conf", PROTOCOL, ".yaml", "training").read_text(encoding="utf-8"))
    names = Training.__dataclass_fields__
    values = {name: value for name, value in protocol.items() if name in names}
    values |= {name: _plain(given[name]) for name in given if name in names and given[name] is not None}
    share = _plain(given["validation"])
    if mismatch(share, float) or not 0 <= share < 1:
        raise BadInput(f"validation is {shown(share)}, expected a share from 0 and below 1")
    if not share:
        values["patience"] = values["epochs"]
    rest = {name: _plain(given[name]) for name in ("cell", "units", "parameters", "lr", "engine", "threads")}
    training = construct(Training, "training", values)
    stack = construct(Stack, "model", {name: _plain(given[name]) for name in ("layers", "bidirectional")})
    options = dict(given["options"] or {})
    parts = {"training": training, "stack": stack, "options": options, "validation": float(share), "seed": seed}
    return construct(FitSettings, "estimator", rest | parts)


def _plain(value: Any) -> Any:
    """Return a number as Python's; those of NumPy are of other types."""
    return value.item() if isinstance(value, np.generic) else value


@dataclass
class FittedNet:
    """A trained net with the scales of what it reads and gives."""

    network: ExportedNetwork
    """The cell with its weights and its readout."""
    read_scale: Scale
    """Mean and standard deviation of what is read."""
    target_scale: Scale
    """Mean and standard deviation of the values that are predicted."""
    epochs: int
    """Epochs of training that were made."""
    best_epoch: int
    """The epoch whose weights these are."""
    _module: "nn.Module | None" = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: neither the cell nor its module, which are made of the cell's text again."""
        network = self.network
        parts = {name: getattr(network, name) for name in ("inputs", "units", "weights", "stack", "at")}
        cell = (network.graph.name, network.graph.options, network.graph.fingerprint)
        return {**vars(self), "_module": None, "network": (cell, parts)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled; ``BadInput`` if the cell's equations are others now."""
        (name, options, fingerprint), parts = state["network"]
        graph = trace.load(name, **options)
        if graph.fingerprint != fingerprint:
            raise BadInput(f"the equations of cell {name} changed since the net was fitted; fit it anew")
        vars(self).update(state, network=ExportedNetwork(graph, **parts))

    def readout(self, sequences: list[np.ndarray]) -> np.ndarray:
        """Return the readout of each sequence ``[T, X]`` in 64 bits, ``[N, R]``."""
        if self._module is None:
            self._module = source.build_module(self.network).double()
        scaled = [(array - self.read_scale.mean) / self.read_scale.std for array in sequences]
        return np.stack([*readouts(self.network, self._module, scaled)])

    def values(self, readout: np.ndarray) -> np.ndarray:
        """Return the means of the values that a readout ``[N, R]`` gives, in their own units, ``[N, Y]``."""
        return readout[:, : readout.shape[1] // 2] * self.target_scale.std + self.target_scale.mean


def fit(sequences: list[np.ndarray], targets: np.ndarray, classes: int, chosen: FitSettings) -> FittedNet:
    """Return a net that is trained on sequences ``[T, X]`` and the target of each.

    Parameters
    ----------
    sequences
        Finite numbers in their own units.
    targets
        Numbers of classes ``[N, 1]``, or values ``[N, Y]``.
    classes
        How many classes there are; 0: the targets are values.
    chosen
        What is trained, and how.

    """
    parts = _split(sequences, targets, classes, chosen.validation)
    read_scale = _scale(np.concatenate([sequences[i] for i in parts["train"]]))
    of_split = {split: [targets[positions]] for split, positions in parts.items()}
    target_scale = UNSCALED
    if not classes:
        of_split = columns.dequantise(of_split, columns.find_grid(of_split["train"][0]))
        target_scale = _scale(of_split["train"][0])
        of_split = columns.standardise(of_split, target_scale)
    framed = {
        split: [
            Sequence(((sequences[i] - read_scale.mean) / read_scale.std).astype(np.float32), row[None])
            for i, row in zip(positions, of_split[split][0], strict=True)
        ]
        for split, positions in parts.items()
    }
    width, outputs = sequences[0].shape[1], targets.shape[1]
    card = _card(width, outputs, classes)
    predicted = "label" if classes else "value"
    task = Task("data", card, framed, width, outputs, predicted, read_scale, target_scale)
    model = _model(task, classes, chosen)
    population = Population.start(model, task, chosen.training, [Member("estimator", chosen.lr, chosen.seed)])
    while population.active:
        population.run_epoch()
    if not population.best_epoch[0]:
        raise BadInput(f"training diverged with lr={chosen.lr:g} before its first epoch was over; use a smaller lr")
    weights = {name: parameter[0].cpu().numpy().copy() for name, parameter in model.views(population.best).items()}
    network = ExportedNetwork(model.graph, width, model.units, weights, chosen.stack, "sequence")
    return FittedNet(network, read_scale, target_scale, int(population.epochs[0]), int(population.best_epoch[0]))


def _split(sequences: list[np.ndarray], targets: np.ndarray, classes: int, share: float) -> dict[str, list[int]]:
    """Return the positions of train and valid: labels alike, copies together; the same where there is nothing to part."""
    copies = [hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest() for array in sequences]
    everything = [*range(len(sequences))]
    if not share or len(set(copies)) < 2:
        return {"train": everything, "valid": everything}
    labels = targets[:, 0].tolist() if classes else [0] * len(sequences)
    return splits.apart([[copy] for copy in copies], labels, {"train": 1 - share, "valid": share})


def _scale(values: np.ndarray) -> Scale:
    """Return mean and standard deviation of each column; 1 where all its values are one."""
    mean, std = values.mean(0, dtype=float), values.std(0, dtype=float)
    if not np.isfinite(std).all():
        raise BadInput("the data has numbers that are too large to be squared; rescale it")
    return Scale(mean, np.where(std > 0, std, 1.0))


def _card(width: int, outputs: int, classes: int) -> Card:
    """Return the card of data in memory: what a card says of files is nothing here."""
    names = tuple(map(str, range(classes)))
    target = Target("sequence", "label" if classes else "value", outputs, names)
    facts = {"width": width + outputs}
    return Card(
        "data", "data", "", "memory", "", "", "a step", False, "reals", "", "", facts=facts, baselines={}, target=target
    )


def _model(task: Task, classes: int, chosen: FitSettings) -> Model:
    graph = trace.load(chosen.cell, **chosen.options)
    name, kind = ("categorical", "symbols") if classes else ("gaussian", "reals")
    likelihood = likelihoods.build(name, {}, kind, classes)
    units = chosen.units or UNITS
    if chosen.parameters is not None:
        if chosen.units is not None:
            raise BadInput(f"units is {chosen.units} and parameters {chosen.parameters:g}; expected one of them: remove one")
        readout, stack = likelihood.readout(task.outputs), chosen.stack
        units = cost.solve(
            chosen.parameters,
            lambda size: stack.cost(graph, task.inputs, size, readout).parameters_recurrent,
            "parameters recurrent",
        )
    engine = selection.create(selection.pick(chosen.engine, graph, "cpu"), chosen.threads)
    return Model(graph, task.inputs, task.outputs, units, likelihood, engine, stack=chosen.stack, at="sequence")
