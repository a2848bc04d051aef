"""Chung et al. 2014, Table 2: average NLL, published beside ours, with the baselines."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import published, repetitions, style, words
from gatebench.report.stats.estimates import mean_interval

ORDER = 60
TITLE = "Table 2 of Chung et al. 2014 beside ours: train / test NLL"
CAPTION = (
    "Nats per time step. Published values are single runs; ours are means over repetitions, of test with its 95% "
    "interval. The published LSTM has peepholes. Where a published value is worse than the Markov baseline of the same "
    "data, beating it says little."
)


NOTES = published.DEVIATIONS


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each task and cell that was confirmed, with ``-`` where the paper has none.

    None if the paper has none of the tasks.
    """
    if not {task for task, _ in published.TABLE_2} & set(frame.trials.task):
        return None
    rows = []
    for group, part in comparison_groups(frame.trials):
        of_task = (frame.baselines.task == group.task) & (frame.baselines.split == "test")
        baselines = frame.baselines[of_task].set_index("baseline").nll
        for cell, trials in style.by_cell(part[part.stage == "confirm"]).items():
            train, test = (repetitions.scores(trials[trials.split == split]) for split in ("train", "test"))
            paper = published.TABLE_2.get((group.task, cell))
            rows.append({
                "data": frame.datasets[group.task],
                "published on": published.STANDS_IN.get(group.task, "the same") if paper else "-",
                "cell": cell,
                "published train / test": f"{paper[0]:.2f} / {paper[1]:.2f}" if paper else "-",
                "ours train / test": f"{words.fixed(train.mean(), 2)} / {mean_interval(test)}",
                "n": len(test),
                **{f"{baseline} baseline": f"{nll:.2f}" for baseline, nll in baselines.items()},
                "budget": group.budget,
                "training": group.training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("-")
