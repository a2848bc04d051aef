"""A cell's graph as a ``jax.lax.scan``, where JAX happens to be installed; for cells that read the present step alone."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gatebench.speed import engines
from gatebench.speed.cases import Case
from gatebench.speed.timing import TimedCall
from gatebench.training.likelihoods import FLOOR

Array = Any
"""An array of JAX, whose types are known only where it happens to be installed."""

NUMPY_NAMES = ("tanh", "square", "sqrt", "exp", "log", "abs", "sign", "maximum", "minimum", "sin", "cos")
"""Elementwise operations that ``jax.numpy`` has under the same name."""


def _of_numpy(name: str) -> Callable[..., Array]:
    return lambda jax, *arguments: getattr(jax.numpy, name)(*arguments)


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "add": lambda jax, *terms: sum(terms[1:], start=terms[0]),
    "sub": lambda jax, a, b: a - b,
    "mul": lambda jax, a, b: a * b,
    "sigmoid": lambda jax, a: jax.nn.sigmoid(a),
    "div": lambda jax, a, b: a / b,
    "negative": lambda jax, a: -a,
    "relu": lambda jax, a: jax.numpy.maximum(a, 0),
    "softplus": lambda jax, a: jax.numpy.logaddexp(a, 0.0),
    **{name: _of_numpy(name) for name in NUMPY_NAMES},
}
"""Elementwise operation -> its function of the module ``jax`` and the arguments."""


def can_run(case: Case) -> bool:
    """Return whether this file has what a case asks for: an update of one layer that predicts at every step."""
    return (case.layers, case.bidirectional, case.work, case.lengths, case.data.at) == (1, False, "update", (), "step")


def bernoulli(jax: Array, a: Array, y: Array) -> Array:
    """Return the NLL of zeros and ones, from their logits."""
    return (jax.numpy.maximum(a, 0) - a * y + jax.numpy.log1p(jax.numpy.exp(-abs(a)))).sum()


def categorical(jax: Array, a: Array, y: Array) -> Array:
    """Return the NLL of classes, from their logits."""
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(a), y, -1).sum()


def gaussian_mixture(jax: Array, a: Array, y: Array) -> Array:
    """Return the NLL of diagonal Gaussians, from logits, means and scales (`gatebench.training.likelihoods`)."""
    components = a.shape[-1] // (1 + 2 * y.shape[-1])
    logits, rest = a[..., :components], a[..., components:].reshape(*a.shape[:-1], 2, components, y.shape[-1])
    log_deviation = 0.5 * jax.numpy.logaddexp(2 * rest[..., 1, :, :], math.log(FLOOR))
    z = (y[..., None, :] - rest[..., 0, :, :]) * jax.numpy.exp(-log_deviation)
    log_n = -(log_deviation + 0.5 * z**2 + 0.5 * math.log(2 * math.pi)).sum(-1)
    return -jax.nn.logsumexp(jax.nn.log_softmax(logits) + log_n, -1).sum()


def call(case: Case, count: int) -> TimedCall:
    """Return loss and gradient of so many members: the mean NLL per step.

    Jitted, members by ``vmap``; clipping and the optimizer are left out.
    """
    import jax  # pyright: ignore[reportMissingImports]
    import jax.numpy as jnp  # pyright: ignore[reportMissingImports] - where it happens to be installed

    model = case.model("reference")
    (batch,) = case.sequences()
    x, y = (np.stack([getattr(sequence, name) for sequence in batch], 1) for name in ("x", "y"))
    nll = {"bernoulli": bernoulli, "categorical": categorical, "gaussian_mixture": gaussian_mixture}
    nll_sum = nll[type(case.data.likelihood).__name__]
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
                elif node.op in ("row", "scalar"):
                    values.append(p[node.label])
                elif node.op == "constant":
                    values.append(float(node.label))
                elif node.op == "linear":
                    values.append(args[0] @ p[node.label])
                elif node.op == "transposed":
                    values.append(args[0] @ p[node.label].T)
                elif node.op == "mean":
                    values.append(jnp.broadcast_to(args[0].mean(-1, keepdims=True), args[0].shape))
                else:
                    values.append(FUNCTIONS[node.op](jax, *args))
            new = tuple(values[i] for i in graph.updates)
            return new, new[0]

        start = tuple(jnp.zeros((x.shape[1], sizes[letter])) for letter in graph.states.values())
        a = jax.lax.scan(step, start, jnp.asarray(x))[1] @ p["readout_W"] + p["readout_b"]
        return nll_sum(jax, a, y) / (x.shape[0] * x.shape[1])

    rows = engines.population(case, model, count).parameters
    parameters = {name: jnp.asarray(value.numpy()) for name, value in model.views(rows).items()}
    run = jax.jit(jax.vmap(jax.value_and_grad(loss)))
    started = time.perf_counter()
    jax.block_until_ready(run(parameters))
    seconds = time.perf_counter() - started
    return TimedCall(lambda: jax.block_until_ready(run(parameters)), compile_seconds=seconds)
