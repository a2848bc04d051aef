"""JAX's scan, where JAX is installed: its loss and gradient are ours."""

import numpy as np
import pytest

from gatebench.speed import jax_scan
from gatebench.speed.engines import population
from gatebench.training.evaluation import make_batch


def test_its_loss_and_gradient_are_ours(case):
    pytest.importorskip("jax")
    if not jax_scan.can_run(case):
        pytest.skip("no scan is written for this")
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


def test_it_runs_updates_of_one_layer_that_predict_at_every_step(case):
    expected = case.work == "update" and case.layers == 1 and not case.bidirectional and case.data.at == "step"
    assert jax_scan.can_run(case) == expected
