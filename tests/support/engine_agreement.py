"""Whether the engine for processors computes a case as the reference does, as exactly as float32 allows.

What float32 allows is asked of the reference: the error that it makes in float32 itself, and what becomes of the result in
float64 when parameters and what is carried change by half a unit of float32's last place and the likelihood is computed in
float32. The shares of a mixture's components, for one, lack as many digits as their log densities have before the point.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch

from gatebench.engines.base import Engine, Network, UpdateArrays
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.likelihoods import kernel_of
from gatebench.engines.reference import Reference
from gatebench.training.likelihoods import Likelihood
from gatebench.training.optimizers import UpdateRule, adam
from support.engine_cases import Arrays, Case, arrays, targets

TOLERANCE = 3e-6
"""Relative error of a well-conditioned result."""
TIMES = 8
"""By how many times an error may exceed that of the reference in float32."""
REST = 4e-7
"""Error of one parameter's gradient relative to that of all, where it cancels down to the last bits."""
HALF_A_UNIT = 2.0**-24
"""Relative error of a number that is rounded to float32."""
COMPANY = 1e-12
"""By how much a sequence's loss, relative, may depend on the others of its batch where torch computes the likelihood."""
REFERENCE = Reference()


@dataclass(frozen=True)
class Rounded:
    """A likelihood in float32 of some members, and of the others as precise as their readouts are."""

    exact: Likelihood
    members: int
    """How many members come first that are not rounded."""

    def readout(self, outputs: int) -> int:
        return self.exact.readout(outputs)

    def nll(self, readout: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        first, second = readout[: self.members], readout[self.members :].float()
        targets = target.expand(len(readout), *target.shape[1:])
        rounded = self.exact.nll(second, targets[self.members :].float())
        return torch.cat([self.exact.nll(first, targets[: self.members]), rounded.to(readout)])

    def weighted(self, nll: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.exact.weighted(nll, target)


class Judged(NamedTuple):
    """How far off the worst quantity of a case was."""

    ratio: float
    """Its error by what was allowed."""
    quantity: str
    error: float
    """Relative to the true value's norm."""
    reference: float
    """The error of the reference in float32, likewise."""
    overflows: int
    """Members whose numbers float32 cannot hold, in the reference either."""


class Result(NamedTuple):
    """What an engine computes of a case."""

    losses: list[np.ndarray]
    gradient: torch.Tensor
    carried: list[np.ndarray] | None


@cache
def fused(threads: int, target: str) -> FusedCpu:
    """The engine under test; it keeps the code of the networks that ran last."""
    return FusedCpu(threads, code_for=targets()[target])


def judge(case: Case) -> Judged:
    """Run a case on both engines; an ``AssertionError`` says what does not hold beside the numbers."""
    network, numbers = case.network(), arrays(case)
    engine = fused(case.threads, case.target)
    make_dirty(engine, network, numbers)
    before = numbers.parameters.copy()
    ours = run(engine, network, numbers)
    assert np.array_equal(before, numbers.parameters), "parameters are only read"
    used = sum(rows * columns for rows, columns in network.shapes.values())
    assert not ours.gradient[:, used:].any(), "what is no parameter has no gradient"
    evaluated = evaluate(engine, network, numbers)
    assert_alike_in_any_company(engine, network, numbers, evaluated)
    if numbers.masks is None and numbers.carried is None:
        assert_updates_by_parts(engine, network, numbers)
    members = len(numbers.parameters)
    single = run(REFERENCE, network, numbers)
    probed = replace(network, likelihood=Rounded(case.likelihood, members))
    double = run(REFERENCE, probed, joined(widened(numbers), perturbed(numbers)))
    truth, moved = (taken(double, k) for k in (slice(members), slice(members, None)))
    judged = Judged(0.0, "", 0.0, 0.0, 0)
    for k in range(members):
        if not all(np.isfinite(array).all() for _, array in quantities(network, single, k)):
            judged = judged._replace(overflows=judged.overflows + 1)
            continue
        whole = float(torch.linalg.vector_norm(truth.gradient[k]))
        rows = [quantities(network, result, k) for result in (ours, single, moved, truth)]
        if numbers.masks is None:
            rows = [[*row, ("loss without gradient", row[0][1])] for row in rows]
            rows[0][-1] = "loss without gradient", evaluated[k]
        for (name, a), (_, b), (_, c), (_, t) in zip(*rows, strict=True):
            size = float(np.linalg.norm(t))
            error, *allowed = (float(np.linalg.norm(x - t)) for x in (a, b, c))
            allowed = TIMES * max(allowed) + TOLERANCE * size + (REST * whole if "loss" not in name else 0) + 1e-30
            ratio = error / allowed if np.isfinite(error) else np.inf
            if ratio > judged.ratio:
                relative = max(size, 1e-30)
                away = float(np.linalg.norm(b - t)) / relative
                judged = Judged(ratio, f"{name} of member {k}", error / relative, away, judged.overflows)
    return judged


def make_dirty(engine: FusedCpu, network: Network, numbers: Arrays) -> None:
    """Have the engine work with NaN, which stays in all arrays that it works in."""
    broken = np.full_like(numbers.parameters, np.nan)
    run(engine, network, replace(numbers, parameters=broken))


def run(engine: Engine[Any], network: Network, numbers: Arrays) -> Result:
    """Losses, gradients, and what is carried on."""
    carried = None if numbers.carried is None else [rows.copy() for rows in numbers.carried]
    parameters = torch.from_numpy(numbers.parameters)
    losses, gradient = engine.gradients(network, parameters, batches(engine, network, numbers), numbers.weights,
                                        numbers.masks, carried)  # fmt: skip
    return Result(losses, gradient, carried)


def evaluate(engine: Engine[Any], network: Network, numbers: Arrays) -> list[np.ndarray]:
    """Losses alone."""
    carried = None if numbers.carried is None else [rows.copy() for rows in numbers.carried]
    return engine.losses(network, torch.from_numpy(numbers.parameters), batches(engine, network, numbers), carried)


def batches(engine: Engine[Any], network: Network, numbers: Arrays) -> list[Any]:
    """A batch for each member; those that share their arrays share it."""
    made = {id(arrays_of): engine.batch(network, *arrays_of) for arrays_of in numbers.sequences}
    return [made[id(arrays_of)] for arrays_of in numbers.sequences]


def widened(numbers: Arrays) -> Arrays:
    """The same numbers in float64."""
    carried = None if numbers.carried is None else [rows.astype(np.float64) for rows in numbers.carried]
    return replace(numbers, parameters=numbers.parameters.astype(np.float64), carried=carried)


def perturbed(numbers: Arrays) -> Arrays:
    """The numbers in float64, each a little more or less: half a unit of the last place that it has in float32."""
    random = np.random.default_rng(3)

    def nearby(array: np.ndarray) -> np.ndarray:
        return array * (1 + HALF_A_UNIT * random.choice([-1, 1], array.shape))

    wide = widened(numbers)
    carried = None if wide.carried is None else [nearby(rows) for rows in wide.carried]
    return replace(wide, parameters=nearby(wide.parameters), carried=carried)


def joined(first: Arrays, second: Arrays) -> Arrays:
    """One population of two."""
    return Arrays(
        np.concatenate([first.parameters, second.parameters]),
        [*first.sequences, *second.sequences],
        np.concatenate([first.weights, second.weights]),
        None if first.masks is None or second.masks is None else [*first.masks, *second.masks],
        None if first.carried is None or second.carried is None else [*first.carried, *second.carried],
    )


def taken(result: Result, members: slice) -> Result:
    """The result of some members."""
    carried = None if result.carried is None else result.carried[members]
    return Result(result.losses[members], result.gradient[members], carried)


def quantities(network: Network, result: Result, k: int) -> list[tuple[str, np.ndarray]]:
    """What is compared of a member: losses, what is carried on, and the gradient of each parameter."""
    views = network.views(result.gradient[k : k + 1].double())
    carried = [] if result.carried is None else [("what is carried on", result.carried[k].astype(np.float64))]
    gradients = [(f"gradient of {name}", view[0].numpy()) for name, view in views.items()]
    return [("loss", result.losses[k].astype(np.float64)), *carried, *gradients]


def assert_alike_in_any_company(engine: FusedCpu, network: Network, numbers: Arrays, together: list[np.ndarray]) -> None:
    """A sequence's loss is the same to the bit alone and with others, where there is code for the likelihood."""
    is_coded = kernel_of(network.likelihood) is not None
    for position in (0, -1):
        alone = replace(
            numbers,
            sequences=[([xs[position]], [ys[position]]) for xs, ys in numbers.sequences],
            carried=None if numbers.carried is None else [rows[[position]] for rows in numbers.carried],
        )
        for k, loss in enumerate(evaluate(engine, network, alone)):
            other = together[k][position]
            if is_coded or not np.isfinite(other):
                assert np.array_equal(loss[0], other, equal_nan=True), f"sequence {position} of member {k} alone"
            else:
                away = abs(loss[0] - other) / max(abs(other), 1.0)
                assert away <= COMPANY, f"sequence {position} of member {k} alone is {away:.2g} away"


def assert_updates_by_parts(engine: FusedCpu, network: Network, numbers: Arrays) -> None:
    """An update by one call of compiled code is that of gradient, clipping and step to the last digit; with weight noise."""
    rule, results = UpdateRule(adam(0.9, 0.999, 1e-8), 0.3), []
    for update in (type(engine).update, Engine.update):
        parameters = torch.from_numpy(numbers.parameters.copy())
        noisy = torch.from_numpy(numbers.parameters * np.float32(1.01))
        rates, decay = torch.full((len(parameters), 1), 1e-2), torch.full((len(parameters), 1), 1e-3)
        live = torch.ones(len(parameters), 1, dtype=torch.bool)
        state, decayed = rule.optimizer.start(parameters), torch.ones(network.row)
        arrays_of = UpdateArrays(parameters, noisy, state, rates, decay, decayed, live)
        losses = update(engine, network, rule, arrays_of, batches(engine, network, numbers), numbers.weights)
        results.append((losses, parameters, live))
    (losses, parameters, live), (expected, by_parts, live_by_parts) = results
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(losses, expected, strict=True)), "losses of an update"
    assert torch.equal(live, live_by_parts), "who is live after an update"
    assert torch.equal(parameters[live[:, 0]], by_parts[live[:, 0]]), "parameters after an update"
