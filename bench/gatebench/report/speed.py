"""Figures of ``gatebench speed``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

ENGINES = {
    ("torch.nn", 1): ("torch.nn", "#999999"),
    ("reference", 1): ("reference engine", "#56B4E9"),
    ("reference", 10): ("reference engine, a member of 10", "#0072B2"),
    ("fused_cpu", 1): ("fused engine", "#E69F00"),
    ("fused_cpu", 10): ("fused engine, a member of 10", "#D55E00"),
    ("jax scan", 1): ("JAX scan, without optimizer", "#CC79A7"),
    ("jax scan", 10): ("JAX scan, without optimizer, a member of 10", "#5E4FA2"),
}


def updates(rows: pd.DataFrame) -> Figure:
    """Every case as a fraction of the rate of a large matrix product, the roof, on a logarithmic scale."""
    shapes = list(dict.fromkeys(zip(rows.batch, rows.steps, rows.inputs, strict=True)))
    counts = [rows[(rows.batch == b) & (rows.steps == t) & (rows.inputs == x)].cell.nunique() for b, t, x in shapes]
    figure, axes = plt.subplots(
        1, len(shapes), figsize=(1.2 + 1.05 * sum(counts), 4.2), sharey=True, squeeze=False, width_ratios=counts
    )
    for axis, (batch, steps, inputs) in zip(axes[0], shapes, strict=True):
        part = rows[(rows.batch == batch) & (rows.steps == steps) & (rows.inputs == inputs)]
        names = list(dict.fromkeys(f"{c}\n{u}" for c, u in zip(part.cell, part.units, strict=True)))
        for (engine, population), (label, colour) in ENGINES.items():
            own = part[(part.engine == engine) & (part.population == population)]
            if own.empty:
                continue
            at = [names.index(f"{c}\n{u}") for c, u in zip(own.cell, own.units, strict=True)]
            axis.plot(at, own.relative_throughput, "o", ms=7, color=colour, mec="white", label=label)
        axis.axhline(1, color="black", lw=1)
        axis.set_xticks(range(len(names)), names, rotation=60, ha="right")
        axis.set_xlim(-0.6, len(names) - 0.4)
        axis.set_yscale("log")
        axis.set_title(f"batch {batch}, {steps} steps,\n{inputs} inputs", fontsize="medium")
    axes[0][0].set_ylabel("FLOPs a second of one update,\nas a fraction of a 2048 matrix product's")
    figure.tight_layout()
    found = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(found.values(), found.keys(), loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def populations(rows: pd.DataFrame) -> Figure:
    """Time of an update and peak memory against the size of the population."""
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
    """Wall time of whole studies, beside plain scripts."""
    figure, axis = plt.subplots(figsize=(5.5, 1.2 + 0.6 * len(rows)))
    at = np.arange(len(rows))
    axis.barh(at + 0.2, rows.scripts_seconds, 0.36, color="#999999", label="plain PyTorch scripts, one a core")
    axis.barh(at - 0.2, rows.sweep_seconds, 0.36, color="#D55E00", label="gatebench sweep")
    for y, row in zip(at, rows.itertuples(), strict=True):
        axis.text(row.sweep_seconds, y - 0.2, f"  {row.ratio:.1f} times as fast", va="center")  # pyright: ignore
    axis.set_yticks(at, [f"{name}\n{trials} trials" for name, trials in zip(rows.study, rows.trials, strict=True)])
    axis.set_xlabel("wall time (s)")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    figure.tight_layout()
    return figure


def save(figure: Figure, numbers: pd.DataFrame, stem: str, folder: str) -> None:
    """The picture, and the CSV of its numbers beside it."""
    numbers.to_csv(f"{folder}/{stem}.csv", index=False, float_format="%.6g")
    for ending in ("png", "pdf"):
        figure.savefig(f"{folder}/{stem}.{ending}", metadata={"CreationDate": None} if ending == "pdf" else None)
    plt.close(figure)
