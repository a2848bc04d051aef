"""Output distributions and their negative log-likelihood, in nats, summed over the outputs of a step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gatebench.core.errors import BadInput, did_you_mean
from gatebench.core.validation import Count, construct, whole

FLOOR = 1e-8
"""Least variance of a Gaussian, in standardised units: a standard deviation of 1e-4, about a fifth of one 16-bit step at the
level of read speech, and below the 0.29 steps of the noise that dequantises."""


class Likelihood(Protocol):
    """How a readout's numbers become a distribution of the target. A frozen dataclass: its fields are its options."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    OF: ClassVar[tuple[str, ...]]
    """Kinds of targets that it is a distribution of: ``piano_roll``, ``symbols``, ``reals``, ..."""

    def readout(self, outputs: int) -> int:
        """Return how many numbers the readout must give for a target of ``outputs`` values."""
        ...

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return the readout ``[R]`` of a good prediction without inputs, fitted to training targets ``[N, Y]``."""
        ...

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return ``-log p(target)`` of each step in nats, ``[K, T, B]``, of ``[K, T, B, R]`` and ``[K or 1, T, B, Y]``."""
        ...

    def weighted(self, nll: Tensor, target: Tensor) -> Tensor:
        """Return what is trained in place of the NLL ``[K, T, B]`` of targets ``[K or 1, T, B, Y]``."""
        ...

    def positions(self, outputs: int, part: np.ndarray) -> np.ndarray | None:
        """Return which numbers of a readout are the distribution of some outputs by themselves; None: none are.

        With these as readout and that part as target, `nll` is that of the part.
        """
        ...

    def mean(self, readout: Tensor) -> Tensor:
        """Return the expected target ``[..., Y]`` of readouts ``[..., R]``; of classes the probability of each."""
        ...

    def draw(self, readout: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return one target ``[Y]``, drawn from the distribution of a readout ``[R]``."""
        ...


class Unweighted:
    """A likelihood that is trained as it is scored."""

    def weighted(self, nll: Tensor, target: Tensor) -> Tensor:
        """Return the NLL itself."""
        del target
        return nll

    def positions(self, outputs: int, part: np.ndarray) -> np.ndarray | None:
        """Return None: no part of the target has a distribution of its own."""
        del outputs, part
        return None


@dataclass(frozen=True)
class bernoulli(Unweighted):
    """Independent Bernoulli outputs; the readout gives their logits (Chung et al. 2014, Section 4.2)."""

    OF: ClassVar[tuple[str, ...]] = ("piano_roll", "binary")

    def readout(self, outputs: int) -> int:
        """Return the number of logits: one for each output."""
        return outputs

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return the log-odds of each output, with one pseudo-count an outcome as in the unigram baseline."""
        on = targets.sum(0, dtype=np.float64)
        return np.log((on + 1) / (len(targets) - on + 1))

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return ``sum_y max(a, 0) - a y + log(1 + exp(-|a|))``, the stable form of the cross-entropy."""
        return F.binary_cross_entropy_with_logits(*torch.broadcast_tensors(readout, target), reduction="none").sum(-1)

    def positions(self, outputs: int, part: np.ndarray) -> np.ndarray | None:
        """Return the logits of these outputs."""
        del outputs
        return part

    def mean(self, readout: Tensor) -> Tensor:
        """Return the probabilities of ones."""
        return readout.sigmoid()

    def draw(self, readout: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw every output on its own, 0 or 1."""
        from scipy.special import expit  # here, since importing it takes longer than a short training

        return (random.random(readout.shape) < expit(readout.astype(float))).astype(np.float64)


@dataclass(frozen=True)
class categorical(Unweighted):
    """One of several classes; the readout gives their logits."""

    classes: Count
    """How many classes there are; a target is the number of its class, from 0."""

    OF: ClassVar[tuple[str, ...]] = ("symbols",)

    def readout(self, outputs: int) -> int:
        """Return the number of logits: one for each class, whatever ``outputs`` is."""
        del outputs
        return self.classes

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return the logarithms of the frequencies, with one pseudo-count a class as in the unigram baseline."""
        counts = np.bincount(targets[:, 0].astype(int), minlength=self.classes)
        return np.log((counts + 1) / (len(targets) + self.classes))

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return ``logsumexp_v a_v - a_y``."""
        classes = target.long().expand(*readout.shape[:-1], 1)
        return torch.logsumexp(readout, -1) - readout.gather(-1, classes)[..., 0]

    def mean(self, readout: Tensor) -> Tensor:
        """Return the probability of each class."""
        return readout.softmax(-1)

    def draw(self, readout: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw a class by its probability."""
        from scipy.special import softmax

        return np.array([random.choice(self.classes, p=softmax(readout.astype(float)))], float)


@dataclass(frozen=True)
class gaussian(Unweighted):
    """Independent Gaussians; the readout gives ``mu [Y]`` and ``a [Y]``, with the variance ``FLOOR + exp(2 a)``."""

    OF: ClassVar[tuple[str, ...]] = ("reals", "audio")
    FLOOR: ClassVar[float] = FLOOR

    def readout(self, outputs: int) -> int:
        """Return how many means and scales there are: one of each for an output."""
        return 2 * outputs

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return the mean and the scale of each output."""
        variance = targets.var(0, dtype=np.float64)
        return np.concatenate([targets.mean(0, dtype=np.float64), _scale(variance)])

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return ``sum_y (y - mu)^2 / (2 variance) + log(variance) / 2 + log(2 pi) / 2``."""
        mu, a = readout.chunk(2, -1)
        log_diagonal = _log_diagonal(a)
        z = (target - mu) * log_diagonal.exp()
        return (0.5 * z.square() - log_diagonal).sum(-1) + 0.5 * math.log(2 * math.pi) * target.shape[-1]

    def positions(self, outputs: int, part: np.ndarray) -> np.ndarray | None:
        """Return the means and the scales of these outputs."""
        return np.concatenate([part, outputs + part])

    def mean(self, readout: Tensor) -> Tensor:
        """Return ``mu`` of each output."""
        return readout.chunk(2, -1)[0]

    def draw(self, readout: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw every output on its own."""
        mu, a = np.split(readout.astype(float), 2)
        return mu + random.standard_normal(len(mu)) * np.sqrt(self.FLOOR + np.exp(2 * a))


@dataclass(frozen=True)
class gaussian_mixture(Unweighted):
    r"""Mixture of M Gaussians over the Y values of a step (Chung et al. 2014, Section 4.2; Bishop 1994).

    ``p(y) = sum_m pi_m N(y; mu_m, Sigma_m)``. The readout gives, in this order, the M logits of ``pi``, ``mu [M, Y]``,
    ``a [M, Y]``, and for a full covariance the strictly lower triangles ``c [M, Y (Y - 1) / 2]``.

    The precision is ``Sigma^-1 = L^T L`` with L lower triangular: ``z = L (y - mu)`` has
    ``log N = -z z / 2 + sum log L_ii - Y log(2 pi) / 2``. Its diagonal is ``L_ii = (FLOOR + exp(2 a_i))^(-1/2)``, below it
    stands ``L_ij = c_ij L_ii`` (zero for a diagonal covariance). So the variance of a value, given those before it, is
    never below ``FLOOR``.
    """

    components: Annotated[int, whole(1, 1000)] = 20
    covariance: Literal["diagonal", "full"] = "diagonal"

    OF: ClassVar[tuple[str, ...]] = ("audio", "reals")
    FLOOR: ClassVar[float] = FLOOR

    def readout(self, outputs: int) -> int:
        """Return how many weights, means, scales and, if full, numbers below the diagonal there are."""
        below = outputs * (outputs - 1) // 2 if self.covariance == "full" else 0
        return self.components * (1 + 2 * outputs + below)

    def marginal(self, targets: np.ndarray) -> np.ndarray:
        """Return one component for each of M equally large classes of loudness, with the class's mean and deviation.

        Loudness is the root mean square of a step. Silence and shouting are then told apart from the first update on, and
        no two components start alike.
        """
        if len(targets) < self.components:
            raise BadInput(
                f"a mixture of {self.components} components starts from classes of training steps, but there are only "
                f"{len(targets)}; use fewer: task.likelihood.components"
            )
        loudness = np.square(targets, dtype=np.float64).mean(1)
        classes = np.array_split(targets[np.argsort(loudness, kind="stable")].astype(np.float64), self.components)
        means = np.stack([c.mean(0) for c in classes])
        variances = np.stack([c.var(0) for c in classes])
        scales = _scale(variances)
        rest = self.readout(targets.shape[1]) - self.components - means.size - scales.size
        return np.concatenate([np.zeros(self.components), means.ravel(), scales.ravel(), np.zeros(rest)])

    def nll(self, readout: Tensor, target: Tensor) -> Tensor:
        """Return ``-logsumexp_m (log pi_m + log N_m)``, with every part in logarithms."""
        logits, mu, a, c = self._parts(readout, target.shape[-1])
        log_diagonal = _log_diagonal(a)
        away = target.unsqueeze(-2) - mu
        if c is not None:
            away = away + torch.matmul(self._below(c, target.shape[-1]), away.unsqueeze(-1)).squeeze(-1)
        z = away * log_diagonal.exp()
        log_n = (log_diagonal - 0.5 * z.square()).sum(-1) - 0.5 * math.log(2 * math.pi) * target.shape[-1]
        return torch.logsumexp(logits, -1) - torch.logsumexp(logits + log_n, -1)

    def positions(self, outputs: int, part: np.ndarray) -> np.ndarray | None:
        """Return the weights, and the means and the scales of these outputs; None where their covariance is full."""
        if self.covariance == "full":
            return None
        m = self.components
        of_means = (m + outputs * np.arange(m)[:, None] + part).ravel()
        return np.concatenate([np.arange(m), of_means, m * outputs + of_means])

    def mean(self, readout: Tensor) -> Tensor:
        """Return the means of the components, weighed by ``pi``."""
        logits, mu, _, _ = self._parts(readout, self._outputs(readout.shape[-1]))
        return (logits.softmax(-1).unsqueeze(-1) * mu).sum(-2)

    def draw(self, readout: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw a component by its weight, then ``y = mu + L^-1 e`` with e standard normal."""
        outputs = self._outputs(len(readout))
        logits, mu, a, c = self._parts(torch.from_numpy(readout).double(), outputs)
        m = random.choice(self.components, p=logits.softmax(-1).numpy())
        away = torch.from_numpy(random.standard_normal(outputs)) * (self.FLOOR + torch.exp(2 * a[m])).sqrt()
        if c is not None:
            lower = torch.eye(outputs, dtype=torch.float64) + self._below(c[m], outputs)
            away = torch.linalg.solve_triangular(lower, away[:, None], upper=False)[:, 0]
        return (mu[m] + away).numpy()

    def _parts(self, readout: Tensor, outputs: int) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Return the logits, ``mu``, ``a`` and, if the covariance is full, ``c`` of a readout."""
        m = self.components
        sizes = [m, m * outputs, m * outputs]
        logits, mu, a, c = readout.split([*sizes, readout.shape[-1] - sum(sizes)], -1)
        mu, a = mu.unflatten(-1, (m, outputs)), a.unflatten(-1, (m, outputs))
        return logits, mu, a, c.unflatten(-1, (m, -1)) if self.covariance == "full" else None

    @staticmethod
    def _below(c: Tensor, outputs: int) -> Tensor:
        """Return strictly lower triangular matrices ``[..., Y, Y]`` from their entries, row by row."""
        rows, columns = np.tril_indices(outputs, -1)
        matrix = c.new_zeros(*c.shape[:-1], outputs * outputs)
        positions = torch.from_numpy(rows * outputs + columns).to(c.device)
        return matrix.index_copy(-1, positions, c).unflatten(-1, (outputs, outputs))

    def _outputs(self, readout: int) -> int:
        """Return the number of outputs of a readout of so many numbers."""
        return next(y for y in range(1, readout + 1) if self.readout(y) == readout)


def _scale(variance: np.ndarray) -> np.ndarray:
    """Return the number a whose ``FLOOR + exp(2 a)`` is the variance, if that is above the floor."""
    return 0.5 * np.log(np.maximum(variance - FLOOR, FLOOR))


def _log_diagonal(a: Tensor) -> Tensor:
    """Return ``-log(FLOOR + exp(2 a)) / 2``, which no a can overflow; nothing cancels where the floor takes over."""
    floor = math.log(FLOOR)
    return -0.5 * (floor + F.softplus(2 * a - floor, threshold=40))


def build(name: str, options: Mapping[str, object], of: str, classes: int) -> Likelihood:
    """Return the likelihood of a name with its options; ``BadInput`` if it does not fit the targets.

    ``of`` is the kind of the targets, and ``classes`` how many classes they have (0: none).
    """
    likelihoods = {cls.__name__: cls for cls in (bernoulli, categorical, gaussian, gaussian_mixture)}
    likelihood = likelihoods.get(str(name))
    if likelihood is None:
        raise BadInput(f"unknown likelihood '{name}'{did_you_mean(str(name), list(likelihoods))}")
    if of not in likelihood.OF:
        fitting = " or ".join(other for other, cls in likelihoods.items() if of in cls.OF)
        raise BadInput(
            f"likelihood {name} is for data of kind {' or '.join(likelihood.OF)}, but the data is {of}; use {fitting}"
        )
    of_data = {"classes": classes} if classes else {}
    if options.get("classes", classes) != classes:
        raise BadInput(f"task.likelihood.classes is {options['classes']}, but the data has {classes}; remove it")
    return construct(likelihood, "task.likelihood", {**of_data, **options})


def described(likelihood: Likelihood) -> str:
    """Return the name and the options that are not at their defaults: what a key hashes."""
    fields = likelihood.__dataclass_fields__
    changed = [f"{n}={getattr(likelihood, n)}" for n, f in fields.items() if getattr(likelihood, n) != f.default]
    return " ".join([type(likelihood).__name__, *changed])
