"""What the settings of a configuration say, as plain objects: all that can be checked without torch."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from gatebench.cli import family
from gatebench.cli.configurations import Configuration
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import construct, mismatch, shown
from gatebench.records import names

if TYPE_CHECKING:
    from gatebench.data.cards import Card
    from gatebench.data.sequences import Framing
    from gatebench.data.tasks import Portion
    from gatebench.graph.stack import Stack
    from gatebench.graph.trace import Graph
    from gatebench.study.budget import Budget
    from gatebench.study.search import Range, Search
    from gatebench.study.settings import EngineSettings, PopulationSettings, TaskSettings
    from gatebench.training.protocol import Training

NEEDED = (
    "name", "results", "pipelines", "data", "model", "search", "population", "device", "publish", "tracking", "task", "cell",
    "budget", "training", "engine",
)  # fmt: skip
"""What every configuration has."""
POSSIBLE = (*NEEDED, "contrasts", "parts", "arms", "table1", "hydra", "defaults")
"""What stands at the top of a configuration or a study's yaml; ``arms`` and ``table1`` have values that others refer to."""


@dataclass(frozen=True)
class Settings:
    """The settings of a job, checked, but for whether its likelihood and its engine fit."""

    study: str
    """Name of the study."""
    task: "TaskSettings"
    card: "Card"
    framing: "type[Framing]"
    portion: "Portion"
    graph: "Graph"
    stack: "Stack"
    budget: "Budget"
    training: "Training"
    search: "Search"
    pipelines: int
    population: "PopulationSettings"
    engine: "EngineSettings"
    device: str
    results: Path
    tracking: str | None
    """The MLflow store that trials are logged to; None: none."""

    @property
    def trials(self) -> int:
        """How many trials there are, but for extensions of searches."""
        return self.pipelines * ((0 if self.search.given else self.search.size) + len(self.population.seeds))


def check(configurations: list[Configuration]) -> None:
    """Raise ``BadInput`` for the first configuration of a sweep that is wrong, and for too many trials of all of them."""
    from gatebench.study.settings import MOST_TRIALS

    family.declared(configurations)
    trials = 0
    for configuration in configurations:
        trials += of(configuration).trials
        if trials > MOST_TRIALS:
            raise BadInput(
                f"this sweep has more than {MOST_TRIALS:,} trials, which is as many as one may have; make search.size, "
                "pipelines or population.seeds smaller, or sweep over less"
            )


def of(configuration: Configuration) -> Settings:
    """Return the settings of a configuration; ``BadInput`` for the first that does not fit."""
    from gatebench.data import cards, framings
    from gatebench.data.tasks import Portion
    from gatebench.graph import trace
    from gatebench.graph.stack import Stack
    from gatebench.study.budget import Budget
    from gatebench.study.search import Search, SearchSettings
    from gatebench.study.settings import EngineSettings, Pipelines, PopulationSettings, TaskSettings, check_seeds
    from gatebench.training.protocol import Training

    values = configuration.values
    missing = [name for name in NEEDED if name not in values]
    if missing:
        raise BadInput(f"{missing[0]} is missing, and each setting is needed; give it a value: {missing[0]}=VALUE")
    unknown = next((name for name in values if name not in POSSIBLE), None)
    if unknown is not None:
        raise BadInput(f"unknown setting '{shorten(unknown)}'{did_you_mean(unknown, list(POSSIBLE))}")
    study = _study_name(values["name"])
    training, cell, search = (_group(name, values[name]) for name in ("training", "cell", "search"))
    stack = construct(Stack, "model", _group("model", values["model"]))
    task = construct(TaskSettings, "task", _group("task", values["task"]))
    card = cards.load(task.dataset)
    framing = framings.find(task.predict, card)
    space = search_space(training)
    graph = trace.load(_cell_name(cell), **cell)
    if framing.causal(card):
        _check_causal(graph, stack, configuration.choices["task"])
    population = construct(PopulationSettings, "population", _group("population", values["population"]))
    pipelines = values["pipelines"]
    if expected := mismatch(pipelines, Pipelines):
        raise BadInput(f"pipelines is {shown(pipelines)}, expected {expected}")
    check_seeds(population.seeds, pipelines)
    return Settings(
        study=study,
        task=task,
        card=card,
        framing=framing,
        portion=construct(Portion, "data", _group("data", values["data"])),
        graph=graph,
        stack=stack,
        budget=construct(Budget, "budget", _group("budget", values["budget"])),
        training=_carrying(_weighing(construct(Training, "training", training), card), card, framing, graph, stack),
        search=Search(**vars(construct(SearchSettings, "search", search)), space=space),
        pipelines=pipelines,
        population=population,
        engine=construct(EngineSettings, "engine", _group("engine", values["engine"])),
        device=values["device"],
        results=_results(values["results"]),
        tracking=_tracking(values),
    )


def _results(folder: object) -> Path:
    """Return the results folder; ``BadInput`` for what cannot be one."""
    if isinstance(folder, bool) or not isinstance(folder, str | int) or not str(folder) or "\0" in str(folder):
        raise BadInput(f"results is {shown(folder)}, expected a folder")
    return Path(str(folder))


