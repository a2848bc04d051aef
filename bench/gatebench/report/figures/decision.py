"""The decision: which cell to take for each kind of task and budget, how sure that is, and what it costs if it is wrong."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import blocks, decisions, durations, families, margins, repetitions, words
from gatebench.report.decisions import Decision

ORDER = 15
TITLE = "Which cell to take"
CAPTION = (
    "For each comparison group the cell with the lowest mean test NLL. Where others are equivalent to it, it is the "
    "cheapest of them all that are below the best baseline (by FLOPs to two digits, then by the size of the state). "
    "Lower by: mean of the next, which is the best of the other cells, minus mean of the cell, in nats per time step "
    "(per sequence, where a whole one has a label). It is below zero where a cheaper cell was taken. Its 95% interval "
    "is of this difference alone, for new repetitions and new sequences. This interval does not count that both were "
    "chosen by these scores; what is lost at most does. P(lower): the probability that a new repetition of the cell "
    "scores lower than one of the next. Verdict, which counts all pairs of the group (Holm): better, where the lowest "
    f"cell is better than every other; undecided or equivalent with those that are named. {margins.RULE}. Lost at "
    "most: what it costs if the choice is wrong. That is by how much the cell is above the best one, whichever that "
    "is, at 95% confidence (multiple comparisons with the best, Bonferroni). Cells of which a repetition is above the "
    "best baseline are not among those. It counts the comparisons with this cell alone, and may be 0 where some are "
    "undecided. FLOPs are those of the recurrent layer a time step, core-seconds "
    f"the training time of one trial. {durations.RULE}. Where no cell is shown to be below the best baseline, none is "
    "taken."
)
COLUMNS = [
    "kind", "data", "budget", "cell", "verdict", "next", "lower by", "P(lower)", "n", "lost at most", "FLOPs per step",
    "state", "core-seconds", "training",
]  # fmt: skip
"""Columns of the table."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, what hangs together, and what is tested."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame), *families.note(frame)]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each comparison group, those of one kind of data together; None where none has two cells."""
    rows = [
        dict.fromkeys(COLUMNS, "")
        | {"kind": _kind(frame, one), "data": frame.datasets[one.group.task]}
        | {"budget": one.group.budget, "training": one.group.training}
        | (_cell(one) if one.baseline is None else _none(one, one.baseline))
        for one in decisions.decisions(frame)
    ]
    return pd.DataFrame(rows).sort_values("kind", kind="stable") if rows else None


def _kind(frame: Frame, decision: Decision) -> str:
    task = decision.group.task
    return f"{frame.kinds.get(task, '').replace('_', ' ')}{', whole' if frame.at.get(task) == 'sequence' else ''}"


def _none(decision: Decision, baseline: tuple[str, float]) -> dict[str, str]:
    is_above = float(repetitions.scores(decision.trials).mean()) > baseline[1]
    return {
        "cell": "none",
        "verdict": f"{'all above' if is_above else 'not shown to be below'} {baseline[0]}, {baseline[1]:.3f}",
    }


def _cell(decision: Decision) -> dict[str, str]:
    p, trials = decision.probability, decision.trials
    is_single = np.isnan(decision.lower.p)
    return {
        "cell": decision.cell,
        "verdict": "one seed" if is_single else _verdict(decision),
        "next": decision.next,
        "lower by": words.interval(decision.lower.mean, decision.lower.low, decision.lower.high),
        "P(lower)": f"{p.mean:.2f}" + ("" if p.n == 1 else f" [{p.low:.2f}, {p.high:.2f}]"),
        "n": f"{decision.n[0]}, {decision.n[1]} {repetitions.unit(trials)}s",
        "lost at most": "" if np.isnan(decision.regret) else words.fixed(decision.regret),
        "FLOPs per step": f"{trials.flops_per_step.mean():,.0f}",
        "state": f"{trials.state_size.mean():,.0f}",
        "core-seconds": durations.written(decision.core_seconds),
    }


def _verdict(decision: Decision) -> str:
    parts = []
    if decision.undecided:
        parts.append(f"undecided: {', '.join(decision.undecided)}")
    if decision.equivalent:
        but = f" but for {', '.join(decision.not_below)}, not shown to be below the baseline" if decision.not_below else ""
        parts.append(f"equivalent: {', '.join(decision.equivalent)}, of which it is the cheapest{but}")
    if decision.untested:
        parts += [f"better than {', '.join(decision.beaten)}"] if decision.beaten else []
        parts.append(f"not tested beside {len(decision.untested)} other{'s' * (len(decision.untested) > 1)}")
    return "; ".join(parts) or "better"
