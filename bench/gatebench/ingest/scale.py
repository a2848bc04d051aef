"""What is said about the scale of the inputs, and that they have one."""

from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns, long_arrays
from gatebench.data.contents import Arrays, Forecast
from gatebench.ingest import scratch
from gatebench.ingest.raw import RawData

MANY = 8
"""Columns that a message counts, and does not name."""


def leave_out_constant(raw: RawData, arrays: Arrays) -> tuple[RawData, Arrays, list[str]]:
    """Return the data without columns of reals that are constant in train, with a line about them.

    ``BadInput`` if no column is left, or all of another kind are constant.
    """
    width = raw.sequences[0].shape[1]
    names = raw.names if raw.kind == "reals" and raw.names else tuple(map(str, range(width)))
    first, varying = arrays["train"][0][:1, :width], np.zeros(width, bool)
    for block in long_arrays.blocks(arrays["train"]):
        varying |= (block[:, :width] != first).any(0)
    constant = [name for name, varies in zip(names, varying, strict=True) if not varies]
    if len(constant) == len(names):
        if raw.kind == "symbols":
            raise BadInput("there is but one symbol in train, so that it is constant in train; expected several: add to it")
        which = f"column {shorten(', '.join(constant))} is" if len(constant) < MANY else f"all {len(constant)} columns are"
        raise BadInput(
            f"{which} constant in train, and so nothing is left to be read; expected one "
            "that varies: add it, or, of a table, choose others: --columns A,B"
        )
    if not constant or raw.kind != "reals":
        return raw, arrays, []
    stay = np.flatnonzero(varying)
    of_arrays = np.concatenate([stay, np.arange(width, arrays["train"][0].shape[1])])

    def chosen(sequences: list[np.ndarray], which: np.ndarray) -> list[np.ndarray]:
        return scratch.each(
            sequences, lambda rows: rows[:, which], len(which), np.result_type(*{a.dtype for a in sequences})
        )

    return (
        replace(raw, sequences=chosen(raw.sequences, stay), names=tuple(names[i] for i in stay)),
        {split: chosen(arrays[split], of_arrays) for split in arrays},
        [f"left out: {shorten(', '.join(constant))}, constant in train, which says nothing"],
    )


def describe(raw: RawData, arrays: Arrays, forecast: Forecast | None) -> list[str]:
    """Return lines about standardised and dequantised columns, of reals alone."""
    if raw.kind != "reals":
        return []
    lines = ["scale: each column in standard deviations of train, about its mean"]
    if raw.target is None:
        grid = columns.grid_of(arrays["train"])
        names = raw.names or tuple(map(str, range(len(grid))))
        predicted = names if forecast is None else forecast.predicted
        noisy = [f"{name} ({step:g})" for name, step in zip(names, grid, strict=True) if step and name in predicted]
        if noisy:
            lines.append(f"noise: within one step of the grid that a column lies on: {shorten(', '.join(noisy))}")
    return lines
