"""A trained trial as a model for use: in a folder that needs no gatebench, or here and now."""

import inspect
import types
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.files import atomic_folder, to_json, write_errors
from gatebench.data import framings
from gatebench.data.cards import Card
from gatebench.data.sequences import Framing
from gatebench.graph.stack import Stack
from gatebench.graph.trace import Graph
from gatebench.models import trained
from gatebench.models.export import libraries, onnx_file, source
from gatebench.models.export.network import Network
from gatebench.records.record import Record, Store

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Trial:
    """What is known of a trained trial."""

    record: Record
    graph: Graph
    card: Card
    network: Network

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All that it takes to use the model: what ``settings.json`` holds."""
        told, summary, network = self.record.settings, self.record.summary, self.network
        return {
            "key": self.record.key,
            "task": told["task"],
            "dataset": {"name": told["dataset"], "title": summary["title"], "content": told["content"]},
            "cell": {
                "name": self.graph.name, "title": self.graph.title, "paper": self.graph.paper,
                "options": self.graph.options, "equations": self.record.equations,
            },
            "sizes": {
                "inputs": network.inputs, "units": network.units, **vars(network.stack), "readout": network.readout,
            },
            "at": network.at,
            "causal": network.causal,
            "reads": {"what": _said(self._framing), "names": list(self.card.names)},
            "standardisation": {"how": "(value - mean) / std, of train", **_scales(summary["data"])},
            "readout": {"what": _said(self._likelihood), "names": self._predicted},
            "likelihood": {**told["likelihood"], **_constants(self._likelihood)},
            "scores": {"unit": "nats per prediction", **summary["scores"]},
            "training": {"lr": told["lr"], "seed": told["seed"], **told["training"]},
            "gatebench": self.record.provenance["versions"]["gatebench"],
        }  # fmt: skip

    @cached_property
    def source(self) -> str:
        """The text of ``model.py``."""
        settings, built_in = self.settings, libraries.of_torch(self.graph)
        test = self.record.summary["scores"]["test"]["nll"]
        about = [
            f"Trial {self.record.key} of gatebench {settings['gatebench']}: {self.graph.name} of {self.network.units} units "
            f"on task {settings['task']}, NLL on test {test:.4f} nats per prediction.",
            f"Reads: {settings['reads']['what']}",
            f"Readout: {settings['readout']['what']}",
            "Names, means and standard deviations, scores and training are in settings.json.",
        ]
        if built_in:
            about.append(f"torch.nn.{built_in.name} computes this cell; the weights have its order of gates and its signs.")
        return source.write(self.network, f"{self.graph.title}, trained on {settings['dataset']['title']}", about)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """By their names in the source."""
        return source.state_dict(self.network)

    @property
    def _framing(self) -> type[Framing]:
        return framings.framing(self.record.settings["predict"], self.card)

    @property
    def _likelihood(self) -> type:
        from gatebench.training import likelihoods

        options = dict(self.record.settings["likelihood"])
        framing, card = self._framing, self.card
        return type(likelihoods.build(options.pop("name"), options, framing.of(card), framing.classes(card)))

    @property
    def _predicted(self) -> list[str]:
        """Names of classes or columns."""
        return list(self.card.target.names if self.card.target else self.card.names)


def find(results: Path, key: str) -> Trial:
    """A trained trial with its weights; ``BadInput`` if it is not there, or cell or data are no longer the same."""
    store = Store(results)
    record = trained.find(store, key)
    graph, card = trained.cell(record), trained.card(record)
    settings, summary = record.settings, record.summary
    stack, at = Stack(**settings.get("model", {})), settings.get("at", "step")  # earlier versions say nothing of them
    network = Network(graph, summary["inputs"], summary["units"], store.weights(key), stack, at)
    return Trial(record, graph, card, network)


def load(key: str, results: Path) -> "nn.Module":
    """The model of a trial, with its weights and ``settings``, ready for use: the code of its ``model.py``.

    What is executed is made of the cell alone; no text of a record or a card is in it.
    """
    import torch

    trial = find(results, key)
    module = types.ModuleType(f"trial_{key}")
    code = source.write(trial.network, trial.graph.title, [])
    exec(compile(code, f"<model.py of trial {key}>", "exec"), module.__dict__)
    model = module.Model()
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in trial.weights.items()})
    model.settings = trial.settings
    return model.eval()


def write(trial: Trial, target: Path) -> str | None:
    """Export to a folder that is not there yet; returns why there is no ``model.onnx`` in it, or None."""
    from safetensors.numpy import save

    with write_errors(target):
        there = target.exists()
    if there:
        raise BadInput(f"'{target}' is there already, and nothing is overwritten; choose another: --to FOLDER")
    lacks = onnx_file.lacks(trial.network)
    with atomic_folder(target) as folder:
        (folder / "model.py").write_text(trial.source, encoding="utf-8")
        (folder / "settings.json").write_text(to_json(trial.settings))
        (folder / "model.safetensors").write_bytes(save(trial.weights))
        if lacks is None:
            (folder / "model.onnx").write_bytes(onnx_file.write(trial.network))
    return lacks


def _said(thing: type) -> str:
    """What the text of a class says of it, in one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def _scales(data: dict[str, Any]) -> dict[str, Any]:
    """Mean and standard deviation of what is read and of what is predicted; earlier versions had one of both."""
    return {
        "read": {name: data.get(f"read_{name}", data[name]) for name in ("mean", "std")},
        "predicted": {name: data[name] for name in ("mean", "std")},
    }


def _constants(likelihood: type) -> dict[str, float]:
    """Fixed numbers that its text names."""
    return {name: value for name, value in vars(likelihood).items() if name.isupper() and isinstance(value, float)}
