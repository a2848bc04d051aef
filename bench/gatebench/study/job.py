"""A job: one point of a study, as plain objects. Its settings from outside, and the identity of its trials."""

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, NonNegative, Positive
from gatebench.data import cards, framings
from gatebench.data.cards import Card
from gatebench.data.sequences import Framing
from gatebench.graph.cost import solve
from gatebench.graph.stack import Stack
from gatebench.graph.trace import Graph
from gatebench.records import record, study_file
from gatebench.records.record import Settings
from gatebench.training import likelihoods
from gatebench.training.likelihoods import Likelihood
from gatebench.training.protocol import Member, Training


@dataclass(frozen=True)
class Budget:
    """How large a cell may be: exactly one of these is given."""

    parameters: Positive | None = None
    """Parameters of the recurrent layers."""
    total_parameters: Positive | None = None
    """Parameters with the readout."""
    flops: Positive | None = None
    """FLOPs of the recurrent layers per time step."""
    units: Count | None = None

    def solve(self, graph: Graph, stack: Stack, inputs: int, readout: int) -> int:
        """Units of each cell whose cost together is nearest to the budget, with a readout of so many numbers."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if len(given) != 1:
            raise BadInput(
                f"a budget needs exactly one of parameters, total_parameters, flops, units; got {', '.join(given) or 'none'}"
            )
        if self.units is not None:
            return self.units
        ((name, value),) = given.items()
        column = {
            "parameters": "parameters_recurrent",
            "total_parameters": "parameters_total",
            "flops": "flops_per_step",
        }
        return solve(
            value,
            lambda units: getattr(stack.cost(graph, inputs, units, readout), column[name]),
            {"parameters": "parameters", "total_parameters": "parameters with readout", "flops": "FLOPs a step"}[name],
        )


@dataclass(frozen=True)
class Tuned:
    """What a search tunes: numbers that are given, or None to search for them."""

    lr: Positive | None
    weight_noise: NonNegative | None
    weight_decay: NonNegative | None


@dataclass(frozen=True)
class Range:
    """Where a search looks for a number."""

    low: Positive
    high: Positive

    def at(self, place: float) -> float:
        """The number at a place between 0 and 1, log-uniform."""
        return float(f"{self.low * (self.high / self.low) ** place:.4g}")


class Setting(NamedTuple):
    """What one trial has of the numbers that a search tunes."""

    lr: float
    weight_noise: float
    weight_decay: float


RANGES = {"lr": "rates", "weight_noise": "noises", "weight_decay": "decays"}
"""Number that a search may tune -> the setting of the training with its range."""
BASES = {"lr": 2, "weight_noise": 3, "weight_decay": 5}
"""Of Halton's sequence, for each number that a search may tune."""


@dataclass(frozen=True)
class Search:
    """Settings to try: drawn once from the study's own seed, the same for every cell."""

    size: Count
    seed: int
    """Of the draw of settings; the trials of a search have seed 0."""
    epochs: Count | None
    """At most so many for a trial of the search, with its own decay; None: as many as a confirming trial."""
    lr: float | Range
    weight_noise: float | Range
    weight_decay: float | Range

    @property
    def given(self) -> Setting | None:
        """The one setting there is, where nothing is left to search for."""
        numbers = {name: axis for name, axis in self._axes.items() if not isinstance(axis, Range)}
        return Setting(**numbers) if len(numbers) == len(BASES) else None

    @property
    def _axes(self) -> dict[str, float | Range]:
        return {name: getattr(self, name) for name in BASES}

    def settings(self) -> list[Setting]:
        """The first ``size`` of an endless list, so that a larger search contains the smaller one.

        Halton's sequence, shifted by a random number in each of its bases: a setting is log-uniform over the ranges, and any
        first few are spread over them evenly, which independent draws of ten are not.
        """
        random = np.random.default_rng(self.seed)
        shifts = {name: random.uniform() for name in BASES}

        def tried(name: str, axis: float | Range, i: int) -> float:
            return axis.at((shifts[name] + _mirrored(i, BASES[name])) % 1) if isinstance(axis, Range) else axis

        return [Setting(**{name: tried(name, axis, i) for name, axis in self._axes.items()}) for i in range(self.size)]


