"""The listening check that needs no ears: spectra of drawn sequences beside that of the data."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import Frame, comparison_groups
from gatebench.records.samples import DATA
from gatebench.report import style

ORDER = 170
TITLE = "Spectra of what was drawn"
CAPTION = (
    "Mean power spectrum (Welch, segments of at most 256 samples) of the sequence that each cell's best confirming trial "
    "drew by itself, the prime left out, beside that of the validation split. One sequence a cell: an illustration. A model "
    "that was trained on short windows may leave the range of its data when it goes on alone for longer, and it shows here."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per frequency, cell and task; None where nothing that can be heard was drawn."""
    return None if frame.spectra.empty else frame.spectra


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    figure, axes = plt.subplots(1, len(groups), figsize=(2 + 5 * len(groups), 3.8), squeeze=False)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes[0], groups, strict=True):
        data = part[part.cell == DATA]
        axis.plot(data.hertz, data.decibel, color="0.75", lw=5, label="validation split")
        for cell, spectrum in style.by_cell(part[part.cell != DATA]).items():
            axis.plot(spectrum.hertz, spectrum.decibel, lw=1.3, ms=4, markevery=12, label=cell, **styles[cell])
        axis.set_xlabel("Hz")
        axis.set_ylabel("power (dB of full scale per Hz)")
        style.heading(axis, frame.title(group))
        axis.legend(fontsize=style.SMALLEST)
    figure.tight_layout()
    return figure
