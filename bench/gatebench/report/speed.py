"""Figures of ``gatebench speed``, each drawn from the CSV that stands beside it: a panel or a line for each machine."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

TITLES = {
    "torch.nn": "torch.nn",
    "torch.compile": "torch.compile",
    "reference": "reference engine",
    "fused_cpu": "fused engine",
    "jax scan": "JAX scan, without optimizer",
    "exported module": "exported module",
    "onnxruntime": "exported file, onnxruntime",
}
"""Engine -> what the legend calls it; an engine that is not here stands last, under its name."""
COLOURS = {
    ("torch.nn", 1): "#999999",
    ("torch.compile", 1): "#000000",
    ("reference", 1): "#56B4E9",
    ("reference", 10): "#0072B2",
    ("fused_cpu", 1): "#E69F00",
    ("fused_cpu", 10): "#D55E00",
    ("jax scan", 1): "#CC79A7",
    ("jax scan", 10): "#5E4FA2",
    ("exported module", 1): "#009E73",
    ("onnxruntime", 1): "#8C6D31",
}
"""(Engine, population size) -> its colour in published figures; others take those of `OTHER_COLOURS` in turn."""
OTHER_COLOURS = ["#F0E442", "#66A61E", "#A6761D", "#E7298A"]
"""Colours for what has none in published figures: engines, population sizes, and machines."""
LINE = 0.18
"""Height in inches of one line of a figure with a line for each case."""


def updates(rows: pd.DataFrame) -> Figure:
    """Draw the throughput of every case relative to that of a large matrix product, on a logarithmic scale."""
    lines = _lines(rows)
    figure, axes = _panels(rows, height=1.6 + LINE * len(lines))
    for axis, (_, part) in zip(axes, _by_machine(rows), strict=True):
        for (engine, population), (label, colour) in _styles(rows).items():
            points = part[(part.engine == engine) & (part.population == population)]
            heights = [lines.index(line) for line in _groups_and_models(points)]
            axis.plot(points.relative_throughput, heights, "o", ms=6, color=colour, mec="white", label=label)
        axis.axvline(1, color="black", lw=1)
        axis.set_xscale("log")
        axis.grid(axis="y", visible=False)
        axis.set_xlabel("FLOPs a second, relative to\na 2048 x 2048 matrix product in torch")
    names = [model or group for group, model in lines]
    axes[0].set_yticks(range(len(lines)), names)
    for text, (_, model) in zip(axes[0].get_yticklabels(), lines, strict=True):
        text.set_fontweight("normal" if model else "bold")
    axes[0].set_ylim(len(lines) - 0.4, -0.6)
    _legend(figure, axes, columns=2)
    return figure


def _lines(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what stands beside the lines of a figure, from above: a group's name, then the models of the group."""
    models: dict[str, dict[str, None]] = {}
    for group, model in _groups_and_models(rows):
        models.setdefault(group, {})[model] = None
    return [(group, model) for group, of_group in models.items() for model in ["", *of_group]]