def _mirrored(i: int, base: int) -> float:
    """Van der Corput's sequence: the digits of ``i`` behind the point, the last one first."""
    value, weight = 0.0, 1.0
    while i:
        i, digit = divmod(i, base)
        weight /= base
        value += digit * weight
    return value


@dataclass(frozen=True)
class Members:
    """Who is trained together."""

    seeds: tuple[Count, ...]
    """Of the confirming trials."""
    max: Count
    """Members of a population at the most."""

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise BadInput(f"population.seeds is {list(self.seeds)}, expected different whole numbers from 1 (0 searches)")


@dataclass(frozen=True)
class TaskSettings:
    """What a task makes of a data set."""

    dataset: str
    predict: str
    """A framing of `gatebench.data.framings`."""
    likelihood: dict[str, Any]
    """``name``, a distribution of `gatebench.training.likelihoods`, and its options."""


@dataclass(frozen=True)
class EngineOptions:
    """The group ``engine`` of the configuration: what runs the cells."""

    name: str
    """An engine of `gatebench.engines`, or ``auto``."""
    threads: Count


@dataclass(frozen=True)
class Job:
    """One point of a study: one task, cell, size and protocol; its trials differ in learning rate and seed."""

    study: str
    labels: dict[str, str]
    """Of `study_file.LABELS`."""
    dataset: str
    predict: str
    likelihood: Likelihood
    graph: Graph
    stack: Stack
    units: int
    training: Training
    search: Search
    members: Members
    engine: str
    threads: int
    """Of each worker."""
    device: str
    results: Path
    tracking: str | None
    """The MLflow store that trials are logged to; None: none."""

    @cached_property
    def card(self) -> Card:
        """The card of the data set."""
        return cards.load(self.dataset)

    @cached_property
    def framing(self) -> type[Framing]:
        """What the task makes of a sequence."""
        return framings.find(self.predict, self.card)

    @property
    def log(self) -> Path:
        """Where this job says what it does."""
        name = re.sub(r"[^\w.=-]+", "_", ", ".join(self.labels.values()))
        if len(name) > 200:  # of what was overridden there is no end, of a file's name there is
            name = f"{name[:180]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return self.results / "logs" / self.study / f"{name}.log"

    @cached_property
    def search_training(self) -> Training:
        """The protocol of the stage ``search``: that of the study, perhaps with fewer epochs."""
        return replace(self.training, epochs=min(self.training.epochs, self.search.epochs or self.training.epochs))

    def member(self, setting: Setting, seed: int, training: Training) -> Member:
        """A trial of this point, with its key."""
        key = record.key(self.settings(setting, seed, training))
        return Member(key, seed=seed, **setting._asdict())

    def settings(self, setting: Setting, seed: int, training: Training) -> Settings:
        """What the key of a trial hashes."""
        inputs, _ = self.framing.sizes(self.card)
        sizes = {letter: size for letter, size in self.graph.sizes(inputs, self.units).items() if letter != "1"}
        return Settings(
            ", ".join([self.predict, *self._aim, likelihoods.described(self.likelihood)]),
            self.card.content,
            self.graph.fingerprint,
            sizes,
            replace(training, weight_noise=setting.weight_noise, weight_decay=setting.weight_decay),
            setting.lr,
            seed,
            None if self.stack == Stack() else self.stack,
        )

    @property
    def _aim(self) -> list[str]:
        """Which columns of the content are the target, and of what: one content may be read in several ways."""
        target = self.card.target
        return [] if target is None else [f"{target.columns} {target.kind} a {target.of}"]

    def searched(self) -> list[Member]:
        """Trials of the stage ``search``; none where nothing is left to search for."""
        settings = [] if self.search.given else self.search.settings()
        return [self.member(setting, 0, self.search_training) for setting in settings]

    def confirmed(self, setting: Setting) -> list[Member]:
        """Trials of the stage ``confirm`` at the selected setting."""
        return [self.member(setting, seed, self.training) for seed in self.members.seeds]

    def point(self, selected: Setting | None, planned: int) -> study_file.Point:
        """This point as the study's file keeps it, with so many confirming trials planned."""
        return {
            "labels": self.labels,
            "search": [member.key for member in self.searched()],
            "selected": selected and selected._asdict(),
            "confirm": [member.key for member in self.confirmed(selected)] if selected else [],
            "confirm_planned": planned,
        }
