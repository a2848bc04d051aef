"""Scores on raw audio in units that do not depend on how it was standardised."""

from typing import Any

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.intervals import mean_interval

TITLE = "Raw audio in other units"
CAPTION = (
    "Test NLL of the confirming trials, mean with 95% interval over seeds. The density of a block of standardised samples "
    "depends on their scale: with n samples in a block and a standard deviation of s 16-bit steps, a block of NLL a costs "
    "a / n nats a sample in standardised units, and (a / n + ln s) / ln 2 bits a sample of 16 bits, which is what coding "
    "the dequantised recording would take. Rows in brackets are baselines."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each baseline and cell of each task on audio; None where the study has none."""
    rows = []
    for task in frame.audio.itertuples():
        title = frame.datasets[str(task.task)]
        baselines = frame.baselines[(frame.baselines.task == task.task) & (frame.baselines.split == "test")]
        for baseline in baselines.itertuples():
            converted = _converted(np.array([baseline.nll]), task.outputs, task.std)
            rows.append(
                {"data": title, "cell": f"[{baseline.baseline}]", **{u: f"{v[0]:.3f}" for u, v in converted.items()}}
            )
        test = frame.confirmed("test")
        for panel, part in comparison_groups(test[test.task == task.task]):
            for cell in style.cells(part):
                nll = part[part.cell == cell].nll.to_numpy()
                shown = {u: str(mean_interval(v)) for u, v in _converted(nll, task.outputs, task.std).items()}
                where = {"n": str(len(nll)), "budget": panel.budget, "training": panel.training}
                rows.append({"data": title, "cell": cell, **shown, **where})
    return pd.DataFrame(rows).fillna("") if rows else None


def _converted(nll: np.ndarray, samples: Any, std: Any) -> dict[str, np.ndarray]:
    """The same scores per block, per sample, and as bits of a code."""
    per_sample = nll / samples
    bits = (per_sample + np.log(std)) / np.log(2)
    return {"nats per block": nll, "nats per sample": per_sample, "bits per 16-bit sample": bits}
