"""The answer as a figure: every cell's distance from the GRU, on every task."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import comparisons, style

TITLE = "Which cell? Distance from the GRU"
CAPTION = (
    "Mean test NLL minus that of the GRU (of the cell with the lowest mean, where a panel has no GRU), in nats per "
    "time step (per sequence, where a whole one has a label), "
    "with its 95% interval for new seeds and new sequences, not adjusted for the number of pairs; left is "
    "better. Filled marks "
    "differ from it at p < 0.05 by Holm's adjustment for all pairs of the panel, hollow ones are no difference found. Cells "
    "that are further away than the axis is wide stand at its end with their number."
)
MANY = 5
"""Cells of a panel, from which on the axis may leave one out."""


def numbers(frame: Frame) -> pd.DataFrame | None:
    """One row per panel and cell; None where no panel has two cells."""
    found = comparisons.pairs(frame)
    rows = []
    for panel, _ in comparison_groups(frame.confirmed("test")):
        own = [pair for pair in found if pair.panel == panel]
        cells = {pair.lower for pair in own} | {pair.other for pair in own}
        if not own:
            continue
        beside = "gru" if "gru" in cells else own[0].lower
        rows.append((*panel, beside, beside, 0.0, 0.0, 0.0, np.nan))
        for pair in own:
            d = pair.difference
            if pair.other == beside:
                rows.append((*panel, pair.lower, beside, d.mean, d.low, d.high, pair.p_holm))
            elif pair.lower == beside:
                rows.append((*panel, pair.other, beside, -d.mean, -d.high, -d.low, pair.p_holm))
    columns = ["task", "budget", "training", "cell", "beside", "difference", "low", "high", "p_holm"]
    return pd.DataFrame(rows, columns=columns) if rows else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """One panel for each task, budget and protocol."""
    parts = comparison_groups(numbers)
    figure, axes = style.grid(len(parts), width=3.9, height=3.1, columns=3)
    everything = style.cells(frame.trials)
    for axis, (panel, part) in zip(axes, parts, strict=True):
        present = style.cells(part)
        most = 1.05 * max(0.01, float(np.nanmax(np.abs(part[["difference", "low", "high"]].to_numpy(float)))))
        if len(part) >= MANY:  # one cell that is far off would leave the others on top of each other
            most = min(most, 4 * max(0.01, float(part.difference.abs().median())))
        for i, cell in enumerate(present):
            row, look = part[part.cell == cell].iloc[0], style.look(cell, everything)
            face = look["color"] if row.p_holm < comparisons.LEVEL or cell == row.beside else "white"
            if abs(row.difference) > most:
                axis.plot(np.sign(row.difference) * most, i, ls="", ms=8, mec=look["color"], mfc=face, clip_on=False, **look)
                side = 1 if row.difference > 0 else -1
                text = {"ha": "right" if side > 0 else "left", "va": "center", "fontsize": 8}
                offset = {"xytext": (-8 * side, 0), "textcoords": "offset points"}
                axis.annotate(f"{row.difference:+.2f}", (side * most, i), **offset, **text)
                continue
            axis.plot(np.clip([row.low, row.high], -most, most), [i, i], color=look["color"], lw=1.6)
            axis.plot(row.difference, i, ls="", ms=8, mec=look["color"], mfc=face, **look)
        axis.axvline(0, color="0.6", lw=1, zorder=0)
        axis.set_xlim(-1.05 * most, 1.05 * most)
        axis.set_yticks(range(len(present)), present)
        axis.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))
        axis.margins(y=0.1)
        axis.invert_yaxis()
        axis.set_xlabel(f"difference to {part.beside.iloc[0]} (nats per {frame.predicted(panel.task)})")
        style.heading(axis, frame.title(panel))
    figure.tight_layout()
    return figure
