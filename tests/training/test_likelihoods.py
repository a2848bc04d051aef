"""Likelihoods against PyTorch's and SciPy's distributions, at the ends of the number line, and their gradients."""

import numpy as np
import pytest
import scipy.stats
import torch

from gatebench.core.errors import BadInput
from gatebench.training.likelihoods import bernoulli, build, described, gaussian, gaussian_mixture


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
    nll = bernoulli().nll(logits, target)
    assert nll.shape == (3, 4, 5)
    torch.testing.assert_close(nll, expected, rtol=1e-12, atol=1e-12)


def test_confident_and_right_still_costs_something():
    """``-log sigmoid(a)`` is ``exp(-a)`` for large a; in float64 that is far above rounding."""
    for logit in (18.0, 20.0, 22.0, 25.0):
        for target in (0.0, 1.0):
            nll = bernoulli().nll(torch.tensor([logit if target else -logit], dtype=torch.float64), torch.tensor([target]))
            assert float(nll) == pytest.approx(np.log1p(np.exp(-logit)), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_for_any_logit(dtype):
    logits = torch.tensor([[1e4], [1e4], [-1e4], [-1e4]], dtype=dtype, requires_grad=True)
    nll = bernoulli().nll(logits, torch.tensor([[0.0], [1.0], [0.0], [1.0]], dtype=dtype))
    assert nll.tolist() == [1e4, 0, 0, 1e4]
    (gradient,) = torch.autograd.grad(nll.sum(), logits)
    assert gradient.flatten().tolist() == [1, 0, 0, -1]


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_gradient(scale):
    logits, target = case(scale)
    assert torch.autograd.gradcheck(lambda a: bernoulli().nll(a, target), logits.requires_grad_(), eps=1e-6, atol=1e-8)
    (gradient,) = torch.autograd.grad(bernoulli().nll(logits, target).sum(), logits)
    torch.testing.assert_close(gradient, (logits.sigmoid() - target).detach(), rtol=1e-12, atol=1e-12)


def test_members_share_a_target_or_bring_their_own():
    logits, target = case(1.0)
    shared = bernoulli().nll(logits, target)
    separate = bernoulli().nll(logits, target.expand(3, -1, -1, -1))
    assert torch.equal(shared, separate)
    for k in range(3):
        assert torch.equal(bernoulli().nll(logits[k : k + 1], target), shared[k : k + 1])


def test_one_logit_an_output():
    assert bernoulli().readout(88) == 88


def test_marginal_is_the_smoothed_frequency():
    targets = np.array([[0, 1, 1], [0, 1, 0], [0, 1, 1], [0, 1, 0]], np.uint8)
    frequencies = 1 / (1 + np.exp(-bernoulli().marginal(targets)))
    np.testing.assert_allclose(frequencies, [1 / 6, 5 / 6, 3 / 6], rtol=1e-12)


def test_marginal_does_not_overflow_small_integers():
    targets = np.ones((1000, 2), np.uint8)
    np.testing.assert_allclose(bernoulli().marginal(targets), np.log([1001, 1001]), rtol=1e-12)


# Mixtures of Gaussians

COVARIANCES = ["diagonal", "full"]


def mixture_case(covariance, scale=1.0):
    """Readouts of three members, and targets on the scale of standardised audio."""
    likelihood = gaussian_mixture(components=5, covariance=covariance)
    random = torch.Generator().manual_seed(11)
    readout = scale * torch.randn(3, 2, 4, likelihood.readout(6), generator=random, dtype=torch.float64)
    return likelihood, readout, torch.randn(1, 2, 4, 6, generator=random, dtype=torch.float64)


def taken_apart(likelihood, readout, outputs):
    """Weights, means and factors L of the precisions as the docstring has them, in NumPy, for one step."""
    m, y = likelihood.components, outputs
    numbers = readout.numpy()
    logits, mu, a = numbers[:m], numbers[m : m + m * y].reshape(m, y), numbers[m + m * y : m + 2 * m * y].reshape(m, y)
    rest = numbers[m + 2 * m * y :].reshape(m, -1)
    factors = np.zeros((m, y, y))
    for k in range(m):
        entries = iter(rest[k])
        for i in range(y):
            factors[k, i, i] = (1e-8 + np.exp(2 * a[k, i])) ** -0.5
            for j in range(i if likelihood.covariance == "full" else 0):
                factors[k, i, j] = next(entries) * factors[k, i, i]
    return np.exp(logits) / np.exp(logits).sum(), mu, factors


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_mixture_is_that_of_scipy_and_of_torch(covariance, scale):
    likelihood, readout, target = mixture_case(covariance, scale)
    nll = likelihood.nll(readout, target)
    assert nll.shape == (3, 2, 4)
    for k, t, b in np.ndindex(3, 2, 4):
        weights, mu, factors = taken_apart(likelihood, readout[k, t, b], 6)
        y = target[0, t, b]
        covariances = [scipy.stats.Covariance.from_precision(f.T @ f) for f in factors]
        densities = [scipy.stats.multivariate_normal(m, c).logpdf(y) for m, c in zip(mu, covariances, strict=True)]
        assert float(nll[k, t, b]) == pytest.approx(-np.logaddexp.reduce(np.log(weights) + densities), rel=1e-9, abs=1e-9)
        lower = torch.linalg.inv(torch.tensor(factors)).tril()  # L L^T is the covariance
        components = torch.distributions.MultivariateNormal(torch.tensor(mu), scale_tril=lower)
        mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.tensor(weights)), components)
        assert float(nll[k, t, b]) == pytest.approx(-float(mixture.log_prob(y)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_gradient_of_a_mixture(covariance, scale):
    likelihood, readout, target = mixture_case(covariance, scale)
    assert torch.autograd.gradcheck(
        lambda a: likelihood.nll(a, target), readout[:1].clone().requires_grad_(), eps=1e-6, atol=1e-6, rtol=1e-4
    )


BLOCKS = {
    "silence": [0.0] * 10,
    "clipping": [18.0, -18.0] * 5,
    "outlier": [0.0] * 9 + [1e6],
}


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("level", [-100.0, -20.0, 0.0, 20.0, 100.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_mixture_is_finite_for_any_block_and_readout(covariance, block, level, dtype):
    likelihood = gaussian_mixture(covariance=covariance)
    readout = torch.full((1, 1, 1, likelihood.readout(10)), level, dtype=dtype, requires_grad=True)
    nll = likelihood.nll(readout, torch.tensor(block, dtype=dtype))
    (gradient,) = torch.autograd.grad(nll.sum(), readout)
    assert nll.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_no_block_is_worth_more_than_the_floor_allows(covariance):
    """However sharp the readout: the density of ten values is at most that of a standard deviation of 1e-4 each."""
    likelihood = gaussian_mixture(covariance=covariance)
    readout = torch.full((1, 1, 1, likelihood.readout(10)), -1e3, dtype=torch.float64)
    readout[..., 20:220] = 0
    readout[..., 420:] = 0
    nll = likelihood.nll(readout, torch.zeros(10, dtype=torch.float64))
    assert float(nll) == pytest.approx(10 * (0.5 * np.log(2 * np.pi) + np.log(1e-4)), rel=1e-12)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_marginal_of_a_mixture_knows_how_loud_things_are(covariance):
    random = np.random.default_rng(3)
    targets = np.exp(random.normal(0, 1.5, (4000, 1))) * random.standard_normal((4000, 10))
    likelihood = gaussian_mixture(covariance=covariance)
    readout = torch.from_numpy(likelihood.marginal(targets.astype(np.float32)))
    assert readout.shape == (likelihood.readout(10),)
    nll = float(likelihood.nll(readout, torch.from_numpy(targets)).mean())
    gaussian = float(-scipy.stats.multivariate_normal(targets.mean(0), np.cov(targets.T)).logpdf(targets).mean())
    assert nll < gaussian - 3
    means = readout[20:220].reshape(20, 10)
    assert len({tuple(row) for row in means.tolist()}) == 20, "components that start alike would stay alike"


def test_marginal_of_silence_is_finite():
    readout = torch.from_numpy(gaussian_mixture().marginal(np.zeros((40, 10), np.float32)))
    assert readout.isfinite().all()
    assert gaussian_mixture().nll(readout, torch.zeros(10, dtype=torch.float64)).isfinite()


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_draws_of_a_mixture_have_its_moments(covariance):
    likelihood = gaussian_mixture(components=3, covariance=covariance)
    readout = torch.from_numpy(np.random.default_rng(5).normal(0, 0.6, likelihood.readout(4)))
    weights, mu, factors = taken_apart(likelihood, readout, 4)
    mean = weights @ mu
    between = sum(w * np.outer(m - mean, m - mean) for w, m in zip(weights, mu, strict=True))
    expected = sum(w * np.linalg.inv(f.T @ f) for w, f in zip(weights, factors, strict=True)) + between
    random = np.random.default_rng(9)
    draws = np.array([likelihood.draw(readout.numpy(), random) for _ in range(6000)])
    np.testing.assert_allclose(draws.mean(0), mean, atol=5 * np.sqrt(np.diag(expected).max() / 6000))
    np.testing.assert_allclose(np.cov(draws.T), expected, atol=0.12 * np.diag(expected).max())


def test_draws_of_bernoulli_have_its_probabilities():
    random, logits = np.random.default_rng(1), np.array([-30.0, -1.0, 0.0, 2.0, 30.0])
    draws = np.array([bernoulli().draw(logits, random) for _ in range(4000)])
    assert set(np.unique(draws)) == {0.0, 1.0}
    np.testing.assert_allclose(draws.mean(0), 1 / (1 + np.exp(-logits)), atol=0.03)


def test_sizes_of_readouts():
    assert gaussian_mixture().readout(10) == 20 * 21
    assert gaussian_mixture(covariance="full").readout(10) == 20 * (21 + 45)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"components": 0}, "task.likelihood.components is 0, expected a whole number from 1"),
        ({"covariance": "round"}, "task.likelihood.covariance is 'round', expected one of 'diagonal', 'full'"),
        ({"component": 3}, "unknown setting 'task.likelihood.component'; did you mean 'components'"),
    ],
)
def test_options_that_do_not_fit(options, match):
    with pytest.raises(BadInput, match=match):
        build("gaussian_mixture", options, "audio", 0)


