"""Figures of ``gatebench speed``, each drawn from the CSV that stands beside it."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

TITLES = {
    "torch.nn": "torch.nn",
    "reference": "reference engine",
    "fused_cpu": "fused engine",
    "jax scan": "JAX scan, without optimizer",
}
"""Engine -> what the legend calls it; an engine that is not here stands last, under its name."""
COLOURS = {
    ("torch.nn", 1): "#999999",
    ("reference", 1): "#56B4E9",
    ("reference", 10): "#0072B2",
    ("fused_cpu", 1): "#E69F00",
    ("fused_cpu", 10): "#D55E00",
    ("jax scan", 1): "#CC79A7",
    ("jax scan", 10): "#5E4FA2",
}
"""(Engine, population size) -> its colour in published figures; others take those of `OTHER_COLOURS` in turn."""
OTHER_COLOURS = ["#009E73", "#F0E442", "#8C6D31", "#000000"]
"""Colours for engines and population sizes that `COLOURS` does not have."""


def updates(rows: pd.DataFrame) -> Figure:
    """Draw the throughput of every case relative to that of a large matrix product, on a logarithmic scale."""
    shapes = list(dict.fromkeys(zip(rows.batch, rows.steps, rows.inputs, strict=True)))
    counts = [rows[(rows.batch == b) & (rows.steps == t) & (rows.inputs == x)].cell.nunique() for b, t, x in shapes]
    figure, axes = plt.subplots(
        1, len(shapes), figsize=(1.2 + 1.05 * sum(counts), 4.2), sharey=True, squeeze=False, width_ratios=counts
    )
    styles = _styles(rows)
    for axis, (batch, steps, inputs) in zip(axes[0], shapes, strict=True):
        part = rows[(rows.batch == batch) & (rows.steps == steps) & (rows.inputs == inputs)]
        names = list(dict.fromkeys(f"{c}\n{u}" for c, u in zip(part.cell, part.units, strict=True)))
        for (engine, population), (label, colour) in styles.items():
            points = part[(part.engine == engine) & (part.population == population)]
            if points.empty:
                continue
            x = [names.index(f"{c}\n{u}") for c, u in zip(points.cell, points.units, strict=True)]
            axis.plot(x, points.relative_throughput, "o", ms=7, color=colour, mec="white", label=label)
        axis.axhline(1, color="black", lw=1)
        axis.set_xticks(range(len(names)), names, rotation=60, ha="right")
        axis.set_xlim(-0.6, len(names) - 0.4)
        axis.set_yscale("log")
        axis.set_title(f"batch {batch}, {steps} steps,\n{inputs} inputs", fontsize="medium")
    axes[0][0].set_ylabel("FLOPs a second of one update, relative to\na 2048 x 2048 matrix product in torch")
    figure.tight_layout()
    entries = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _styles(rows: pd.DataFrame) -> dict[tuple[str, int], tuple[str, str]]:
    """Return label and colour of every engine and population size of the rows, those of published figures first."""
    present = list(dict.fromkeys(zip(rows.engine, rows.population, strict=True)))
    published = [case for case in COLOURS if case in present]
    others = [case for case in present if case not in COLOURS]
    colours = COLOURS | {case: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, case in enumerate(others)}

    def label(engine: str, population: int) -> str:
        return TITLES.get(engine, engine) + (f", a member of {population}" if population > 1 else "")

    return {case: (label(*case), colours[case]) for case in [*published, *others]}


def populations(rows: pd.DataFrame) -> Figure:
    """Draw the time of an update and peak memory against the size of the population."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    axes[0].plot(rows.population, rows.ms_per_update, "o-", color="#D55E00")
    largest = rows.iloc[-1]
    axes[0].plot(rows.population, rows.population * largest.ms_per_update_per_member, ":", color="black", label="linear")
    axes[0].set_ylabel("ms per update of the population")
    axes[0].legend()
    axes[1].plot(rows.population, rows.peak_mb, "o-", color="#0072B2")
    axes[1].set_ylabel("peak memory of the process (MB)")
    axes[1].set_ylim(bottom=0)
    for axis in axes:
        axis.set_xlabel("members")
    figure.tight_layout()
    return figure


def studies(rows: pd.DataFrame) -> Figure:
    """Draw the wall time of whole studies beside that of plain scripts."""
    figure, axis = plt.subplots(figsize=(5.5, 1.2 + 0.6 * len(rows)))
    heights = np.arange(len(rows))
    axis.barh(heights + 0.2, rows.scripts_seconds, 0.36, color="#999999", label="plain PyTorch scripts, one a core")
    axis.barh(heights - 0.2, rows.sweep_seconds, 0.36, color="#D55E00", label="gatebench sweep")
    for y, seconds, ratio in zip(heights, rows.sweep_seconds, rows.ratio, strict=True):
        axis.text(seconds, y - 0.2, f"  {ratio:.1f} times as fast", va="center")
    axis.set_yticks(heights, [f"{name}\n{trials} trials" for name, trials in zip(rows.study, rows.trials, strict=True)])
    axis.set_xlabel("wall time (s)")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    figure.tight_layout()
    return figure


def save(figure: Figure, numbers: pd.DataFrame, stem: str, folder: Path) -> None:
    """Save a figure as ``stem.png`` and ``stem.pdf`` in a folder, and its numbers as ``stem.csv``."""
    numbers.to_csv(folder / f"{stem}.csv", index=False, float_format="%.6g")
    for suffix in ("png", "pdf"):
        figure.savefig(folder / f"{stem}.{suffix}", metadata={"CreationDate": None} if suffix == "pdf" else None)
    plt.close(figure)
