"""Mean scores of cells over several tasks of one budget and protocol, of those that are complete."""

import pandas as pd

from gatebench.records.frame import Frame


def mean_scores(frame: Frame) -> list[tuple[str, str, pd.DataFrame]]:
    """Return budget, protocol and a table ``[tasks, cells]`` of mean test NLL, where two tasks or more share three cells.

    Cells of a single task are left out, then tasks that lack a cell.
    """
    tables = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        means = part.groupby(["task", "cell"]).nll.mean().unstack()
        means = means.dropna(axis="columns", thresh=2).dropna(axis="index")
        if means.shape[0] >= 2 and means.shape[1] >= 3:
            tables.append((str(budget), str(training), means))
    return tables