def test_a_likelihood_is_for_its_kind_of_data():
    """A density of 0/1 frames would have no bound, and a probability of a sample no meaning."""
    with pytest.raises(
        BadInput, match="gaussian_mixture is for data of kind audio or reals, but the data is piano_roll; use bernoulli"
    ):
        build("gaussian_mixture", {}, "piano_roll", 0)
    with pytest.raises(
        BadInput,
        match="bernoulli is for data of kind piano_roll or binary, but the data is audio; use gaussian or gaussian_mixture",
    ):
        build("bernoulli", {"components": 3}, "audio", 0)


def test_more_components_than_steps_to_start_from():
    with pytest.raises(
        BadInput, match=r"a mixture of 20 components .* there are only 10; use fewer: task.likelihood.components"
    ):
        gaussian_mixture().marginal(np.zeros((10, 10)))


@pytest.mark.parametrize("a", [-10.0, -1e3, -1e6, -3e8])
def test_the_floor_holds_in_single_precision(a):
    readout = torch.zeros(1, 1, 1, 420)
    readout[..., 220:] = a
    nll = float(gaussian_mixture().nll(readout, torch.zeros(10)))
    expected = 10 * (0.5 * np.log(2 * np.pi) + 0.5 * np.log(1e-8 + np.exp(2 * a)))
    assert nll == pytest.approx(expected, rel=1e-6)


