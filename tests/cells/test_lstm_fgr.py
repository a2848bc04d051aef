"""The variant FGR of Greff et al.: its equations written again, and what is known of it."""

import numpy as np

from gatebench.graph import trace
from support.cells import CellLaws, assert_equals_oracle, engine_outputs, random_weights, sigmoid
from support.greff import full_gate_recurrence_outputs


class TestLstmFgr(CellLaws):
    name = "lstm_fgr"
    size_at_20k = (28, 20_244)
    state_size = 40
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 3 * H + 9 * H * H)
    options = [{}, {"peephole": "printed"}]

    @staticmethod
    def equations(p, x, peephole="new"):
        """Greff et al. 2017, FGR: nine matrices more, from each gate of the step before to each gate."""
        y = c = i = f = o = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            z = np.tanh(x_t @ p["W_z"] + y @ p["R_z"] + p["b_z"])
            gates = np.concatenate([i, f, o], 1)
            sums = {
                g: x_t @ p[f"W_{g}"]
                + y @ p[f"R_{g}"]
                + p[f"b_{g}"]
                + gates @ np.concatenate([p[f"R_{a}{g}"] for a in "ifo"])
                for g in "ifo"
            }
            old = c
            i, f = sigmoid(sums["i"] + p["p_i"] * old), sigmoid(sums["f"] + p["p_f"] * old)
            c = z * i + f * old
            o = sigmoid(sums["o"] + p["p_o"] * (c if peephole == "new" else old))
            y = np.tanh(c) * o
            yield y


def test_it_is_a_vanilla_lstm_whose_gates_are_units_too():
    """With all gradients; there the output gate can see no state that is younger than its gates."""
    assert_equals_oracle("lstm_fgr", full_gate_recurrence_outputs, peephole="printed")


def test_without_its_nine_matrices_it_is_the_lstm_with_peepholes():
    p = random_weights(trace.load("lstm_fgr"), 1)
    greff = {name: np.zeros_like(value) if len(name) == 4 else value for name, value in p.items()}
    letters = {"W": "W", "R": "U", "p": "V", "b": "b"}
    chung = {f"{letters[name[0]]}_{name[2].replace('z', 'c')}": value for name, value in p.items() if len(name) == 3}
    x = np.random.default_rng(5).normal(size=(1, 6, 3, 4))
    full, peephole = (engine_outputs(trace.load(cell), q, x) for cell, q in (("lstm_fgr", greff), ("lstm_peephole", chung)))
    np.testing.assert_allclose(full, peephole, rtol=0, atol=1e-12)
