"""LSTM with full gate recurrence.

Greff et al. 2017, variant FGR: each gate sees all three gates of the step before, R_{ab} from gate a to gate b. Their
vanilla LSTM has an output gate that sees the new c; printed for this one is the old one, as ``peephole="printed"`` has it.
"""

from typing import Literal

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber 2017 (arXiv 1503.04069)"


def step(x, y, c, i, f, o, *, W, R, p, b, peephole: Literal["new", "printed"] = "new"):
    def from_gates(gate):
        return R[f"i{gate}"] @ i + R[f"f{gate}"] @ f + R[f"o{gate}"] @ o

    z = tanh(W.z @ x + R.z @ y + b.z)
    new_i = sigmoid(W.i @ x + R.i @ y + p.i * c + b.i + from_gates("i"))
    new_f = sigmoid(W.f @ x + R.f @ y + p.f * c + b.f + from_gates("f"))
    new_c = z * new_i + c * new_f
    seen = new_c if peephole == "new" else c
    new_o = sigmoid(W.o @ x + R.o @ y + p.o * seen + b.o + from_gates("o"))
    y = tanh(new_c) * new_o
    return y, new_c, new_i, new_f, new_o
