"""A cell's graph as a ``jax.lax.scan``, where JAX happens to be installed; for cells that read the present step alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from gatebench.training.model import Model

Array = Any
"""An array of JAX, whose types are known only where it happens to be installed."""

FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": lambda jax, *terms: sum(terms[1:], start=terms[0]),
    "sub": lambda jax, a, b: a - b,
    "mul": lambda jax, a, b: a * b,
    "sigmoid": lambda jax, a: jax.nn.sigmoid(a),
    "tanh": lambda jax, a: jax.numpy.tanh(a),
}
"""Elementwise operation -> its function of the module ``jax`` and the arguments."""


def gradient(model: Model, rows: Tensor, x: np.ndarray, y: np.ndarray) -> Callable[[], Array]:
    """Return a call that computes loss and gradient of every member: mean Bernoulli NLL per step of ``x``, ``y [T, B, .]``.

    Jitted, members by ``vmap``; clipping and the optimizer are left out.
    """
    import jax  # pyright: ignore[reportMissingImports]
    import jax.numpy as jnp  # pyright: ignore[reportMissingImports] - where it happens to be installed

    graph, sizes = model.graph, model.sizes

    def loss(p: dict[str, Array]) -> Array:
        def step(states: tuple[Array, ...], x_t: Array) -> tuple[tuple[Array, ...], Array]:
            values: list[Array] = []
            for node in graph.nodes:
                args = [values[a] for a in node.args]
                if node.op == "input":
                    values.append(x_t)
                elif node.op == "state":
                    values.append(states[list(graph.states).index(node.label)])
                elif node.op == "row":
                    values.append(p[node.label])
                elif node.op == "constant":
                    values.append(float(node.label))
                elif node.op == "linear":
                    values.append(args[0] @ p[node.label])
                else:
                    values.append(FUNCTIONS[node.op](jax, *args))
            new = tuple(values[i] for i in graph.updates)
            return new, new[0]

        start = tuple(jnp.zeros((x.shape[1], sizes[letter])) for letter in graph.states.values())
        a = jax.lax.scan(step, start, jnp.asarray(x))[1] @ p["readout_W"] + p["readout_b"]
        return (jnp.maximum(a, 0) - a * y + jnp.log1p(jnp.exp(-jnp.abs(a)))).sum() / (x.shape[0] * x.shape[1])

    parameters = {name: jnp.asarray(value.numpy()) for name, value in model.views(rows).items()}
    run = jax.jit(jax.vmap(jax.value_and_grad(loss)))
    return lambda: jax.block_until_ready(run(parameters))
