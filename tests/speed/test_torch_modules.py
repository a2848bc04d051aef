"""What stands beside: the same loss by torch, its update, and its compiled form."""

import shutil

import numpy as np
import pytest
import torch

from gatebench.models.export import source
from gatebench.models.export.network import ExportedNetwork
from gatebench.speed import data, torch_modules
from gatebench.speed.cases import Case
from gatebench.speed.engines import population
from gatebench.training.evaluation import make_batch
from support.speed_cases import SMALL

SAME = {"rnn", "lstm", "gru_reset_after"}
"""Cells that torch computes as ours are computed."""
GRU = Case(data.music, "gru_reset_after", 5, 2, 6)


def tensors(case):
    (sequences,) = case.sequences()
    return [torch.from_numpy(np.stack([getattr(s, name) for s in sequences], 1)) for name in ("x", "y")]


@pytest.mark.parametrize("case", [case for case in SMALL if case.cell in SAME], indirect=True)
def test_its_loss_is_ours(case):
    model, (sequences,) = case.model("reference"), case.sequences()
    rows = population(case, model, 1).parameters
    (losses,) = model.engine.losses(model, rows, [make_batch(model, sequences)])
    weights = {name: value[0].numpy() for name, value in model.views(rows).items()}
    network = ExportedNetwork(model.graph, model.inputs, model.units, weights, model.stack, model.at)
    mean_loss = torch_modules.MeanLoss(case)
    of_torch = {n.replace("recurrent.", "layer."): torch.from_numpy(a) for n, a in source.state_dict(network).items()}
    mean_loss.load_state_dict(of_torch)
    expected = losses.sum() / sum(sequence.predictions for sequence in sequences)
    assert mean_loss(*tensors(case)).item() == pytest.approx(expected, rel=1e-5)


def test_it_starts_at_the_marginal_where_ours_does():
    case = Case(data.synthetic, "gru", 4, 3, 7)
    model = case.model("reference")
    ours = model.views(population(case, model, 1).parameters)["readout_b"][0, 0]
    assert torch.equal(torch_modules.MeanLoss(case).readout.bias, ours)


@pytest.fixture
def modules(monkeypatch):
    """The modules that calls are made of, as they are made."""
    made = []

    class Noted(torch_modules.MeanLoss):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(torch_modules, "MeanLoss", Noted)
    return made


@pytest.mark.parametrize(("work", "moves"), [("update", True), ("evaluation", False)])
def test_an_update_moves_every_parameter_and_an_evaluation_none(modules, work, moves):
    run = torch_modules.call(Case(data.speech, "lstm", 5, 2, 6, work=work))
    (module,) = modules
    before = [p.clone() for p in module.parameters()]
    run.call()
    assert [not torch.equal(p, b) for p, b in zip(module.parameters(), before, strict=True)] == [moves] * len(before)
    assert all((p.grad is not None) == moves for p in module.parameters())


def test_compiled_it_makes_the_same_update(modules, monkeypatch):
    said, compiled_functions, really = [], [], torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **options: compiled_functions.append(f) or really(f, **options))
    torch.manual_seed(0)
    compiled = torch_modules.compiled_call(GRU, said.append)
    if compiled is None:  # torch writes C++, and wants a compiler
        assert shutil.which("g++") is None
        assert shutil.which("clang++") is None
        assert len(said) == 1
        return
    torch.manual_seed(0)
    torch_modules.call(GRU).call()
    first, second = modules
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
    assert [f for f in compiled_functions if getattr(f, "__self__", None) is first]
    assert compiled.compile_seconds > 0
    assert said == []


def test_where_compiling_fails_one_line_says_so(monkeypatch):
    def fails(_):
        raise RuntimeError("no compiler\nis here")

    said = []
    monkeypatch.setattr(torch, "compile", fails)
    torch_modules._start_compiler.cache_clear()
    assert torch_modules.compiled_call(GRU, said.append) is None
    assert said == ["left out: torch.compile of gru_reset_after: RuntimeError: no compiler"]
