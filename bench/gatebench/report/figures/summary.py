"""The answer as a table: cells down, tasks across."""

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import blocks, comparisons, families, margins, repetitions, style, words

ORDER = 20
TITLE = "Which cell?"
CAPTION = (
    "Mean test NLL in nats per time step (per sequence, where a whole one has a label). In brackets stands what it is "
    "above the lowest. The 95% interval is of this difference alone, over new repetitions and new sequences. Marks "
    "count all pairs of the task (Holm): 'lowest' has the lowest mean; '=' is equivalent to it, '?' undecided, all "
    f"others are worse, at p < 0.05. {margins.RULE}. Cells of one budget and protocol that were confirmed on two tasks "
    "or more."
)

OF_FAMILY = (
    "Mean test NLL in nats per time step (per sequence, where a whole one has a label). In brackets stands what it is "
    "above {beside}. The 95% interval is of this difference alone, over new repetitions and new sequences. Marks count all "
    "pairs of the task (Holm): '<' is lower and '>' higher, at p < 0.05; '=' is equivalent to it, '?' undecided; what has "
    f"no mark is not tested. {margins.RULE}. Cells of one budget and protocol that were confirmed on two tasks or more."
)
"""The caption where a study tests other pairs than all."""

MARKS = {"better": "", "equivalent": "=", "undecided": "?"}
"""What is said of a cell and the lowest one -> the mark of the cell."""
MARKS_OF_FAMILY = {"better": ">", "equivalent": "=", "undecided": "?", "untested": ""}
"""What is said of a cell that is the higher one, where a study tests other pairs -> its mark."""


def caption(frame: Frame) -> str:
    """Return the caption of a study, which says what its marks count."""
    contrasts = frame.declared.contrasts
    return CAPTION if contrasts.are_all else OF_FAMILY.replace("{beside}", contrasts.against or "the lowest")


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what is tested."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame)]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each budget, protocol and cell with two tasks or more; None where there is none."""
    pairs = comparisons.pairs(frame)
    rows = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        for cell, trials in style.by_cell(part).items():
            if trials.task.nunique() < 2:
                continue
            scores, counts = {}, []
            for task, task_trials in trials.groupby("task", sort=False):
                counts.append(repetitions.counted(task_trials))
                group = ComparisonGroup(str(task), str(budget), str(training))
                mean = repetitions.scores(task_trials).mean()
                scores[frame.datasets[str(task)]] = f"{words.fixed(mean)}{_beside(frame, pairs, group, cell)}"
            rows.append({
                "cell": cell,
                **scores,
                "units": ", ".join(str(units) for units in trials.units.unique()),
                "recurrent parameters": ", ".join(f"{count:,}" for count in trials.parameters_recurrent.unique()),
                "FLOPs per step": ", ".join(f"{count:,}" for count in trials.flops_per_step.unique()),
                "n": ", ".join(dict.fromkeys(counts)),
                "budget": budget,
                "training": training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None


def _beside(frame: Frame, pairs: list[comparisons.Pair], group: ComparisonGroup, cell: str) -> str:
    """Return what stands behind a cell's mean: how far it is above the one beside, and the verdict."""
    of_group = [pair for pair in pairs if pair.group == group]
    if not of_group:
        return ""
    contrasts, lowest = frame.declared.contrasts, of_group[0].lower  # pairs begin with the lowest cell
    of_lowest = comparisons.against(of_group, group, lowest)
    beside = contrasts.against if contrasts.against in of_lowest else lowest
    if cell == beside:
        return " lowest" if cell == lowest else ""
    difference, pair = comparisons.against(of_group, group, beside)[cell]
    if contrasts.are_all:
        return f" (+{difference}) {MARKS[pair.verdict]}".rstrip()
    mark = "<" if pair.verdict == "better" and pair.lower == cell else MARKS_OF_FAMILY[pair.verdict]
    return f" ({'' if difference.mean < 0 else '+'}{difference}) {mark}".rstrip()
