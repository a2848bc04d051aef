"""The results as a table: what each cell scored, with its interval, at what size and cost."""

import pandas as pd

from gatebench.core.hyperparameters import TUNABLE
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import durations, repetitions, style
from gatebench.report.stats.estimates import mean_interval

ORDER = 40
TITLE = "Results"
BY_GROUP = True
CAPTION = (
    "NLL in nats per time step (per sequence, where a whole one has a label), mean over n repetitions with 95% "
    "intervals over them. Each cell has the setting that was best on validation; of several pipelines, each has its own. "
    "The rows in brackets are baselines: predictors without a recurrent cell, which a cell must beat. "
    f"{durations.RULE}."
)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def table(frame: Frame) -> pd.DataFrame:
    """Return a row for each task and cell, after the baselines of the task."""
    rows = []
    for task in frame.trials.task.unique():
        baselines = frame.baselines[frame.baselines.task == task]
        rows += [_baseline(frame, task, baseline) for baseline in baselines.baseline.unique()]
        trials = frame.trials[(frame.trials.task == task) & (frame.trials.stage == "confirm")]
        for group, part in comparison_groups(trials):
            times = durations.means(frame, style.by_cell(part[part.split == "test"]))
            rows += [
                _cell(cell_trials, frame.datasets[task], group, times[cell])
                for cell, cell_trials in style.by_cell(part).items()
            ]
    return pd.DataFrame(rows).fillna("")


def _baseline(frame: Frame, task: str, baseline: str) -> dict[str, object]:
    rows = frame.baselines[(frame.baselines.task == task) & (frame.baselines.baseline == baseline)].set_index("split")
    scores = {f"{split} NLL": f"{rows.nll[split]:.3f}" for split in ("train", "valid", "test")}
    mean = {"test NLL, mean of sequences": f"{rows.nll_sequence_mean['test']:.3f}"}
    return {"data": frame.datasets[task], "cell": f"[{baseline}]", **scores, **mean}


def _cell(trials: pd.DataFrame, title: str, group: ComparisonGroup, core_seconds: float) -> dict[str, object]:
    first = trials.iloc[0]
    by_split = {split: trials[trials.split == split] for split in ("train", "valid", "test")}
    return {
        "data": title,
        "cell": first.cell,
        **{f"{split} NLL": str(mean_interval(repetitions.scores(rows))) for split, rows in by_split.items()},
        "test NLL, mean of sequences": str(mean_interval(repetitions.scores(by_split["test"], "nll_sequence_mean"))),
        "n": str(len(repetitions.scores(by_split["test"]))),
        "diverged": str((by_split["test"].status == "diverged").sum()),
        **{tunable.label: _range(trials[name]) for name, tunable in TUNABLE.items()},
        "units": str(first.units),
        "recurrent parameters": f"{first.parameters_recurrent:,}",
        "total parameters": f"{first.parameters_total:,}",
        "FLOPs per step": f"{first.flops_per_step:,}",
        "state size": str(first.state_size),
        "core-seconds": durations.written(core_seconds),
        "engine": ", ".join(sorted(trials.engine.unique())),
        "budget": group.budget,
        "training": group.training,
    }


def _range(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
