"""What the test of a cell needs: the laws of all cells, and the run of ``torch.nn`` with the same weights.

An oracle is a cell's equations written again in NumPy, as a generator: ``equations(p, x, **options)`` takes the parameters
by name and a sequence ``[T, B, X]``, and yields the output ``[B, Y]`` of each step. A matrix that the papers write ``W x``
is ``x @ W`` there, because sequences of a batch are rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torchrecurrent
from torch import Tensor, nn
from torch.func import functional_call

from gatebench.engines.reference import run
from gatebench.graph import trace
from gatebench.graph.cost import cost, solve

INPUTS, UNITS, STEPS, BATCH = 4, 5, 6, 3


def sigmoid(a: np.ndarray) -> np.ndarray:
    """The logistic function, as the papers write it."""
    return 1 / (1 + np.exp(-a))


def random_weights(graph: trace.Graph, members: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Parameters ``[K, ...]`` of a population, different for each member."""
    random = np.random.default_rng(seed)
    shapes = graph.shapes(graph.sizes(INPUTS, UNITS))
    return {name: random.normal(0, 0.7, (members, *shape)) for name, shape in shapes.items()}


def engine_outputs(graph: trace.Graph, parameters: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Outputs ``[K, T, B, Y]`` of the reference engine, in float64; ``x`` is ``[K or 1, T, B, X]``."""
    tensors = {name: torch.from_numpy(value) for name, value in parameters.items()}
    return run(graph, graph.sizes(INPUTS, UNITS), tensors, torch.from_numpy(x)).numpy()


def single_run(name: str) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Outputs ``[T, B, H]`` of one model of a cell, its parameters, and its inputs ``[T, B, X]``."""
    graph = trace.load(name)
    parameters = random_weights(graph, 1)
    x = np.random.default_rng(10).normal(size=(1, STEPS, BATCH, INPUTS))
    return engine_outputs(graph, parameters, x)[0], {parameter: value[0] for parameter, value in parameters.items()}, x[0]


def torch_outputs(
    module: type[nn.RNNBase],
    x: np.ndarray,
    W: list[np.ndarray],
    U: list[np.ndarray],
    b_input: list[np.ndarray],
    b_state: list[np.ndarray],
) -> np.ndarray:
    """Outputs of a ``torch.nn`` layer with our weights: its gates are blocks of rows of one matrix."""
    layer = module(INPUTS, UNITS).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(np.concatenate([w.T for w in W])))
        layer.weight_hh_l0.copy_(torch.from_numpy(np.concatenate([u.T for u in U])))
        layer.bias_ih_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_input])))
        layer.bias_hh_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_state])))
        return layer(torch.from_numpy(x))[0].numpy()