def _cell_name(cell: dict[str, Any]) -> str:
    """Take the name of the cell out of its settings."""
    name = cell.pop("name", None)
    if not isinstance(name, str):
        raise BadInput(f"cell.name is {shown(name)}, expected the name of a cell")
    return name


def _check_causal(graph: "Graph", stack: "Stack", task: str) -> None:
    """Raise ``BadInput`` for a model that would read the very step that it is to predict."""
    if graph.lookahead:
        raise BadInput(
            f"cell {graph.name} with window=ahead and length={graph.lookahead + 1} would read the very step that task "
            f"{task} has it predict; use cell.window=past"
        )
    if stack.bidirectional:
        raise BadInput(
            f"model.bidirectional=true would read the very step that task {task} has it predict; it is for tasks with a "
            "target of their own: gatebench data add PATH --label COLUMN"
        )


def _weighing(training: "Training", card: "Card") -> "Training":
    """Return a training; ``BadInput`` if it weighs classes where none are predicted."""
    if training.class_weights != "none" and (card.target is None or card.target.kind != "label"):
        raise BadInput(
            f"training.class_weights is {training.class_weights}, but dataset {card.name} has no label that is "
            "one of several classes; use training.class_weights=none, or leave --class-weights out"
        )
    return training


def _carrying(training: "Training", card: "Card", framing: "type[Framing]", graph: "Graph", stack: "Stack") -> "Training":
    """Return a training whose ``carry_state`` is None where it says what would be done anyway.

    ``BadInput`` if states are to be carried where they cannot be.
    """
    goes_on = card.has_series and framing.predicted_per(card) == "step" and not graph.lookahead and not stack.bidirectional
    if training.carry_state and not goes_on:
        reason = f"no sequence of dataset {card.name} is said to follow another one"
        if card.has_series:
            reason = "a label of a whole sequence is read from that sequence alone"
        if graph.lookahead or stack.bidirectional:
            reason = "the model looks ahead, into windows that are yet to come"
        raise BadInput(f"training.carry_state is true, but {reason}; use training.carry_state=null")
    return training if goes_on and training.carry_state is False else replace(training, carry_state=None)


def _tracking(values: dict[str, Any]) -> str | None:
    """Return the address of the MLflow store that trials are logged to; None where they are not."""
    from gatebench.records import mlflow

    publish, uri = values["publish"], _group("tracking", values["tracking"]).get("uri")
    if not isinstance(publish, bool):
        raise BadInput(f"publish is {shown(publish)}, expected true or false")
    return mlflow.store_uri(_results(values["results"]), uri) if publish else None


def search_space(training: dict[str, Any]) -> "dict[str, float | Range]":
    """Take what a search may tune out of the training's settings: each a number, or the range to search for it in."""
    from gatebench.core.hyperparameters import TUNABLE, Hyperparameters

    ranges = _group("training.ranges", training.pop("ranges"))
    for name in ranges:
        if name not in TUNABLE:
            raise BadInput(f"unknown setting 'training.ranges.{shorten(name)}'{did_you_mean(str(name), list(TUNABLE))}")
    hints = get_type_hints(Hyperparameters, include_extras=True)
    space: dict[str, float | Range] = {}
    for name in TUNABLE:
        number, limits = training.pop(name), ranges.get(name)
        if limits is not None:
            _range(name, limits)  # also of what is given, so that nothing that is wrong passes
        if number is None:
            space[name] = _range(name, limits)
        elif expected := mismatch(number, hints[name]):
            raise BadInput(f"training.{name} is {shown(number)}, expected {expected} or null")
        else:
            space[name] = number
    return space


def _range(name: str, values: object) -> "Range":
    """Return the range in which a hyperparameter is searched for; ``BadInput`` if there is none."""
    from gatebench.study.search import Range

    where = f"training.ranges.{name}"
    if values is None:
        raise BadInput(
            f"training.{name} and {where} are both null: give a number, for example training.{name}=0.01, or a range to "
            f"search for it in, for example '{where}={{low: 0.001, high: 0.1}}'"
        )
    limits = construct(Range, where, _group(where, values))
    if limits.low > limits.high:
        raise BadInput(f"{where} goes from {limits.low:g} down to {limits.high:g}; expected low <= high")
    return limits


def _group(name: str, values: object) -> dict[str, Any]:
    """Return the settings of a group; ``BadInput`` if it was overridden by something else."""
    if not isinstance(values, dict):
        raise BadInput(
            f"{name} is {shown(values)}, expected its settings; override one of them, for example {name}.SETTING=VALUE"
        )
    return dict(values)


def _study_name(name: object) -> str:
    """Return the name of the study; ``BadInput`` if it cannot be a folder's, or is no text, as ``null`` is none."""
    if name is None or isinstance(name, bool):
        word = "null" if name is None else str(name).lower()
        raise BadInput(f"name is {word}, expected a text; write name=\\'{word}\\' if a study shall be called so")
    if not names.is_study(str(name)):
        raise BadInput(
            f"name is '{shorten(name)}', expected letters, digits, '.', '_' and '-', at most {names.LONGEST_STUDY} of them, "
            f"and none of {', '.join(sorted(names.OURS))}: it becomes a folder below results"
        )
    return str(name)
