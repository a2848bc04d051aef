"""A trained trial as a model for use: in a folder that needs no gatebench, or here and now."""

import inspect
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.files import atomic_folder, to_json, write_errors
from gatebench.data import framings
from gatebench.data.cards import Card
from gatebench.data.forecasts import forecast
from gatebench.data.sequences import Framing
from gatebench.graph.stack import Stack
from gatebench.graph.trace import Graph
from gatebench.models import lookup
from gatebench.models.export import libraries, onnx_file, source
from gatebench.models.export.network import ExportedNetwork
from gatebench.records.data_facts import DataFacts
from gatebench.records.schema import Record
from gatebench.records.store import Store

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TrainedTrial:
    """A trained trial with all that its model needs: record, cell, card and weights."""

    record: Record
    graph: Graph
    card: Card
    network: ExportedNetwork

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What it takes to use the model; ``settings.json`` holds it."""
        settings, summary, network = self.record.settings, self.record.summary, self.network
        return {
            "key": self.record.key,
            "task": settings.task,
            "dataset": {"name": settings.dataset, "title": summary.title, "content": settings.content},
            "cell": {
                "name": self.graph.name, "title": self.graph.title, "paper": self.graph.paper,
                "options": self.graph.options, "equations": self.record.equations,
            },
            "sizes": {
                "inputs": network.inputs, "units": network.units, **vars(network.stack), "readout": network.readout,
            },
            "at": network.at,
            "causal": network.causal,
            "reads": {"what": _summary_of(self._framing), "names": self._read, "changes": list(self.card.differenced)},
            "standardisation": {"how": "(value - mean) / std, of train", **_scales(summary.data)},
            "readout": {"what": _summary_of(self._likelihood), "names": self._predicted},
            "likelihood": {**settings.likelihood, **_constants(self._likelihood)},
            "scores": {"unit": "nats per prediction", **{split: asdict(score) for split, score in summary.scores.items()}},
            "training": {"lr": settings.lr, "seed": settings.seed, **settings.training},
            "gatebench": self.record.provenance.versions["gatebench"],
        }  # fmt: skip

    @cached_property
    def source(self) -> str:
        """The text of ``model.py``."""
        settings, built_in = self.settings, libraries.torch_module(self.graph)
        test = self.record.summary.scores["test"].nll
        about = [
            f"Trial {self.record.key} of gatebench {settings['gatebench']}: {self.graph.name} of {self.network.units} units "
            f"on task {settings['task']}, NLL on test {test:.4f} nats per prediction.",
            f"Reads: {settings['reads']['what']}",
            f"Readout: {settings['readout']['what']}",
            "Names, means and standard deviations, scores and training are in settings.json.",
        ]
        if built_in:
            about.append(f"torch.nn.{built_in.name} computes this cell; the weights have its order of gates and its signs.")
        return source.write_source(self.network, f"{self.graph.title}, trained on {settings['dataset']['title']}", about)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Weights by their names in the source."""
        return source.state_dict(self.network)

    @property
    def _framing(self) -> type[Framing]:
        return framings.find(self.record.settings.predict, self.card)

    @property
    def _likelihood(self) -> type:
        from gatebench.training import likelihoods

        options = dict(self.record.settings.likelihood)
        framing, card = self._framing, self.card
        return type(
            likelihoods.build(str(options.pop("name")), options, framing.predicted_kind(card), framing.classes(card))
        )

    @property
    def _read(self) -> list[str]:
        """Names of what is read, in order."""
        return forecast.names(self.card)[0] if self.card.forecast else list(self.card.names)

    @property
    def _predicted(self) -> list[str]:
        """Names of the classes or columns that are predicted."""
        if self.card.forecast:
            return forecast.names(self.card)[1]
        return list(self.card.target.names if self.card.target else self.card.names)


def find_trial(results: Path, key: str) -> TrainedTrial:
    """Return a trained trial; ``BadInput`` if there is none of that key, or its cell or data changed since."""
    store = Store(results)
    record = lookup.find_record(store, key)
    graph, card = lookup.graph_of(record), lookup.card_of(record)
    settings, summary = record.settings, record.summary
    stack = Stack(**vars(settings.model))
    network = ExportedNetwork(graph, summary.inputs, summary.units, store.weights(key), stack, settings.at)
    return TrainedTrial(record, graph, card, network)


def load_model(key: str, results: Path) -> "nn.Module":
    """Return the model of a trial with its weights and ``settings``, ready for use: that of its ``model.py``."""
    trial = find_trial(results, key)
    model = source.build_module(trial.network)
    model.settings = trial.settings  # pyright: ignore[reportArgumentType] - as in model.py
    return model


def export_trial(trial: TrainedTrial, target: Path) -> str | None:
    """Write a model to a folder that must not exist; returns why there is no ``model.onnx`` in it, or None."""
    from safetensors.numpy import save

    with write_errors(target):
        target_exists = target.exists()
    if target_exists:
        raise BadInput(f"'{target}' is there already, and nothing is overwritten; choose another: --to FOLDER")
    without_onnx = onnx_file.reason_without_onnx(trial.network)
    with atomic_folder(target) as folder:
        (folder / "model.py").write_text(trial.source, encoding="utf-8")
        (folder / "settings.json").write_text(to_json(trial.settings), encoding="utf-8")
        (folder / "model.safetensors").write_bytes(save(trial.weights))
        if without_onnx is None:
            (folder / "model.onnx").write_bytes(onnx_file.onnx_bytes(trial.network))
    return without_onnx


def _summary_of(thing: type) -> str:
    """Return the docstring of a class in one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def _scales(data: DataFacts) -> dict[str, object]:
    """Return mean and standard deviation of what is read and of what is predicted; earlier versions had one for both."""
    return {
        "read": {
            "mean": data.mean if data.read_mean is None else data.read_mean,
            "std": data.std if data.read_std is None else data.read_std,
        },
        "predicted": {"mean": data.mean, "std": data.std},
    }


def _constants(likelihood: type) -> dict[str, float]:
    """Return the numbers that a likelihood declares as class constants."""
    return {name: value for name, value in vars(likelihood).items() if name.isupper() and isinstance(value, float)}
