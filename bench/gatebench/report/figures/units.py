"""Scores on raw audio in units that do not depend on how it was standardised."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 160
TITLE = "Raw audio in other units"
CAPTION = (
    "Test NLL of the confirming trials, mean with 95% interval over repetitions. The density of a block of "
    "standardised samples depends on their scale. Let there be n samples in a block and a standard deviation of s "
    "16-bit steps. Then a block of NLL a costs a / n nats a sample in standardised units, and (a / n + ln s) / ln 2 "
    "bits a sample of 16 bits. The latter is what coding the dequantised recording would take. Rows in brackets are "
    "baselines."
)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each baseline and cell of each task on audio; None where the study has none."""
    test = frame.confirmed("test")
    rows = []
    for _, audio in frame.audio.iterrows():
        title, samples, std = frame.datasets[audio.task], int(audio.outputs), float(audio["std"])
        baselines = frame.baselines[(frame.baselines.task == audio.task) & (frame.baselines.split == "test")]
        for name, nll in zip(baselines.baseline, baselines.nll, strict=True):
            scores = {unit: f"{score[0]:.3f}" for unit, score in _converted(np.array([nll]), samples, std).items()}
            rows.append({"data": title, "cell": f"[{name}]", **scores})
        for group, trials in comparison_groups(test[test.task == audio.task]):
            for cell, cell_trials in style.by_cell(trials).items():
                nll = repetitions.scores(cell_trials)
                scores = {unit: str(mean_interval(score)) for unit, score in _converted(nll, samples, std).items()}
                where = {"n": str(len(nll)), "budget": group.budget, "training": group.training}
                rows.append({"data": title, "cell": cell, **scores, **where})
    return pd.DataFrame(rows).fillna("") if rows else None


def _converted(nll: np.ndarray, samples: int, std: float) -> dict[str, np.ndarray]:
    """Return the same scores per block, per sample, and as bits of a code.

    ``samples`` is the number in a block, ``std`` the standard deviation of the recordings in 16-bit steps.
    """
    per_sample = nll / samples
    bits = (per_sample + np.log(std)) / np.log(2)
    return {"nats per block": nll, "nats per sample": per_sample, "bits per 16-bit sample": bits}