def torch_gru_outputs(p: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Outputs of ``nn.GRU``. It keeps where the paper updates: its z is 1 - z, so the signs of z's weights turn."""
    b_u = p.get("b_u", np.zeros((1, UNITS)))
    zero = np.zeros((1, UNITS))
    W, U = [p["W_r"], -p["W_z"], p["W"]], [p["U_r"], -p["U_z"], p["U"]]
    return torch_outputs(nn.GRU, x, W, U, [p["b_r"], -p["b_z"], p["b_h"]], [zero, zero, b_u])


def parameters_at(graph: trace.Graph, inputs: int, units: int) -> int:
    """Recurrent parameters of a cell, biases included."""
    return cost(graph, graph.sizes(inputs, units), inputs).parameters_recurrent


class CellLaws:
    """What holds of every cell. The test of a cell inherits it, and says what is known of the cell alone."""

    name: str
    """Its file in `gatebench.cells`."""
    size_at_20k: tuple[int, int]
    """Units and recurrent parameters at the budget of 20,000 parameters, with 88 inputs."""
    state_size: int
    """Numbers that it carries from step to step at 8 units."""
    forget_gate_biases: dict[str, int]
    """Biases of the gates that keep the state, and the sign towards keeping."""
    parameters: ClassVar[Callable[[int, int], int]]
    """Number of recurrent parameters at so many inputs and units, as a formula."""
    options: ClassVar[Sequence[dict[str, Any]]] = [{}]
    """Settings at which it has to equal its equations."""

    @staticmethod
    def equations(p: dict[str, np.ndarray], x: np.ndarray, **options: Any) -> Iterator[np.ndarray]:
        """The oracle of this cell."""
        raise NotImplementedError

    def assert_equals_equations(self, members: int, shared: bool, **options: Any) -> None:
        """Each member of a population equals the equations written again, on sequences of its own or on shared ones."""
        graph = trace.load(self.name, **options)
        parameters = random_weights(graph, members)
        x = np.random.default_rng(9 if shared else 8).normal(size=(1 if shared else members, STEPS, BATCH, INPUTS))
        outputs = engine_outputs(graph, parameters, x)
        for k in range(members):
            alone = {parameter: value[k] for parameter, value in parameters.items()}
            expected = np.stack(list(self.equations(alone, x[0 if shared else k], **options)))
            np.testing.assert_allclose(outputs[k], expected, rtol=0, atol=1e-12, err_msg=f"{options}, member {k}")

    @pytest.mark.parametrize("members", [1, 2])
    def test_it_equals_its_equations(self, members: int):
        for options in self.options:
            self.assert_equals_equations(members, shared=False, **options)

    def test_members_may_share_their_sequences(self):
        self.assert_equals_equations(members=2, shared=True)

    def test_its_size_at_20k_parameters_and_88_inputs(self):
        graph = trace.load(self.name)
        units = solve(20_000, partial(parameters_at, graph, 88), "parameters")
        assert (units, parameters_at(graph, 88, units)) == self.size_at_20k

    def test_its_parameters_have_a_closed_form(self):
        graph, count = trace.load(self.name), type(self).parameters
        for inputs, units in ((1, 1), (4, 5), (7, 3), (88, 30)):
            assert parameters_at(graph, inputs, units) == count(inputs, units)

    def test_it_carries_its_state(self):
        graph = trace.load(self.name)
        assert cost(graph, graph.sizes(3, 8), 1).state_size == self.state_size

    def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state(self):
        assert trace.load(self.name).forget_gate_biases == self.forget_gate_biases

    def test_it_reads_its_own_step_alone(self):
        graph = trace.load(self.name)
        assert (graph.lookahead, graph.lookback) == (0, 0)


class OracleLaws(CellLaws):
    """What holds of a cell that others have written, too."""

    @staticmethod
    def oracle(p: dict[str, Tensor], x: Tensor) -> Tensor:
        """Outputs ``[T, B, Y]`` of the others' module with our parameters, by which they can be differentiated."""
        raise NotImplementedError

    def test_it_equals_its_oracle_with_all_gradients(self):
        assert_equals_oracle(self.name, type(self).oracle)


def assert_equals_oracle(name: str, oracle: Callable[[dict[str, Tensor], Tensor], Tensor], **options: Any) -> None:
    """Outputs, and the gradients of all parameters and of the input, of one model of a cell equal those of an oracle."""
    (ours, gradients), (theirs, expected) = both(name, oracle, **options)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)
    for parameter, gradient in expected.items():
        assert np.abs(gradient).max() > 1e-6, f"nothing depends on {parameter}"
        np.testing.assert_allclose(gradients[parameter], gradient, rtol=0, atol=1e-10, err_msg=parameter)


def both(
    name: str, oracle: Callable[[dict[str, Tensor], Tensor], Tensor], **options: Any
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Outputs ``[T, B, Y]`` of a cell and of an oracle in float64, each with the gradients of all that they were made of."""
    graph = trace.load(name, **options)
    numbers = {parameter: torch.from_numpy(value[0]) for parameter, value in random_weights(graph, 1).items()}
    numbers["x"] = torch.from_numpy(np.random.default_rng(10).normal(size=(STEPS, BATCH, INPUTS)))

    def cell(p: dict[str, Tensor], x: Tensor) -> Tensor:
        members = {parameter: value[None] for parameter, value in p.items()}
        return run(graph, graph.sizes(INPUTS, UNITS), members, x[None])[0]

    for outputs_of in (cell, oracle):
        leaves = {leaf: value.clone().requires_grad_() for leaf, value in numbers.items()}
        h = outputs_of({leaf: value for leaf, value in leaves.items() if leaf != "x"}, leaves["x"])
        weights = torch.from_numpy(np.random.default_rng(11).normal(size=h.shape))
        gradients = torch.autograd.grad((weights * h).sum(), list(leaves.values()))
        yield h.detach().numpy(), dict(zip(leaves, (gradient.numpy() for gradient in gradients), strict=True))


def stacked(parts: Sequence[Tensor]) -> Tensor:
    """Matrices and biases of gates as other libraries have them: transposed, one below the other; rows as vectors."""
    return torch.cat([part[0] if len(part) == 1 else part.T for part in parts])


def torchrecurrent_outputs(
    module: str, x: Tensor, weights: Mapping[str, Sequence[Tensor]], *, first: int = 0, units: int = UNITS, **options: Any
) -> Tensor:
    """Outputs of a cell of ``torchrecurrent``, whose weights are made of ours by `stacked`; biases that are not named are 0.

    ``first`` is which of several things that it returns is the output.
    """
    cell = getattr(torchrecurrent, module)(x.shape[-1], units, **options).double()
    names = {name for name, _ in cell.named_parameters()}
    assert set(weights) <= names
    assert all("bias" in name for name in names - set(weights) - set(options)), "every matrix is ours"
    values = {name: stacked(parts) for name, parts in weights.items()}
    state, outputs = None, []
    for x_t in x:
        returned = functional_call(cell, values, (x_t, state) if state is not None else (x_t,))
        outputs.append(returned[first] if isinstance(returned, tuple) else returned)
        state = returned
    return torch.stack(outputs)
