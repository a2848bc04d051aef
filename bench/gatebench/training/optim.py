"""Optimizers and what acts on gradients, for every member of a population on its own.

A member's parameters, gradient and memory are rows of matrices ``[K, N]``; learning rates are ``[K, 1]``. Updates are in
place and elementwise, so a member's numbers never depend on its neighbours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gatebench.core.validation import Fraction, Positive

Memory = dict[str, Tensor]
"""What an optimizer remembers: ``[K, .]`` by name."""


class Optimizer(Protocol):
    """An update rule with constants."""

    def start(self, parameters: Tensor) -> Memory:
        """Its memory before the first update."""
        ...

    def step(self, parameters: Tensor, gradient: Tensor, memory: Memory, rate: Tensor, live: Tensor) -> None:
        """One update of the members that are ``live`` (``[K, 1]``, true or false), in place."""
        ...


@dataclass(frozen=True)
class adam:
    """Adam (Kingma and Ba 2015, Algorithm 1)."""

    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def start(self, parameters: Tensor) -> Memory:
        """Both moments at zero, no update counted."""
        moments = {kind: torch.zeros_like(parameters) for kind in ("m", "v")}
        return {**moments, "count": parameters.new_zeros(len(parameters), 1)}

    def step(self, parameters: Tensor, gradient: Tensor, memory: Memory, rate: Tensor, live: Tensor) -> None:
        """``theta -= rate * m_hat / (sqrt(v_hat) + epsilon)``."""
        with _living(live, parameters, gradient, rate, memory) as (theta, g, rate, own):
            own["count"] += 1
            m, v = own["m"].lerp_(g, 1 - self.beta1), own["v"]
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            correction1, correction2 = (1 - beta ** own["count"] for beta in (self.beta1, self.beta2))
            change = (v / correction2).sqrt_().add_(self.epsilon)
            theta -= torch.div(m * (rate / correction1), change, out=change)


@dataclass(frozen=True)
class rmsprop:
    """RMSProp with momentum (Hinton 2012; Graves 2013 without the mean; pylearn2's RMSPropMomentum)."""

    averaging: Fraction
    momentum: Fraction
    floor: Positive
    """The root mean square that divides is at least this (pylearn2's constant; not added to it)."""

    def start(self, parameters: Tensor) -> Memory:
        """Mean squares and velocities at zero."""
        return {kind: torch.zeros_like(parameters) for kind in ("square", "velocity")}

    def step(self, parameters: Tensor, gradient: Tensor, memory: Memory, rate: Tensor, live: Tensor) -> None:
        """``s = rho s + (1 - rho) g^2``; ``u = mu u - rate g / max(sqrt(s), floor)``; ``theta += u``."""
        with _living(live, parameters, gradient, rate, memory) as (theta, g, rate, own):
            square = own["square"].mul_(self.averaging).addcmul_(g, g, value=1 - self.averaging)
            root = square.sqrt().clamp_(min=self.floor)
            velocity = own["velocity"].mul_(self.momentum)
            velocity -= torch.div(g * rate, root, out=root)
            theta += velocity


@contextmanager
def _living(
    live: Tensor, parameters: Tensor, gradient: Tensor, rate: Tensor, memory: Memory
) -> Iterator[tuple[Tensor, Tensor, Tensor, Memory]]:
    """Parameters, gradient, rate and memory of the members that are live, to be changed in place."""
    if bool(live.all()):
        yield parameters, gradient, rate, memory
        return
    rows = live.flatten().nonzero().flatten()
    chosen, own = parameters[rows], {name: m[rows] for name, m in memory.items()}
    yield chosen, gradient[rows], rate[rows], own
    parameters[rows] = chosen
    for name, m in own.items():
        memory[name][rows] = m


def norm(gradient: Tensor) -> Tensor:
    """Euclidean norm of each member's gradient, ``[K]``."""
    return torch.linalg.vector_norm(gradient, dim=1)


def clip(gradient: Tensor, norms: Tensor, limit: float) -> None:
    """Rescale gradients of members whose norm exceeds ``limit`` to it, in place; their direction stays."""
    gradient *= (limit / norms).clamp(max=1)[:, None]
