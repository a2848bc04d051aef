"""What jobs of one sweep share in a process: data, read and framed once, models, compiled once, and the yardstick."""

from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.data import tasks
from gatebench.data.tasks import Portion, Task
from gatebench.study import yardstick
from gatebench.study.job import Job

if TYPE_CHECKING:
    from gatebench.training.model import Model

MODELS = 4
"""Models that are held, those that were asked for last."""


class Loaded:
    """The task and the models of the last jobs. Of tasks one is held, since data may be large."""

    def __init__(self, sweep: Path | None = None) -> None:
        """Begin with nothing loaded; ``sweep`` is the folder of the sweep that is on its way, if there is one."""
        self._sweep = sweep
        self._task: tuple[object, Task] | None = None
        self._models: dict[object, "Model"] = {}

    def task(self, job: Job) -> Task:
        """Return the data set of a job, read and framed."""
        wanted = self._of_task(job)
        if self._task is None or self._task[0] != wanted:
            self._task = None  # so that there are not two of them in memory
            self._task = (wanted, tasks.load(*wanted))
        return self._task[1]

    def model(self, job: Job, task: Task) -> "Model":
        """Return the cell of a job with its readout, on the engine of the job."""
        from gatebench.engines import selection
        from gatebench.training import weighting
        from gatebench.training.model import Model

        at, graph = job.framing.predicted_per(job.card), job.graph
        cell = (graph.name, repr(graph.options), graph.fingerprint, job.stack, job.units, at)
        wanted = (
            *self._of_task(job),
            *cell,
            repr(job.likelihood),
            job.training.class_weights,
            job.engine,
            job.threads,
            job.device,
        )
        model = self._models.pop(wanted, None)
        if model is None:
            engine = selection.create(job.engine, job.threads, job.device)
            likelihood = weighting.likelihood(job.likelihood, task, job.training)
            model = Model(graph, task.inputs, task.outputs, job.units, likelihood, engine, stack=job.stack, at=at)
        self._models[wanted] = model
        while len(self._models) > MODELS:
            del self._models[next(iter(self._models))]
        return model

    def matmul_rate(self, job: Job) -> float:
        """Return what the throughputs of a job's trials are relative to."""
        return yardstick.rate(self._sweep, job.threads, job.device)

    def _of_task(self, job: Job) -> tuple[str, str, str, Portion]:
        return job.labels.task, job.dataset, job.predict, job.portion
