"""What is said about the scale of the inputs, and that they have one."""

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns
from gatebench.data.contents import Arrays
from gatebench.ingest.raw import RawData


def check_varying(raw: RawData, arrays: Arrays) -> None:
    """Raise ``BadInput`` where a column of reals is constant in train, or every column of another kind is."""
    train = np.concatenate(arrays["train"])[:, : raw.sequences[0].shape[1]]
    names = raw.names if raw.kind == "reals" and raw.names else tuple(map(str, range(train.shape[1])))
    constant = [name for name, column in zip(names, train.T, strict=True) if (column == column[0]).all()]
    if constant and (raw.kind == "reals" or len(constant) == len(names)):
        raise BadInput(
            f"column {shorten(', '.join(constant))} is constant in train, which says nothing; remove it, or choose others: "
            "--columns A,B"
        )


def describe(raw: RawData, arrays: Arrays) -> list[str]:
    """Return lines about standardised and dequantised columns, of reals alone."""
    if raw.kind != "reals":
        return []
    lines = ["scale: each column in standard deviations of train, about its mean"]
    if raw.target is None:
        grid = columns.find_grid(np.concatenate(arrays["train"]))
        noisy = [f"{raw.names[i] if raw.names else i} ({step:g})" for i, step in enumerate(grid) if step]
        if noisy:
            lines.append(f"noise: within one step of the grid that a column lies on: {shorten(', '.join(noisy))}")
    return lines
