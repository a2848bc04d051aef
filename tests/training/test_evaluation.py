"""Evaluations: how sequences are put into batches changes no loss."""

import numpy as np
import pytest

from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.training import evaluation
from support.training import start


@pytest.mark.parametrize("most_steps", [1, 20, 45])
def test_losses_of_a_split_do_not_depend_on_its_batches(task, most_steps, monkeypatch):
    """Populations of other sizes are evaluated in batches of other sizes: the same numbers to the bit."""
    population, sequences = start(task, engine=FusedCpu()), task.splits["train"]

    def losses():
        split = evaluation.prepare(population.model, sequences, len(population.parameters))
        computed = evaluation.sequence_losses(population.model, population.parameters, split, evaluation.noop)
        return len(split.batches), computed

    batches, expected = losses()
    monkeypatch.setattr(evaluation, "EVALUATED_STEPS", most_steps)
    more_batches, computed = losses()
    assert more_batches > batches == 1
    assert np.array_equal(computed, expected)
