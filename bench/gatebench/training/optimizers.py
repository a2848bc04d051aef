"""Optimizers and gradient clipping, for every member of a population on its own.

A member's parameters, gradient and optimizer state are rows of matrices ``[K, N]``; learning rates are ``[K, 1]``. Updates
are in place and elementwise, so a member's numbers never depend on its neighbours.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.base import UpdateArrays
from gatebench.training.constants import adam_constants, rmsprop_constants

OptimizerState = dict[str, Tensor]
"""What an optimizer carries from update to update: arrays ``[K, .]`` by name."""


class Optimizer(Protocol):
    """An update of parameters from their gradient. A frozen dataclass: its fields are its constants."""

    def start(self, parameters: Tensor) -> OptimizerState:
        """Return the state before the first update."""
        ...

    def step(
        self, parameters: Tensor, gradient: Tensor, state: OptimizerState, learning_rates: Tensor, live: Tensor
    ) -> None:
        """Update the members that are ``live`` (``[K, 1]``, true or false) in place."""
        ...


@dataclass(frozen=True)
class adam(adam_constants):
    """Adam (Kingma and Ba 2015, Algorithm 1)."""

    def start(self, parameters: Tensor) -> OptimizerState:
        """Return both moments at zero, with no update counted."""
        moments = {kind: torch.zeros_like(parameters) for kind in ("m", "v")}
        return {**moments, "count": parameters.new_zeros(len(parameters), 1)}

    def step(
        self, parameters: Tensor, gradient: Tensor, state: OptimizerState, learning_rates: Tensor, live: Tensor
    ) -> None:
        """Make the update ``theta -= lr * m_hat / (sqrt(v_hat) + epsilon)``."""
        with _live_rows(live, parameters, gradient, learning_rates, state) as (theta, g, lr, of_live):
            of_live["count"] += 1
            m, v = of_live["m"].lerp_(g, 1 - self.beta1), of_live["v"]
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            correction1, correction2 = (1 - beta ** of_live["count"] for beta in (self.beta1, self.beta2))
            change = (v / correction2).sqrt_().add_(self.epsilon)
            theta -= torch.div(m * (lr / correction1), change, out=change)


@dataclass(frozen=True)
class rmsprop(rmsprop_constants):
    """RMSProp with momentum (Hinton 2012; Graves 2013 without the mean; pylearn2's RMSPropMomentum)."""

    def start(self, parameters: Tensor) -> OptimizerState:
        """Return mean squares and velocities at zero."""
        return {kind: torch.zeros_like(parameters) for kind in ("square", "velocity")}

    def step(
        self, parameters: Tensor, gradient: Tensor, state: OptimizerState, learning_rates: Tensor, live: Tensor
    ) -> None:
        """Make the update ``s = rho s + (1 - rho) g^2``; ``u = mu u - lr g / max(sqrt(s), floor)``; ``theta += u``."""
        with _live_rows(live, parameters, gradient, learning_rates, state) as (theta, g, lr, of_live):
            square = of_live["square"].mul_(self.averaging).addcmul_(g, g, value=1 - self.averaging)
            root = square.sqrt().clamp_(min=self.floor)
            velocity = of_live["velocity"].mul_(self.momentum)
            velocity -= torch.div(g * lr, root, out=root)
            theta += velocity


@dataclass(frozen=True)
class UpdateRule:
    """Clipping, weight decay and an optimizer, for every member on its own."""

    optimizer: Optimizer
    clip_norm: float | None

    def prepare(self, arrays: UpdateArrays, losses: Sequence[np.ndarray], gradient: Tensor) -> None:
        """Find the members whose losses and gradient are finite; clip the gradient and let the parameters of those decay.

        Weight decay is decoupled: parameters shrink by their learning rate times it (Loshchilov and Hutter 2019).
        """
        norms = norm(gradient)
        is_finite = torch.from_numpy(np.isfinite([of_member.sum() for of_member in losses])).to(norms.device)
        arrays.live.logical_and_((is_finite & norms.isfinite())[:, None])
        if self.clip_norm is not None:
            clip(gradient, norms, self.clip_norm)
        if bool(arrays.weight_decay.any()):
            shrink = arrays.weight_decay * arrays.learning_rates
            shrink = torch.where(arrays.live, shrink, 0.0)  # a dead member's rate may be infinite
            arrays.parameters.mul_(1 - shrink * arrays.decayed)


@contextmanager
def _live_rows(
    live: Tensor, parameters: Tensor, gradient: Tensor, learning_rates: Tensor, state: OptimizerState
) -> Iterator[tuple[Tensor, Tensor, Tensor, OptimizerState]]:
    """Yield parameters, gradient, learning rates and state of the live members, to be changed in place."""
    if bool(live.all()):
        yield parameters, gradient, learning_rates, state
        return
    rows = live.flatten().nonzero().flatten()
    of_live, live_state = parameters[rows], {name: array[rows] for name, array in state.items()}
    yield of_live, gradient[rows], learning_rates[rows], live_state
    parameters[rows] = of_live
    for name, array in live_state.items():
        state[name][rows] = array


def norm(gradient: Tensor) -> Tensor:
    """Return the Euclidean norm of each member's gradient, ``[K]``."""
    return torch.linalg.vector_norm(gradient, dim=1)


def clip(gradient: Tensor, norms: Tensor, limit: float) -> None:
    """Rescale in place the gradients whose norm exceeds ``limit`` to that norm; their direction stays."""
    gradient *= (limit / norms).clamp(max=1)[:, None]