def test_a_key_knows_the_options_that_were_changed():
    assert described(bernoulli()) == "bernoulli"
    assert described(gaussian_mixture()) == "gaussian_mixture"
    assert described(gaussian_mixture(covariance="full")) == "gaussian_mixture covariance=full"


@pytest.mark.parametrize("likelihood", [bernoulli(), gaussian(), gaussian_mixture(3)], ids=str)
def test_a_part_of_the_outputs_has_the_distribution_that_is_left_of_all(likelihood):
    """Of independent outputs parts add up; of a mixture the marginal is a mixture of the components' marginals."""
    torch.manual_seed(0)
    outputs, part = 4, np.array([1, 3])
    readout = torch.randn(2, 3, 5, likelihood.readout(outputs), dtype=torch.float64)
    target = (torch.randn(1, 3, 5, outputs, dtype=torch.float64) > 0).double()
    rest = np.array([0, 2])
    nll = [likelihood.nll(readout[..., likelihood.positions(outputs, p)], target[..., p]) for p in (part, rest)]
    if not isinstance(likelihood, gaussian_mixture):
        torch.testing.assert_close(nll[0] + nll[1], likelihood.nll(readout, target))
        return
    logits, mu, a = readout[..., :3], readout[..., 3:15].unflatten(-1, (3, 4)), readout[..., 15:].unflatten(-1, (3, 4))
    scale = (likelihood.FLOOR + (2 * a).exp()).sqrt()
    each = torch.distributions.Normal(mu[..., part], scale[..., part]).log_prob(target[..., None, part]).sum(-1)
    torch.testing.assert_close(nll[0], -torch.logsumexp(torch.log_softmax(logits, -1) + each, -1))


def test_of_a_full_covariance_no_part_stands_by_itself():
    assert gaussian_mixture(3, "full").positions(4, np.array([1])) is None