def _groups_and_models(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return for each row what its group is called, and its model."""
    columns = ["work", "data", "batch", "steps", "cell", "units", "layers", "bidirectional"]
    named = []
    for work, data, batch, steps, cell, units, layers, bidirectional in rows[columns].to_numpy():
        group = f"{data}, batch {batch}, {steps} steps"
        stack = f", {layers} layers" if layers > 1 else ", 2 directions" if bidirectional else ""
        named.append((group if work == "update" else f"{work}, {group}", f"{cell} {units}{stack}"))
    return named


def _styles(rows: pd.DataFrame) -> dict[tuple[str, int], tuple[str, str]]:
    """Return label and colour of every engine and population size of the rows, those of published figures first."""
    present = list(dict.fromkeys(zip(rows.engine, rows.population, strict=True)))
    published = [case for case in COLOURS if case in present]
    others = [case for case in present if case not in COLOURS]
    colours = COLOURS | {case: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, case in enumerate(others)}

    def label(engine: str, population: int) -> str:
        return TITLES.get(engine, engine) + (f", a member of {population}" if population > 1 else "")

    return {case: (label(*case), colours[case]) for case in [*published, *others]}


def _by_machine(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), part) for name, part in rows.groupby("machine", sort=False)]


def _panels(rows: pd.DataFrame, height: float, width: float = 3.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each machine, under its name, side by side with one vertical axis."""
    machines = _by_machine(rows)
    figure, axes = plt.subplots(
        1, len(machines), figsize=(2.4 + width * len(machines), height), sharex=True, sharey=True, squeeze=False
    )
    for axis, (name, _) in zip(axes[0], machines, strict=True):
        axis.set_title(name)
    return figure, list(axes[0])


def _legend(figure: Figure, axes: list[Axes], columns: int) -> None:
    """Lay out the panels and put one legend for all above them."""
    figure.tight_layout()
    entries = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(entries.values(), entries.keys(), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns)


def populations(rows: pd.DataFrame) -> Figure:
    """Draw the time of an update and peak memory against the size of the population, a line for each machine."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    for (name, part), colour in zip(_by_machine(rows), ["#D55E00", "#0072B2", *OTHER_COLOURS], strict=False):
        largest = part.iloc[-1]
        axes[0].plot(part.population, part.ms_per_update, "o-", color=colour, label=name)
        axes[0].plot(part.population, part.population * largest.ms_per_update_per_member, ":", color=colour)
        axes[1].plot(part.population, part.peak_mb, "o-", color=colour, label=name)
    axes[0].plot([], [], ":", color="black", label="linear")
    axes[0].set_ylabel("ms per update of the population")
    axes[0].legend()
    axes[1].set_ylabel("peak memory of the process (MB)")
    axes[1].set_ylim(bottom=0)
    for axis in axes:
        axis.set_xlabel("members")
    figure.tight_layout()
    return figure


def studies(rows: pd.DataFrame) -> Figure:
    """Draw the wall time of whole studies beside that of plain scripts."""
    names = list(dict.fromkeys(f"{name}\n{trials} trials" for name, trials in zip(rows.study, rows.trials, strict=True)))
    figure, axes = _panels(rows, height=1.4 + 0.6 * len(names))
    for axis, (_, part) in zip(axes, _by_machine(rows), strict=True):
        heights = np.array(
            [names.index(f"{name}\n{trials} trials") for name, trials in zip(part.study, part.trials, strict=True)]
        )
        axis.barh(heights + 0.2, part.scripts_seconds, 0.36, color="#999999", label="plain PyTorch scripts, one a core")
        axis.barh(heights - 0.2, part.sweep_seconds, 0.36, color="#D55E00", label="gatebench sweep")
        for y, seconds, ratio in zip(heights, part.sweep_seconds, part.ratio, strict=True):
            axis.text(seconds, y - 0.2, f"  {ratio:.1f} times as fast", va="center")
        axis.set_xlabel("wall time (s)")
    axes[0].set_yticks(range(len(names)), names)
    _legend(figure, axes, columns=2)
    return figure


def inference(rows: pd.DataFrame) -> Figure:
    """Draw the time of one step and the rate of many sequences at once: a column of panels for each machine."""
    rows = rows.assign(population=1, cell=[f"{cell} {units}" for cell, units in zip(rows.cell, rows.units, strict=True)])
    machines, cells = _by_machine(rows), list(dict.fromkeys(rows.cell))
    size = (2.4 + 3.6 * len(machines), 2 * (0.9 + 0.3 * len(cells)))
    figure, axes = plt.subplots(2, len(machines), figsize=size, sharex="row", sharey=True, squeeze=False)
    for column, (name, part) in enumerate(machines):
        axes[0][column].set_title(name)
        for axis, number, unit in (
            (axes[0][column], "microseconds_per_step", "one step of one sequence (\u00b5s)"),
            (axes[1][column], "steps_per_second", "steps a second, 256 sequences at once"),
        ):
            for (engine, _), (label, colour) in _styles(rows).items():
                points = part[part.engine == engine]
                heights = [cells.index(cell) for cell in points.cell]
                axis.plot(points[number], heights, "o", ms=6, color=colour, mec="white", label=label)
            axis.set_xscale("log")
            axis.set_xlim(10 ** np.floor(np.log10(rows[number].min())), 10 ** np.ceil(np.log10(rows[number].max())))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_xlabel(unit)
    axes[0][0].set_yticks(range(len(cells)), cells)
    axes[0][0].set_ylim(len(cells) - 0.5, -0.5)
    _legend(figure, [*axes[0], *axes[1]], columns=3)
    return figure


def cells(rows: pd.DataFrame) -> Figure:
    """Draw every cell at 20,000 parameters on one page: FLOPs of a step, then time and rate of an update for each machine.

    Time is relative to that of the GRU, timed beside it. Cells stand in the order of their time at the first shape, on the
    machine that was timed first.
    """
    rows = rows[rows.data == "music"]
    rows = rows.assign(model=[f"{cell} {units}" for cell, units in zip(rows.cell, rows.units, strict=True)])
    first = rows[(rows.engine == "fused_cpu") & (rows.machine == rows.machine.iloc[0])]
    machines, models = _by_machine(rows), list(first.sort_values(["batch", "ratio"], ascending=False).model.unique())
    models += [model for model in rows.model.unique() if model not in models]  # timed on another machine alone
    shapes = sorted({(int(batch), int(steps)) for batch, steps in zip(rows.batch, rows.steps, strict=True)}, reverse=True)
    figure, axes = plt.subplots(
        1, 1 + 2 * len(machines), figsize=(3 + 5.4 * len(machines), 1.4 + LINE * len(models)), sharey=True, squeeze=False
    )
    costs = rows.drop_duplicates("model")
    axes[0][0].plot(costs.flops_per_step / 1000, [models.index(model) for model in costs.model], "o", color="black")
    axes[0][0].set_xlabel("thousand FLOPs a step")
    axes[0][0].set_xlim(left=0)
    for column, (name, part) in enumerate(machines):
        time, rate = axes[0][1 + 2 * column], axes[0][2 + 2 * column]
        time.set_title(name, loc="left")
        for (batch, steps), hollow in zip(shapes, (False, True), strict=False):
            of_shape = part[(part.batch == batch) & (part.steps == steps)]
            for (engine, population), (label, colour) in _styles(rows).items():
                points = of_shape[(of_shape.engine == engine) & (of_shape.population == population)]
                heights = [models.index(model) for model in points.model]
                look = {
                    "ms": 5,
                    "mec": colour,
                    "color": "none" if hollow else colour,
                    "label": f"{label}, {batch} x {steps}",
                }
                time.plot(1 / points.ratio, heights, "o", **look)
                rate.plot(points.relative_throughput, heights, "o", **look)
        time.set_xlabel("time of an update, the GRU's = 1")
        rate.set_xlabel("FLOPs a second, relative to\na large matrix product")
        for axis in (time, rate):
            axis.set_xscale("log")
            axis.axvline(1, color="black", lw=1)
    axes[0][0].set_yticks(range(len(models)), models)
    axes[0][0].set_ylim(len(models) - 0.5, -0.5)
    _legend(figure, list(axes[0]), columns=3)
    return figure


def breakdown(rows: pd.DataFrame) -> Figure:
    """Draw where the time of an update goes: a bar for each shape, and its milliseconds beside it."""
    rows = rows.assign(shape=[f"{cell} {units}, {data}, {b} x {t}" for data, cell, units, b, t in rows[SHAPE].to_numpy()])
    names = list(dict.fromkeys(rows["shape"]))
    figure, axes = _panels(rows, height=1.4 + 0.4 * len(names))
    share = rows.ms_per_update_per_member / rows.groupby(["machine", "shape"]).ms_per_update_per_member.transform("sum")
    largest = share.groupby([rows.is_code, rows.part]).transform("max")
    part = rows.part.where(
        (largest >= SMALLEST) & (rows.part != "other"), np.where(rows.is_code, "other code", "other around it")
    )
    rows = rows.assign(share=100 * share, part=part)
    colours = _part_colours(rows)
    for axis, (_, of_machine) in zip(axes, _by_machine(rows), strict=True):
        for name, shape in of_machine.groupby("shape", sort=False):
            height, left = names.index(str(name)), 0.0
            shares = shape.groupby("part").share.sum()
            for part, colour in colours.items():
                width = float(shares.get(part, 0.0))
                axis.barh(height, width, 0.7, left=left, color=colour, edgecolor="white", lw=0.3, label=part)
                left += width
            axis.text(101, height, f"{shape.ms_per_update_per_member.sum():.3g} ms", va="center")
        axis.set_xlabel("share of an update by one thread (%)")
        axis.set_xlim(0, 122)
        axis.set_xticks(range(0, 101, 25))
        axis.grid(axis="y", visible=False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    _legend(figure, axes, columns=3)
    return figure


SHAPE = ["data", "cell", "units", "batch", "steps"]
"""Columns that name the shape of an update."""
SMALLEST = 0.03
"""Parts whose share is smaller than this in every shape are drawn as one."""


def _part_colours(rows: pd.DataFrame) -> dict[str, str]:
    """Return part -> colour: those of the code in hues, a way back lighter than the way there; around it, greys."""
    of_code = sorted(set(rows.part[rows.is_code]) - {"other code"})
    around = sorted(set(rows.part[~rows.is_code]))
    hues = list(dict.fromkeys(part.partition(", ")[0] for part in of_code))
    pairs = [to_hex(plt.get_cmap("tab20")(i)) for i in range(20)]
    colours = {part: pairs[(2 * hues.index(part.partition(", ")[0]) + (", " in part)) % len(pairs)] for part in of_code}
    if "other code" in set(rows.part):
        colours["other code"] = "#000000"
    return colours | {part: str(0.4 + 0.5 * i / max(1, len(around) - 1)) for i, part in enumerate(around)}


FIGURES: dict[str, Callable[[pd.DataFrame], Figure]] = {
    "updates": updates,
    "populations": populations,
    "studies": studies,
    "inference": inference,
    "cells": cells,
    "breakdown": breakdown,
}
"""Stem of a table's file -> what draws it."""


def save(figure: Figure, numbers: pd.DataFrame, stem: str, folder: Path) -> None:
    """Save a figure as ``stem.png`` and ``stem.pdf`` in a folder, and its numbers as ``stem.csv``."""
    numbers.to_csv(folder / f"{stem}.csv", index=False, float_format="%.6g")
    for suffix in ("png", "pdf"):
        figure.savefig(folder / f"{stem}.{suffix}", metadata={"CreationDate": None} if suffix == "pdf" else None)
    plt.close(figure)
