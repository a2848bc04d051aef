"""The likelihoods ``categorical`` and ``gaussian`` against PyTorch's distributions, and at the ends of the number line."""

import numpy as np
import pytest
import torch

from gatebench.core.errors import BadInput
from gatebench.training.likelihoods import FLOOR, build, categorical, described, gaussian, gaussian_mixture

CLASSES, OUTPUTS = 5, 3


def case(width, scale=3.0):
    random = torch.Generator().manual_seed(7)
    readout = scale * torch.randn(2, 4, 6, width, generator=random, dtype=torch.float64)
    classes = torch.randint(CLASSES, (1, 4, 6, 1), generator=random).double()
    values = torch.randn(1, 4, 6, OUTPUTS, generator=random, dtype=torch.float64)
    return readout, classes, values


@pytest.mark.parametrize("scale", [0.0, 0.1, 3.0, 100.0])
def test_categorical_is_that_of_the_distribution(scale):
    logits, classes, _ = case(CLASSES, scale)
    expected = -torch.distributions.Categorical(logits=logits).log_prob(classes[..., 0].expand(2, -1, -1))
    torch.testing.assert_close(categorical(CLASSES).nll(logits, classes), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [0.0, 0.1, 2.0])
def test_gaussian_is_that_of_the_distribution(scale):
    readout, _, values = case(2 * OUTPUTS, scale)
    mu, a = readout.chunk(2, -1)
    normal = torch.distributions.Normal(mu, (FLOOR + (2 * a).exp()).sqrt())
    expected = -normal.log_prob(values).sum(-1)
    torch.testing.assert_close(gaussian().nll(readout, values), expected, rtol=1e-12, atol=1e-12)


def test_a_mixture_of_one_component_is_the_gaussian():
    readout, _, values = case(2 * OUTPUTS, 1.0)
    with_weight = torch.cat([torch.full((2, 4, 6, 1), 0.7, dtype=torch.float64), readout], -1)
    expected = gaussian_mixture(1).nll(with_weight, values)
    torch.testing.assert_close(gaussian().nll(readout, values), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("likelihood", [categorical(CLASSES), gaussian()], ids=str)
def test_gradients_are_finite_differences(likelihood):
    readout, classes, values = case(likelihood.readout(OUTPUTS), 1.0)
    target = classes if isinstance(likelihood, categorical) else values
    assert torch.autograd.gradcheck(lambda a: likelihood.nll(a, target), readout.requires_grad_())


def test_nothing_overflows():
    logits = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    nll = categorical(3).nll(logits, torch.tensor([[1.0]]))
    assert nll.tolist() == [2e4]
    (gradient,) = torch.autograd.grad(nll.sum(), logits)
    assert gradient.tolist() == [[1, -1, 0]]
    sharp = torch.tensor([[0.0, -1e4], [0.0, 1e2]], requires_grad=True)
    nll = gaussian().nll(sharp, torch.tensor([[0.0], [0.0]]))
    assert nll[0].item() == pytest.approx(0.5 * np.log(2 * np.pi * FLOOR))
    assert nll[1].item() == pytest.approx(100 + 0.5 * np.log(2 * np.pi))
    (gradient,) = torch.autograd.grad(nll.sum(), sharp)
    assert gradient.isfinite().all()


def test_marginals_are_the_best_without_looking():
    """No other readout that looks at nothing predicts the training targets better, but for the pseudo-count."""
    random = np.random.default_rng(1)
    classes = random.choice(CLASSES, 5000, p=[0.5, 0.3, 0.1, 0.06, 0.04])[:, None].astype(float)
    values = random.standard_normal((5000, OUTPUTS)) * [1, 0.1, 5] + [0, 3, -2]
    for likelihood, targets in ((categorical(CLASSES), classes), (gaussian(), values)):
        start = torch.from_numpy(likelihood.marginal(targets)).requires_grad_()
        loss = likelihood.nll(start.expand(len(targets), -1), torch.from_numpy(targets)).mean()
        (slope,) = torch.autograd.grad(loss, start)
        assert slope.abs().max() < 1e-3, likelihood
    assert np.exp(categorical(3).marginal(np.zeros((2, 1)))).tolist() == pytest.approx([3 / 5, 1 / 5, 1 / 5])


def test_draws_have_the_probabilities_that_were_predicted():
    random = np.random.default_rng(2)
    logits = np.log([0.7, 0.2, 0.1])
    drawn = np.array([categorical(3).draw(logits, random) for _ in range(4000)])
    assert drawn.shape == (4000, 1)
    np.testing.assert_allclose(np.bincount(drawn[:, 0].astype(int)) / 4000, [0.7, 0.2, 0.1], atol=0.03)
    values = np.array([gaussian().draw(np.array([1.0, -2.0, np.log(0.5), np.log(3.0)]), random) for _ in range(4000)])
    np.testing.assert_allclose(values.mean(0), [1, -2], atol=0.15)
    np.testing.assert_allclose(values.std(0), [0.5, 3], rtol=0.05)


def test_classes_come_from_the_data():
    assert build("categorical", {}, "symbols", 7) == categorical(7)
    assert build("categorical", {"classes": 7}, "symbols", 7) == categorical(7)
    with pytest.raises(BadInput, match=r"task\.likelihood\.classes is 3, but the data has 7; remove it"):
        build("categorical", {"classes": 3}, "symbols", 7)
    assert described(categorical(7)) == "categorical classes=7"
    assert described(gaussian()) == "gaussian"


@pytest.mark.parametrize(("name", "of"), [("gaussian", "symbols"), ("categorical", "reals"), ("bernoulli", "symbols")])
def test_of_what_they_are(name, of):
    with pytest.raises(BadInput, match=f"likelihood {name} is for data of kind .*, but the data is {of}; use "):
        build(name, {}, of, 2)
