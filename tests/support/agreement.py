"""Random networks and sequences for two engines, the truth that one defines, and by how much the other may differ."""

import numpy as np
import torch

from gatebench.engines.base import DropoutMasks, Network
from gatebench.engines.reference import Reference
from gatebench.training.likelihoods import bernoulli, categorical

REFERENCE = Reference()
TOLERANCE = 1e-5


def population(network: Network, members: int, scale: float = 1.0, seed: int = 1) -> torch.Tensor:
    """Rows of random parameters, other ones for each member."""
    random = torch.Generator().manual_seed(seed)
    flat = torch.zeros(members, network.row)
    for view in network.views(flat).values():
        view.copy_(scale * torch.randn(view.shape, generator=random) / view.shape[1] ** 0.5)
    return flat


def sequences(network: Network, lengths: list[int], density: float = 1.0, seed: int = 1):
    """Inputs, of which a share is not zero, and targets as the likelihood has them.

    What is not zero is 1 as in a piano roll where the seed is even; elsewhere, and where all are there, any number.
    """
    random = np.random.default_rng([seed, *lengths])
    likelihood = network.likelihood
    xs, ys = [], []
    for steps in lengths:
        nonzero = random.random((steps, network.inputs)) < density
        numbers = 1 if density < 1 and seed % 2 == 0 else random.standard_normal(nonzero.shape)
        xs.append((nonzero * numbers).astype(np.float32))
        shape = steps if network.at == "step" else 1, network.outputs
        if isinstance(likelihood, categorical):
            y = random.integers(likelihood.classes, size=shape)
        else:
            y = random.random(shape) < 0.2 if isinstance(likelihood, bernoulli) else random.standard_normal(shape)
        ys.append(y.astype(np.float32))
    return xs, ys


def dropout_masks(network: Network, lengths: list[int], seed: int = 1) -> DropoutMasks:
    """Masks of one member's batch, a third of them 0."""
    random = np.random.default_rng(seed)
    steps = [sum(lengths)] * network.stack.layers
    if network.at == "sequence":
        steps[-1] = len(lengths)
    return [(random.random((n, network.width)) > 1 / 3).astype(np.float32) * 1.5 for n in steps]


def gradients(engine, network: Network, flat: torch.Tensor, music, weights: np.ndarray, masks=None):
    """Losses and gradient of an engine, for each member's sequences of ``music``."""
    return engine.gradients(network, flat, [engine.batch(network, *arrays) for arrays in music], weights, masks)


def true(network: Network, flat: torch.Tensor, music, weights: np.ndarray, masks=None):
    """Losses and gradient by the plain loop with autograd, in float64."""
    return gradients(REFERENCE, network, flat.double(), music, weights, masks)


def assert_agree(network: Network, computed, expected, together: bool = False):
    """Losses and gradients of all members, each parameter by its norm and by its largest element.

    ``together``: by those of all parameters of the member, where single ones cancel down to the last bits.
    """
    for ours, reference in zip(computed[0], expected[0], strict=True):
        assert ours.shape == reference.shape
        np.testing.assert_allclose(ours, reference, rtol=TOLERANCE, atol=TOLERANCE * np.abs(reference).max())
    of, to = network.views(computed[1].cpu()), network.views(expected[1])
    for name in network.shapes:
        for k, (ours, reference) in enumerate(zip(of[name].double(), to[name], strict=True)):
            assert reference.isfinite().all()
            for size in (torch.linalg.vector_norm, lambda a: a.abs().max()):
                away, whole = float(size(ours - reference)), float(size(expected[1][k] if together else reference))
                assert away <= TOLERANCE * whole, f"{name} of member {k} is {away:.2g} away, of {whole:.2g}"


def assert_alive(network: Network, expected):
    """A comparison of zeros would say nothing."""
    for name, gradient in network.views(expected[1]).items():
        assert (gradient.abs().amax((1, 2)) > 0).all(), f"nothing depends on {name}"
