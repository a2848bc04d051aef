"""What JAX's scan is written for."""

from gatebench.speed import jax_scan


def test_it_runs_updates_of_one_layer_that_predict_at_every_step(case):
    expected = case.work == "update" and case.layers == 1 and not case.bidirectional and case.data.at == "step"
    assert jax_scan.can_run(case) == expected
