"""The results as a table: what each cell scored, with its interval, at what size and cost."""

import pandas as pd

from gatebench.core.hyperparameters import TUNABLE
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.estimates import mean_interval

ORDER = 40
TITLE = "Results"
CAPTION = (
    "NLL in nats per time step (per sequence, where a whole one has a label), mean over n confirming seeds with 95% "
    "intervals over seeds, at the setting that was best on validation. The rows in brackets are baselines: trivial "
    "predictors that a model must beat."
)


def table(frame: Frame) -> pd.DataFrame:
    """Return a row for each task and cell, after the baselines of the task."""
    rows = []
    for task in frame.trials.task.unique():
        baselines = frame.baselines[frame.baselines.task == task]
        rows += [_baseline(frame, task, baseline) for baseline in baselines.baseline.unique()]
        trials = frame.trials[(frame.trials.task == task) & (frame.trials.stage == "confirm")]
        for group, part in comparison_groups(trials):
            rows += [_cell(cell_trials, frame.datasets[task], group) for cell_trials in style.by_cell(part).values()]
    return pd.DataFrame(rows).fillna("")


def _baseline(frame: Frame, task: str, baseline: str) -> dict[str, object]:
    rows = frame.baselines[(frame.baselines.task == task) & (frame.baselines.baseline == baseline)].set_index("split")
    scores = {f"{split} NLL": f"{rows.nll[split]:.3f}" for split in ("train", "valid", "test")}
    mean = {"test NLL, mean of sequences": f"{rows.nll_sequence_mean['test']:.3f}"}
    return {"data": frame.datasets[task], "cell": f"[{baseline}]", **scores, **mean}


def _cell(trials: pd.DataFrame, title: str, group: ComparisonGroup) -> dict[str, object]:
    first = trials.iloc[0]
    by_split = {split: trials[trials.split == split] for split in ("train", "valid", "test")}
    return {
        "data": title,
        "cell": first.cell,
        **{f"{split} NLL": str(mean_interval(rows.nll)) for split, rows in by_split.items()},
        "test NLL, mean of sequences": str(mean_interval(by_split["test"].nll_sequence_mean)),
        "n": str(len(by_split["test"])),
        "diverged": str((by_split["test"].status == "diverged").sum()),
        **{tunable.label: f"{first[name]:g}" for name, tunable in TUNABLE.items()},
        "units": str(first.units),
        "recurrent parameters": f"{first.parameters_recurrent:,}",
        "total parameters": f"{first.parameters_total:,}",
        "FLOPs per step": f"{first.flops_per_step:,}",
        "state size": str(first.state_size),
        "seconds": f"{by_split['test'].seconds.mean():.1f}",
        "engine": ", ".join(sorted(trials.engine.unique())),
        "budget": group.budget,
        "training": group.training,
    }
