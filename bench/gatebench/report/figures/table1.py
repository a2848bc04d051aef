"""Chung et al. 2014, Table 1: sizes, published beside those of this study."""

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import published, style

ORDER = 200
TITLE = "Table 1 of Chung et al. 2014 beside ours: sizes"
CAPTION = (
    "Parameters of the recurrent layer, readout excluded. The published figures follow from diagonal peepholes. On "
    "music they follow from the mean over input widths of 93, 96, 105 and 108 without biases (gatebench count "
    "--inputs 93 96 105 108 --without-biases), on speech from 20 inputs with biases."
)


def table(frame: Frame) -> pd.DataFrame | None:
    """Return the published rows, then the sizes of this study; None if the paper has none of its tasks."""
    if not {task for task, _ in published.TABLE_2} & set(frame.trials.task):
        return None
    rows = [
        {"of": f"paper, {row}", "cell": cell, "units": units, "recurrent parameters": f"{parameters / 1e3:.1f}e3"}
        for (row, cell), (units, parameters) in published.TABLE_1.items()
    ]
    sizes = frame.trials.drop_duplicates(["task", "budget", "cell"])
    for cell, cell_sizes in style.by_cell(sizes).items():
        for size in cell_sizes.itertuples():
            title = frame.datasets[str(size.task)]
            parameters = f"{size.parameters_recurrent:,}"
            rows.append({"of": f"ours, {title}", "cell": cell, "units": size.units, "recurrent parameters": parameters})
    return pd.DataFrame(rows)
