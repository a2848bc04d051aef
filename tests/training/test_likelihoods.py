"""Bernoulli against PyTorch's distribution, at the ends of the number line, and its gradient."""

import numpy as np
import pytest
import torch

from bench.training.likelihoods import bernoulli


def case(scale, members=3):
    random = torch.Generator().manual_seed(7)
    logits = scale * torch.randn(members, 4, 5, 6, generator=random, dtype=torch.float64)
    target = (torch.rand(1, 4, 5, 6, generator=random, dtype=torch.float64) < 0.4).double()
    return logits, target


# Logits beyond 20 are where torch.nn.functional.softplus, left to its defaults, is linear and loses 2e-9.
@pytest.mark.parametrize("scale", [0.0, 0.1, 3.0, 15.0, 100.0])
def test_nll_is_that_of_the_distribution(scale):
    logits, target = case(scale)
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(target).sum(-1)
    found = bernoulli.nll(logits, target)
    assert found.shape == (3, 4, 5)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_confident_and_right_still_costs_something():
    """``-log sigmoid(a)`` is ``exp(-a)`` for large a; in float64 that is far above rounding."""
    for logit in (18.0, 20.0, 22.0, 25.0):
        for target in (0.0, 1.0):
            found = bernoulli.nll(torch.tensor([logit if target else -logit], dtype=torch.float64), torch.tensor([target]))
            assert float(found) == pytest.approx(np.log1p(np.exp(-logit)), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_for_any_logit(dtype):
    logits = torch.tensor([[1e4], [1e4], [-1e4], [-1e4]], dtype=dtype, requires_grad=True)
    nll = bernoulli.nll(logits, torch.tensor([[0.0], [1.0], [0.0], [1.0]], dtype=dtype))
    assert nll.tolist() == [1e4, 0, 0, 1e4]
    (gradient,) = torch.autograd.grad(nll.sum(), logits)
    assert gradient.flatten().tolist() == [1, 0, 0, -1]


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_gradient(scale):
    logits, target = case(scale)
    assert torch.autograd.gradcheck(lambda a: bernoulli.nll(a, target), logits.requires_grad_(), eps=1e-6, atol=1e-8)
    (gradient,) = torch.autograd.grad(bernoulli.nll(logits, target).sum(), logits)
    torch.testing.assert_close(gradient, (logits.sigmoid() - target).detach(), rtol=1e-12, atol=1e-12)


def test_members_share_a_target_or_bring_their_own():
    logits, target = case(1.0)
    shared = bernoulli.nll(logits, target)
    own = bernoulli.nll(logits, target.expand(3, -1, -1, -1))
    assert torch.equal(shared, own)
    for k in range(3):
        assert torch.equal(bernoulli.nll(logits[k : k + 1], target), shared[k : k + 1])


def test_one_logit_an_output():
    assert bernoulli.readout(88) == 88


def test_marginal_is_the_smoothed_frequency():
    targets = np.array([[0, 1, 1], [0, 1, 0], [0, 1, 1], [0, 1, 0]], np.uint8)
    found = 1 / (1 + np.exp(-bernoulli.marginal(targets)))
    np.testing.assert_allclose(found, [1 / 6, 5 / 6, 3 / 6], rtol=1e-12)


def test_marginal_does_not_overflow_small_integers():
    targets = np.ones((1000, 2), np.uint8)
    np.testing.assert_allclose(bernoulli.marginal(targets), np.log([1001, 1001]), rtol=1e-12)
