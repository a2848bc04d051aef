"""Published trials come out again: trained anew on the real data, by the code of today."""

from pathlib import Path

import pytest

from gatebench.cli import compose
from gatebench.data import tasks
from gatebench.engines import selection
from gatebench.records import collection
from gatebench.records.store import Store
from gatebench.study.select import selected
from gatebench.training import loop
from gatebench.training.model import Model

pytestmark = pytest.mark.data

RESULTS = Path(__file__).parents[2] / "results"
CLOSE = 0.005
"""Nats per time step: the standard error of a cell's published mean. Processors round differently, and training makes more
of it: between an AMD and an Intel, these trials differ by 1e-8 to 0.0012."""


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_trials_of_jsb_have_their_published_nll(cell):
    (job,) = compose.compose_jobs(["study=jsb", f"cell={cell}", f"results={RESULTS}"])
    members = job.confirmed(selected(job, Store(RESULTS)))
    records = {record.key: record for record in collection.read(RESULTS / "jsb" / "records.parquet")}
    task = tasks.load(job.labels.task, job.dataset, job.predict)
    model = Model(job.graph, task.inputs, task.outputs, job.units, job.likelihood, selection.create(job.engine))
    population = loop.Population.start(model, task, job.training, members)
    for member, outcome in zip(members, loop.train(population, lambda _: None), strict=True):
        published = records[member.key].summary
        for split, score in published.scores.items():
            assert outcome.scores[split]["nll"] == pytest.approx(score.nll, abs=CLOSE), (member.seed, split)
