"""The engine that runs a cell: the one asked for, or the fastest that can; what cannot be is said in a line."""

import dataclasses
import types

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.engines import reference, selection
from gatebench.engines.base import Batch, Network
from gatebench.engines.selection import pick
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli

CELLS = list(registry.available("cells", ".py"))
GRU = trace.load("gru")


PLUGIN = """
from gatebench.engines.reference import Reference


class Slow(Reference):
    PREFERENCE = -1


class Helper:
    pass
"""


def test_the_modules_beside_the_engines_are_none():
    assert set(selection.names()) == {"reference", "fused_cpu"}
    for name in ("base", "selection", "auto", "../engines/reference"):
        with pytest.raises(BadInput, match="unknown engine"):
            selection.create(name)


@pytest.mark.parametrize("place", ["slow.py", "slow/engine.py"])
def test_an_engine_is_found_by_its_place(place, tmp_path, monkeypatch):
    file = tmp_path / "engines" / place
    file.parent.mkdir(parents=True)
    file.write_text(PLUGIN)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    assert selection.names() == ["fused_cpu", "reference", "slow"]
    engine = selection.create("slow", threads=2)
    assert (type(engine).__name__, engine.threads, engine.device) == ("Slow", 2, "cpu")
    assert pick("slow", GRU, "cpu") == "slow"
    assert pick("auto", GRU, "cpu") == "fused_cpu"


@pytest.mark.parametrize("name", ["reference", "fused_cpu"])
def test_each_engine_has_threads_of_its_own(name):
    """Two of them in one process, in turn: each computes with its own number, and so does torch."""
    threads = torch.get_num_threads()
    network = Network(GRU, 3, 2, 4, bernoulli())
    rows = torch.full((2, network.row), 0.1)
    sequences = [np.ones((5, 3), np.float32)] * 4, [np.ones((5, 2), np.float32)] * 4
    engines = [selection.create(name, count) for count in (1, 2, 1)]
    losses = []
    for engine in engines * 2:
        losses.append(engine.losses(network, rows, [engine.batch(network, *sequences)] * 2))
        assert torch.get_num_threads() == engine.torch_threads == (engine.threads if name == "reference" else 1)
    assert [engine.threads for engine in engines] == [1, 2, 1]
    for again in losses[1:]:
        np.testing.assert_allclose(again, losses[0], rtol=1e-6)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", ["reference", "fused_cpu"])
@pytest.mark.parametrize("at", ["step", "sequence"])
def test_a_batch_knows_its_lengths_and_how_often_it_predicts(name, at):
    lengths = [4, 9, 1]
    predictions = lengths if at == "step" else [1, 1, 1]
    network, engine = Network(GRU, 3, 2, 4, bernoulli(), at=at), selection.create(name)
    batch = engine.batch(network, [np.ones((t, 3)) for t in lengths], [np.ones((t, 2)) for t in predictions])
    assert isinstance(batch, Batch)
    assert batch.lengths.tolist() == lengths
    assert batch.predictions.tolist() == predictions


@pytest.fixture
def strange(monkeypatch):
    """A cell with an operation that only the reference has a function for."""
    monkeypatch.setitem(reference.FUNCTIONS, "softsign", torch.nn.functional.softsign)
    nodes = tuple(dataclasses.replace(node, op="softsign") if node.op == "tanh" else node for node in GRU.nodes)
    return dataclasses.replace(GRU, name="strange", nodes=nodes)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_of_ours_runs_on_the_fast_engine(cell):
    assert pick("auto", trace.load(cell), "cpu") == "fused_cpu"


@pytest.mark.parametrize("engine", ["fused_cpu", "reference"])
def test_an_engine_that_is_asked_for_is_taken(engine):
    assert pick(engine, GRU, "cpu") == engine


def test_what_the_fast_engine_lacks_the_reference_runs(strange):
    assert pick("auto", strange, "cpu") == "reference"
    with pytest.raises(
        BadInput, match="engine fused_cpu cannot run cell strange: no code is made of the operation softsign; use engine=ref"
    ):
        pick("fused_cpu", strange, "cpu")


def test_without_a_compiler_the_reference_runs(monkeypatch):
    def load(name):
        if name == "fused_cpu":
            raise ModuleNotFoundError("No module named 'llvmlite'", name="llvmlite")
        return real(name)

    real = selection.load
    monkeypatch.setattr(selection, "load", load)
    assert pick("auto", GRU, "cpu") == "reference"
    with pytest.raises(
        BadInput, match="engine fused_cpu cannot run cell gru: llvmlite is not installed; use engine=reference"
    ):
        pick("fused_cpu", GRU, "cpu")


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(selection, "_has_cuda", lambda: False)
    for engine in ("auto", "reference", "fused_cpu"):
        with pytest.raises(BadInput, match="device is cuda, but torch finds no GPU here; use device=cpu"):
            pick(engine, GRU, "cuda")


def test_the_engine_for_processors_refuses_another_device(monkeypatch):
    monkeypatch.setattr(selection, "_has_cuda", lambda: True)
    assert pick("auto", GRU, "cuda") != "fused_cpu"
    with pytest.raises(BadInput, match="engine fused_cpu cannot run cell gru: it makes code for processors, not for cuda"):
        pick("fused_cpu", GRU, "cuda")


@pytest.mark.parametrize("device", ["gpu", "CPU", None, ["cpu"]])
def test_an_unknown_device_is_told(device):
    with pytest.raises(BadInput, match="expected cpu or cuda"):
        pick("auto", GRU, device)


def test_an_unknown_engine_is_told():
    with pytest.raises(BadInput, match="unknown engine 'fused'"):
        pick("fused", GRU, "cpu")


@pytest.mark.parametrize(
    "text",
    ["x, h, g, *, W, U, b -> tanh(W @ x + U @ h + g), b.g", "x, h, *, W, U, b -> tanh(W @ x + U @ h + U @ b.a)"],
    ids=["as a state", "in a product"],
)
def test_a_bare_row_is_for_the_plain_loop(text):
    """The kernels keep no row of parameters a row of numbers for every step."""
    arguments, _, value = text.partition(" -> ")
    module = types.ModuleType("bare")
    exec(f"from gatebench.graph.ops import tanh\nPAPER = ''\ndef step({arguments}):\n    return {value}\n", module.__dict__)
    graph = trace.trace(module, "bare", {})
    assert pick("auto", graph, "cpu") == "reference"
    with pytest.raises(
        BadInput, match=r"engine fused_cpu cannot run cell bare: b_. alone is a state, or what a product reads"
    ):
        pick("fused_cpu", graph, "cpu")
