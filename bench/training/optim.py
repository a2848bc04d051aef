"""Optimisers and what acts on gradients, for every member of a population on its own.

Parameters and gradients are dictionaries of ``[K, rows, columns]``; learning rates are ``[K, 1, 1]``. Updates are in
place and elementwise, so a member's numbers never depend on its neighbours.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from bench.checks import Fraction, Positive

Tensors = dict[str, Tensor]


class Optimiser(Protocol):
    """An update rule with constants; what it remembers is a flat dictionary of tensors with the member axis first."""

    def start(self, parameters: Tensors) -> Tensors:
        """Its memory before the first update."""
        ...

    def step(self, parameters: Tensors, gradients: Tensors, memory: Tensors, rate: Tensor, live: Tensor) -> None:
        """One update of the members that are ``live`` (``[K, 1, 1]``, true or false), in place."""
        ...


@dataclass(frozen=True)
class adam:
    """Adam (Kingma and Ba 2015, Algorithm 1)."""

    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def start(self, parameters: Tensors) -> Tensors:
        """Both moments at zero, no update counted."""
        zeros = {f"{kind}.{name}": torch.zeros_like(p) for kind in ("m", "v") for name, p in parameters.items()}
        first = next(iter(parameters.values()))
        return {**zeros, "count": first.new_zeros(first.shape[0], 1, 1)}

    def step(self, parameters: Tensors, gradients: Tensors, memory: Tensors, rate: Tensor, live: Tensor) -> None:
        """``theta -= rate * m_hat / (sqrt(v_hat) + epsilon)``."""
        memory["count"] += live
        correction1, correction2 = 1 - self.beta1 ** memory["count"], 1 - self.beta2 ** memory["count"]
        for name, g in gradients.items():
            m, v = memory[f"m.{name}"], memory[f"v.{name}"]
            torch.where(live, torch.lerp(g, m, self.beta1), m, out=m)
            torch.where(live, torch.lerp(g * g, v, self.beta2), v, out=v)
            change = rate * (m / correction1) / ((v / correction2).sqrt() + self.epsilon)
            parameters[name] -= torch.where(live, change, 0)


@dataclass(frozen=True)
class rmsprop:
    """RMSProp with momentum (Hinton 2012; Graves 2013 without the mean; pylearn2's RMSPropMomentum)."""

    averaging: Fraction
    momentum: Fraction
    floor: Positive
    """The root mean square that divides is at least this (pylearn2's constant; not added to it)."""

    def start(self, parameters: Tensors) -> Tensors:
        """Mean squares and velocities at zero."""
        return {f"{kind}.{name}": torch.zeros_like(p) for kind in ("square", "velocity") for name, p in parameters.items()}

    def step(self, parameters: Tensors, gradients: Tensors, memory: Tensors, rate: Tensor, live: Tensor) -> None:
        """``s = rho s + (1 - rho) g^2``; ``u = mu u - rate g / max(sqrt(s), floor)``; ``theta += u``."""
        for name, g in gradients.items():
            square, velocity = memory[f"square.{name}"], memory[f"velocity.{name}"]
            torch.where(live, torch.lerp(g * g, square, self.averaging), square, out=square)
            change = self.momentum * velocity - rate * g / square.sqrt().clamp(min=self.floor)
            torch.where(live, change, velocity, out=velocity)
            parameters[name] += torch.where(live, velocity, 0)


def norm(gradients: Tensors) -> Tensor:
    """Euclidean norm over all parameters of each member, ``[K]``."""
    return torch.stack([g.flatten(1).square().sum(1) for g in gradients.values()]).sum(0).sqrt()


def clip(gradients: Tensors, norms: Tensor, limit: float) -> Tensors:
    """Gradients of members whose norm exceeds ``limit`` are rescaled to it; their direction stays."""
    scale = (limit / norms).clamp(max=1)[:, None, None]
    return {name: g * scale for name, g in gradients.items()}
