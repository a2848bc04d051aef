"""Equations as PyTorch: what a cell's text says, in names that Python takes, a line for each."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.graph import trace
from gatebench.models.export import equations, libraries, source
from support.exported import (
    CELLS,
    READOUT,
    exported_module,
    module_readout,
    random_network,
    random_sequences,
    reference_readout,
    write_odd_cell,
)


@pytest.mark.parametrize(("name", "options"), CELLS, ids=str)
def test_every_cell_is_that_of_the_reference_engine(name, options):
    network, x = random_network(trace.load(name, **options)), random_sequences()
    np.testing.assert_allclose(
        module_readout(exported_module(network), x), reference_readout(network, x), rtol=0, atol=1e-12
    )
    alike = exported_module(network).float()
    with torch.no_grad():
        single = alike(torch.from_numpy(x).float()).numpy()
    np.testing.assert_allclose(single, reference_readout(network, x), rtol=1e-5, atol=1e-5)


def test_a_cell_of_a_house_may_use_any_name_and_any_depth(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    network, x = random_network(write_odd_cell(tmp_path)), random_sequences()
    np.testing.assert_allclose(
        module_readout(exported_module(network), x), reference_readout(network, x), rtol=0, atol=1e-12
    )
    lines = equations.write_equations(network.graph).lines
    assert sum(line.count(" * ") for line in lines) == sum(node.op == "mul" for node in network.graph.nodes)


def test_the_equations_read_like_the_paper():
    assert equations.write_equations(trace.load("gru")).lines == [
        "z = torch.sigmoid(x @ self.W_z + h_before @ self.U_z + self.b_z)",
        "r = torch.sigmoid(x @ self.W_r + h_before @ self.U_r + self.b_r)",
        "h_tilde = torch.tanh(x @ self.W + (r * h_before) @ self.U + self.b_h)",
        "h = (1 - z) * h_before + z * h_tilde",
    ]


def test_old_and_new_states_are_told_apart():
    """The output gate of Graves sees the new cell state, the others the old one."""
    f, _, _, c, o, _ = equations.write_equations(trace.load("lstm_peephole")).lines
    assert "self.V_f * c_before" in f
    assert c.startswith("c = f * c_before")
    assert "self.V_o * c +" in o


@pytest.mark.parametrize(
    ("name", "module"),
    [("rnn", "RNN"), ("lstm", "LSTM"), ("gru_reset_after", "GRU"), ("gru", None), ("lstm_peephole", None)],
)
def test_torch_has_the_cell_or_not(name, module):
    built = exported_module(random_network(trace.load(name)))
    modules = [type(part).__name__ for part in built.modules() if isinstance(part, torch.nn.RNNBase)]
    assert modules == [module] * (module is not None)


def test_a_cell_is_recognised_by_its_equations_not_by_its_name(tmp_path, monkeypatch):
    """A plugin's cell that is called like an lstm and is none is written out, and one that is cuDNN's GRU is nn.GRU."""
    (tmp_path / "cells").mkdir()
    for name, other in (("lstm_mine", "lstm_sherstinsky"), ("other", "gru_reset_after")):
        text = registry.find("cells", other, ".py").read_text()
        (tmp_path / "cells" / f"{name}.py").write_text(text)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    libraries._cells_by_fingerprint.cache_clear()
    other, same = (source.write_source(random_network(trace.load(name)), "t", []) for name in ("lstm_mine", "other"))
    assert "nn.LSTM" not in other
    assert "W_vcu" in other
    assert "nn.GRU(" in same


def test_the_shape_of_the_readout_is_stated():
    assert f"-> [B, {READOUT}]" in source.write_source(random_network(trace.load("rnn"), at="sequence"), "t", [])
