"""Chung et al. 2014, Table 2: average NLL, published beside ours, with the baselines."""

import pandas as pd

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import published, style
from gatebench.report.stats.intervals import mean_interval

TITLE = "Table 2 of Chung et al. 2014 beside ours: train / test NLL"
CAPTION = (
    "Nats per time step. Published values are single runs; ours are means over confirming seeds, of test with its 95% "
    "interval. The published LSTM has peepholes. Where a published value is worse than the Markov baseline of the same data, "
    "beating it says little."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """A row for each task and cell that was confirmed; ``-`` where the paper has none; None if it has none of the tasks."""
    if not {task for task, _ in published.TABLE_2} & set(frame.trials.task):
        return None
    rows = []
    for panel, part in comparison_groups(frame.trials):
        baselines = (
            frame.baselines[(frame.baselines.task == panel.task) & (frame.baselines.split == "test")]
            .set_index("baseline")
            .nll
        )
        for cell in style.cells(part[part.stage == "confirm"]):
            trials = part[(part.stage == "confirm") & (part.cell == cell)]
            train, test = (trials[trials.split == split].nll.to_numpy() for split in ("train", "test"))
            paper = published.TABLE_2.get((panel.task, cell))
            rows.append({
                "data": frame.datasets[panel.task],
                "published on": published.STANDS_IN.get(panel.task, "the same") if paper else "-",
                "cell": cell,
                "published train / test": f"{paper[0]:.2f} / {paper[1]:.2f}" if paper else "-",
                "ours train / test": f"{train.mean():.2f} / {mean_interval(test)}",
                "n": len(test),
                **{f"{baseline} baseline": f"{value:.2f}" for baseline, value in baselines.items()},
                "budget": panel.budget,
                "training": panel.training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("-")
