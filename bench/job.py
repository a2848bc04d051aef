"""A job: one point of a study, as plain objects. Its settings from outside, and the identity of its trials."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.checks import Count, Positive
from bench.data import cards, tasks
from bench.data.cards import Card
from bench.graph.cost import cost, solve
from bench.graph.trace import Graph
from bench.places import BadInput
from bench.records import record, study_file
from bench.records.record import Settings
from bench.training import likelihoods
from bench.training.likelihoods import Likelihood
from bench.training.settings import Member, Training


@dataclass(frozen=True)
class Budget:
    """How large a cell may be: exactly one of these is given."""

    parameters: Positive | None = None
    """Parameters of the recurrent layer."""
    total_parameters: Positive | None = None
    """Parameters with the readout."""
    flops: Positive | None = None
    """FLOPs of the recurrent layer per time step."""
    units: Count | None = None

    def solve(self, graph: Graph, inputs: int, readout: int) -> int:
        """Units whose cost is nearest to the budget, with a readout of so many numbers."""
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
            lambda units: getattr(cost(graph, graph.sizes(inputs, units), readout), column[name]),
            {"parameters": "parameters", "total_parameters": "parameters with readout", "flops": "FLOPs a step"}[name],
        )


@dataclass(frozen=True)
class Rate:
    """A given learning rate."""

    lr: Positive | None
    """None: search for it."""


@dataclass(frozen=True)
class Search:
    """Learning rates to try: drawn once from the study's own seed, log-uniform, the same for every cell."""

    size: Count
    low: Positive
    high: Positive
    seed: int
    """Of the draw of rates; the trials of a search have seed 0."""
    epochs: Count | None = None
    """At most so many for a trial of the search, with its own decay; None: as many as a confirming trial."""

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise BadInput(f"training.rates go from {self.low:g} down to {self.high:g}; expected low <= high")

    def rates(self) -> list[float]:
        """The first ``size`` rates of an endless list, so that a larger search contains the smaller one.

        Van der Corput's sequence in base 2, shifted by one random number: each rate is log-uniform over the range, and
        any first few of them are spread over it evenly, which independent draws of ten are not.
        """
        shift = np.random.default_rng(self.seed).uniform()
        places = [(shift + int(f"{i:b}"[::-1], 2) / 2 ** i.bit_length()) % 1 for i in range(self.size)]
        return [float(f"{self.low * (self.high / self.low) ** place:.4g}") for place in places]


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
    """A framing of `bench.data.tasks`."""
    likelihood: dict[str, Any]
    """``name``, a distribution of `bench.training.likelihoods`, and its options."""


@dataclass(frozen=True)
class Engine:
    """What runs the cells."""

    name: str
    """A module of `bench.engines`, or ``auto``."""
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
    units: int
    training: Training
    search: Search
    lr: float | None
    """A learning rate that makes the search superfluous."""
    members: Members
    engine: str
    threads: int
    """Of each worker."""
    device: str
    results: Path

    @cached_property
    def card(self) -> Card:
        """The card of the data set."""
        return cards.load(self.dataset)

    @cached_property
    def search_training(self) -> Training:
        """The protocol of the stage ``search``: that of the study, perhaps with fewer epochs."""
        return replace(self.training, epochs=min(self.training.epochs, self.search.epochs or self.training.epochs))

    def member(self, lr: float, seed: int, training: Training) -> Member:
        """A trial of this point, with its key."""
        return Member(record.key(self.settings(lr, seed, training)), lr, seed)

    def settings(self, lr: float, seed: int, training: Training) -> Settings:
        """What the key of a trial hashes."""
        inputs, _ = tasks.framing(self.predict, self.card).sizes(self.card)
        sizes = {letter: size for letter, size in self.graph.sizes(inputs, self.units).items() if letter != "1"}
        framing = f"{self.predict}, {likelihoods.described(self.likelihood)}"
        return Settings(framing, self.card.content, self.graph.fingerprint, sizes, training, lr, seed)

    def searched(self) -> list[Member]:
        """Trials of the stage ``search``; none where the learning rate is given."""
        rates = [] if self.lr is not None else self.search.rates()
        return [self.member(lr, 0, self.search_training) for lr in rates]

    def confirmed(self, lr: float) -> list[Member]:
        """Trials of the stage ``confirm`` at the selected rate."""
        return [self.member(lr, seed, self.training) for seed in self.members.seeds]

    def point(self, selected: Member | None) -> study_file.Point:
        """This point as the study's file keeps it."""
        return {
            "labels": self.labels,
            "search": [member.key for member in self.searched()],
            "selected_lr": selected and selected.lr,
            "confirm": [member.key for member in self.confirmed(selected.lr)] if selected else [],
            "confirm_planned": len(self.members.seeds),
        }
