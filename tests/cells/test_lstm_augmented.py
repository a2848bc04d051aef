"""The augmented LSTM of Sherstinsky 2020: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import CellLaws, parameters_at, sigmoid


class TestLSTMAugmented(CellLaws):
    name = "lstm_augmented"
    size_at_20k = (30, 19_650)
    state_size = 12  # the projection is fed back, so it is what is carried
    forget_gate_biases = {"b_cs": 1}
    parameters = staticmethod(lambda X, H: 5 * X * H + 4 * H * H + 6 * H * max(1, H // 2) + 5 * H)
    options = [
        {},
        {"length": 3},
        {"length": 2, "window": "ahead"},
        {"length": 3, "window": "ahead", "gate": False},
        {"gate": False},
        {"projection": None},
        {"projection": 0.4, "length": 2},
        {"gate": False, "projection": None},
    ]

    @staticmethod
    def equations(p, x, gate=True, projection=0.5, window="past", length=1):
        """Sherstinsky 2020, Eq. 183-215, with the switches that turn each of its three parts off."""
        steps, batch = x.shape[:2]
        units = p["W_scu"].shape[0]
        v, s = np.zeros((batch, p["W_vcu"].shape[0])), np.zeros((batch, units))

        def xi(k, n):
            total = np.zeros((batch, units))
            for lag in range(length):
                at = n - lag if window == "past" else n + lag
                if 0 <= at < steps:
                    total = total + x[at] @ p[f"W_{k}_{lag}" if lag else f"W_{k}"]
            return total

        for n in range(steps):
            g_cu = sigmoid(xi("xcu", n) + s @ p["W_scu"] + v @ p["W_vcu"] + p["b_cu"])
            g_cs = sigmoid(xi("xcs", n) + s @ p["W_scs"] + v @ p["W_vcs"] + p["b_cs"])
            g_cx = sigmoid(xi("xcx", n) + s @ p["W_scx"] + v @ p["W_vcx"] + p["b_cx"]) if gate else 1.0
            u = np.tanh(g_cx * xi("xdu", n) + v @ p["W_vdu"] + p["b_du"])
            s = g_cs * s + g_cu * u
            g_cr = sigmoid(xi("xcr", n) + s @ p["W_scr"] + v @ p["W_vcr"] + p["b_cr"])
            q = g_cr * np.tanh(s)
            v = q @ p["W_qdr"] if projection is not None else q
            yield v


@pytest.mark.parametrize("length", [1, 2, 3])
def test_its_parameters_have_the_papers_closed_form(length):
    inputs, units, projected = 7, 10, 5
    window = 5 * length * units * inputs
    expected = window + 4 * units**2 + 5 * units * projected + 5 * units + projected * units
    assert parameters_at(trace.load("lstm_augmented", length=length), inputs, units) == expected


def test_all_extensions_off_is_the_vanilla_cell():
    augmented = trace.load("lstm_augmented", gate=False, projection=None, length=1)
    vanilla = trace.load("lstm_sherstinsky")
    assert augmented.fingerprint == vanilla.fingerprint
    assert augmented.parameters == vanilla.parameters
    assert augmented.states == vanilla.states


@pytest.mark.parametrize(
    ("options", "lookahead", "lookback"),
    [({"length": 3}, 0, 2), ({"length": 3, "window": "ahead"}, 2, 0), ({"length": 1, "window": "ahead"}, 0, 0)],
)
def test_its_window_reads_back_or_ahead(options, lookahead, lookback):
    graph = trace.load("lstm_augmented", **options)
    assert (graph.lookahead, graph.lookback) == (lookahead, lookback)
