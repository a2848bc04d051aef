"""The linear recurrent unit: its equations written again in complex numbers, and what is known of it."""

import numpy as np
import pytest
import torch

from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.graph.stack import Stack
from gatebench.training.likelihoods import bernoulli
from gatebench.training.model import Model
from gatebench.training.protocol import Training
from support.cells import OracleLaws

TRAINING = Training("step", 4, 5, 5, "adam", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8})


class TestLru(OracleLaws):
    name = "lru"
    size_at_20k = (53, 19_769)
    state_size = 24
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 3 * H + 2 * X * H + 2 * H * H + X * H)

    @staticmethod
    def equations(p, x):
        """Orvieto et al. 2023: x = lambda x + gamma (B u), y = Re(C x) + D u."""
        state = np.zeros((x.shape[1], p["nu"].shape[1]), complex)
        eigenvalues = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
        for u in x:
            state = eigenvalues * state + np.exp(p["gamma"]) * (u @ (p["B_re"] + 1j * p["B_im"]))
            yield (state @ (p["C_re"] + 1j * p["C_im"])).real + u @ p["D"]

    @staticmethod
    def oracle(p, x):
        """Complex numbers of torch, and their gradients."""
        state = x.new_zeros(x.shape[1], p["nu"].shape[1]).to(torch.complex128)
        eigenvalues = torch.exp(torch.complex(-torch.exp(p["nu"]), torch.exp(p["theta"])))
        outputs = []
        for u in x.to(torch.complex128):
            state = eigenvalues * state + torch.exp(p["gamma"]) * (u @ torch.complex(p["B_re"], p["B_im"]))
            outputs.append((state @ torch.complex(p["C_re"], p["C_im"])).real + u.real @ p["D"])
        return torch.stack(outputs)


@pytest.mark.parametrize("seed", [1, 2])
def test_its_eigenvalues_begin_in_the_ring_and_their_inputs_at_one_size(seed):
    """In every layer gamma^2 is 1 - |lambda|^2, though they are parameters of their own."""
    model = Model(trace.load("lru", r_min=0.4, r_max=0.9), 3, 2, 50, bernoulli(), create("reference"), stack=Stack(2))
    values = {name: value[0].numpy() for name, value in model.initialise(seed, TRAINING, None).items()}
    radii = {name: np.exp(-np.exp(value)) for name, value in values.items() if name.endswith("nu")}
    assert len(radii) == 2
    for name, radius in radii.items():
        assert (radius >= 0.4).all()
        assert (radius <= 0.9).all()
        assert radius.std() > 0.1
        np.testing.assert_allclose(np.exp(2 * values[name.replace("nu", "gamma")]) + radius**2, 1, atol=1e-5)
    first, second = radii.values()
    assert (first != second).all()
