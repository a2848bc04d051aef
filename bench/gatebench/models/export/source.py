"""A trained model as plain PyTorch: its source, which knows nothing of gatebench, and its weights by the names in there."""

import textwrap
import types
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gatebench.models.export import equations, libraries
from gatebench.models.export.network import ExportedNetwork

if TYPE_CHECKING:
    from torch import nn

WIDTH = 118
"""Characters of a line of text, so that a docstring stays below 125."""


def write_source(network: ExportedNetwork, title: str, about: Iterable[str]) -> str:
    """Return the text of ``model.py``; ``about`` are the paragraphs of its docstring."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)
    environment.filters["doc"] = _doc
    template = environment.from_string(Path(__file__).with_name("model.py.j2").read_text(encoding="utf-8"))
    built_in, graph = libraries.torch_module(network.graph), network.graph
    values = {
        "title": title,
        "about": [line for paragraph in about for line in ["", *textwrap.wrap(_doc(paragraph), WIDTH)]],
        "inputs": network.inputs,
        "units": network.units,
        "hidden": network.output,
        "readout": network.readout,
        "layers": len(network.layers),
        "layer_inputs": [layer[0].sizes["X"] for layer in network.layers],
        "bidirectional": network.stack.bidirectional,
        "at": network.at,
        "causal": network.causal,
        "shape": f"[B, T, {network.readout}]" if network.at == "step" else f"[B, {network.readout}]",
        "module": built_in and built_in.name,
        "cell_title": graph.title,
        "paper": graph.paper,
    }
    return template.render(**values, **({} if built_in else _cell(network)))


def _cell(network: ExportedNetwork) -> dict[str, object]:
    """Return what the template needs for the class of one cell."""
    graph, step = network.graph, equations.write_equations(network.graph)
    sizes = {letter: str(size) for letter, size in network.layers[0][0].sizes.items()} | {"X": "inputs"}
    lookback, lookahead = graph.lookback, graph.lookahead
    shapes = [(step.parameters[name], sizes[rows], sizes[columns]) for name, (rows, columns) in graph.parameters.items()]
    return {
        "parameters": shapes,
        "starts": [f"x.new_zeros(len(x), {_width(sizes[letter])})" for letter in graph.states.values()],
        "lookback": lookback,
        "lookahead": lookahead,
        "window": lookback + lookahead + 1 if lookback or lookahead or 0 not in step.inputs else 0,
        "reads": step.inputs,
        "states": step.states,
        "lines": step.lines,
        "updates": step.updates,
    }


def _width(size: str) -> str:
    return "x.shape[-1]" if size == "inputs" else size


def state_dict(network: ExportedNetwork) -> dict[str, np.ndarray]:
    """Return the weights by their names in the source of `write_source`."""
    tensors = {"readout.weight": network.weights["readout_W"].T, "readout.bias": network.weights["readout_b"][0]}
    built_in = libraries.torch_module(network.graph)
    names = {} if built_in else equations.write_equations(network.graph).parameters
    for layer, cell, weights in network.cells():
        if built_in:
            end = f"l{layer}{'_reverse' * cell.backwards}"
            stacked = built_in.stacked(weights)
            order = {"W": "weight_ih", "U": "weight_hh", "b": "bias_ih", "b_state": "bias_hh"}
            tensors |= {f"recurrent.{name}_{end}": stacked[part] for part, name in order.items()}
        else:
            tensors |= {f"layers.{layer}.{int(cell.backwards)}.{names[name]}": weight for name, weight in weights.items()}
    return {name: np.ascontiguousarray(weight) for name, weight in tensors.items()}


def build_module(network: ExportedNetwork) -> "nn.Module":
    """Return the ``Model`` of the source with its weights, ready for use: what a folder of an export would load.

    What is executed is made of the cell alone; no text of a record or a card is in it.
    """
    import torch

    module = types.ModuleType(f"exported_{network.graph.name}")
    code = write_source(network, network.graph.title, [])
    exec(compile(code, f"<model.py of {network.graph.name}>", "exec"), module.__dict__)
    model = module.Model()
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in state_dict(network).items()})
    return model.eval()


def _doc(text: str) -> str:
    """Return a text from outside so that it may stand in a docstring."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.replace("\\", "\\\\").replace('"', "'").split())
