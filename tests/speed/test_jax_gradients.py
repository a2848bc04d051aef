"""JAX's scan, where JAX is installed: its loss and gradient are ours."""

import numpy as np
import pytest

from gatebench.speed import jax_scan
from gatebench.speed.engines import population
from gatebench.training.evaluation import make_batch
from support.speed_cases import SMALL


@pytest.mark.parametrize("case", [case for case in SMALL if jax_scan.can_run(case)], indirect=True)
def test_its_loss_and_gradient_are_ours(case):
    run = jax_scan.call(case, 2)
    losses, gradients = run.call()
    model, (sequences,) = case.model("reference"), case.sequences()
    members, batch = population(case, model, 2), make_batch(model, sequences)
    weight = 1 / batch.predictions.sum()
    expected, gradient = model.engine.gradients(model, members.parameters, [batch] * 2, np.full(2, weight))
    assert np.allclose(losses, [weight * one.sum() for one in expected], rtol=1e-4)
    for name, view in model.views(gradient).items():
        assert np.allclose(gradients[name], view, atol=1e-4 * float(view.abs().max()) + 1e-6), name
    assert run.compile_seconds > 0
