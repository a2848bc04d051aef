"""What MLflow's page of runs shows first: a table of confirming trials and charts of them, as it keeps views."""

import base64
import itertools
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatebench.records.schema import Point

PAGE = 100
"""Runs that MLflow's page loads at once: of more, it would show averages of those that it has loaded, which are the best."""
ALL = "gatebench"
"""Key of the view of the confirming trials of all studies."""
TAG = "mlflow.sharedViewState."
"""What the tags of an experiment begin with that hold views; the key of the view follows."""
SHOWN = "viewStateShareKey"
"""What an address has with the key of the view that it opens."""
NAMED_SINCE = (3, 17)
"""Version of MLflow from which on we know its page to list views by name."""
NOTE = """\
**Confirming trials**, the lowest NLL on validation first, averaged by cell.

Trials of searches are hidden: whoever picks one of them by its test score selects on test. Without the filter they are \
there, called *search*. Which cell is better, and how sure that is, says `gatebench report`.

MLflow's page loads 100 runs at once and averages those that it has loaded: a view of more trials has no averages.
"""
"""What is said of the experiment, in Markdown."""
LABELS = {"task": "task", "budget": "budget", "protocol": "training"}
"""Parameter of a run -> the label of a point that it holds."""
METRICS = {
    "final/valid_nll": 108,
    "final/test_nll": 94,
    "size/parameters_recurrent": 118,
    "size/flops_per_step": 100,
    "final/seconds": 95,
}
"""Columns of numbers -> their width in pixels."""
CELL, LABEL = 104, 105
"""Widths of the columns of the cell and of each label."""
NAME = {1: 232, 2: 330}
"""Width of the column of names, which also names groups, by how many parameters these have."""


@dataclass(frozen=True)
class View:
    """A view of confirming trials."""

    key: str
    """What an address names it by."""
    name: str
    """What people see it called."""
    filter: str
    """Which runs it shows, in MLflow's words."""
    grouped_by: list[str]
    """Parameters of runs, of which rows of equal values have an average; empty: there are none."""
    differing: list[str]
    """Names among `LABELS` that tell its trials apart."""
    losses: list[float] = field(default_factory=list)
    """NLL on validation of its trials, as far as that is known: the chart of learning curves shows where they end."""

    @property
    def state(self) -> str:
        """The view as MLflow's page of every version reads it."""
        text = json.dumps(_state(self), separators=(",", ":")).encode()
        return f"deflate;{base64.b64encode(zlib.compress(text, 9)).decode()}"

    def named(self, made: int) -> str:
        """Return the view with its name, as its page lists it; the latest first, by the milliseconds since 1970."""
        return json.dumps({"name": self.name, "createdAt": made, "updatedAt": made, "state": self.state})


def of_studies(studies: Mapping[str, list[Point]]) -> list[View]:
    """Return the views of studies: of the trials of all of them, and those of each."""
    everything = [point for points in studies.values() for point in points]
    of_each = [view for study, points in studies.items() for view in of_study(study, points)]
    return [_view(ALL, "all confirming trials", "tags.stage = 'confirm'", everything), *of_each]


def of_study(study: str, points: list[Point]) -> list[View]:
    """Return the views of a study: of all trials, and of each comparison group, if the trials are more than fit a page.

    A comparison group that does not fit a page itself has several, of some of its cells each.
    """
    chosen = f"tags.`stage.{study}` = 'confirm'"
    whole = _view(f"{ALL}.{study}", study, chosen, points)
    of_group = groups(points)
    if whole.grouped_by or len(of_group) == 1:
        return [whole]
    of_groups = [
        _view(f"{whole.key}.{number}", f"{study}: {name}", f"{chosen} and tags.`group.{study}` = {_quoted(name)}", part)
        for number, (name, part) in enumerate(of_group.items(), 1)
    ]
    return [whole, *of_groups]


def groups(points: list[Point]) -> dict[str, list[Point]]:
    """Return the comparison groups of a study by name; one of too many trials for a page is in parts, of some cells each."""
    whole: dict[str, list[Point]] = {}
    for point in points:
        labels = point.labels
        whole.setdefault(f"{labels.task}, {labels.budget}, {labels.training}", []).append(point)
    in_parts: dict[str, list[Point]] = {}
    for name, of_group in whole.items():
        parts = _parts(of_group)
        for part in parts:
            ends = dict.fromkeys([part[0].labels.cell, part[-1].labels.cell])
            in_parts[name if len(parts) == 1 else f"{name}, {' to '.join(ends)}"] = part
    return in_parts


def _parts(points: list[Point]) -> list[list[Point]]:
    """Points in parts that fit a page each, all of a cell in one; cells stand in the order of the alphabet."""
    parts: list[list[Point]] = []
    for _, of_cell in itertools.groupby(sorted(points, key=_cell), _cell):
        points_of_cell = list(of_cell)
        if parts and _planned(parts[-1] + points_of_cell) <= PAGE:
            parts[-1] += points_of_cell
        else:
            parts.append(points_of_cell)
    return parts


def _cell(point: Point) -> str:
    return point.labels.cell


def _planned(points: list[Point]) -> int:
    """How many confirming trials points are to have, so that parts are the same before all are trained."""
    return sum(max(point.confirm_planned, len(point.confirm)) for point in points)


def _view(key: str, name: str, chosen: str, points: list[Point]) -> View:
    """A view that is grouped by cell, and by whatever else differs, unless there are more trials than MLflow loads."""
    differing = [name for name, label in LABELS.items() if len({getattr(point.labels, label) for point in points}) > 1]
    fits = len({key for point in points for key in point.confirm}) <= PAGE
    return View(key, name, chosen, ["cell", *differing] if fits else [], differing)


def _quoted(text: str) -> str:
    """A text as a value of a filter."""
    return f'"{text}"' if "'" in text else f"'{text}'"


def _state(view: View) -> dict[str, Any]:
    labels = {f"params.`{name}`": LABEL for name in LABELS}
    differing = {column: width for column, width in labels.items() if column[8:-1] in view.differing}
    columns = {
        "params.`cell`": CELL,
        **differing,
        **{f"metrics.`{name}`": width for name, width in METRICS.items()},
        **labels,
    }
    # Columns that MLflow shows whatever is chosen: names and times at the left, the duration among the others.
    name = NAME[min(len(view.grouped_by) or 1, 2)]
    order = {"attributes.`Run Name`": name, "runDateAndNestInfo": 36, **columns, "duration": 70}
    keys = [{"mode": "param", "groupByData": name} for name in view.grouped_by]
    return {
        "searchFilter": view.filter,
        "orderByKey": "metrics.`final/valid_nll`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": list(columns),
        "columnOrder": list(order),
        "columnWidths": order,
        "groupBy": {"aggregateFunction": "average", "groupByKeys": keys} if keys else None,
        "useGroupedValuesInCharts": True,
        "runsHiddenMode": "FIRST_20_RUNS",
        "isAccordionReordered": True,
        "compareRunSections": [{"uuid": ALL, "name": "Trials", "display": True, "isReordered": True}],
        "compareRunCharts": _charts(view),
    }


def _charts(view: View) -> list[dict[str, Any]]:
    """Validation by epoch, test by cell, test against parameters."""
    common = {"metricSectionId": ALL, "deleted": False, "isGenerated": False}
    parameters, test = ({"key": key, "type": "METRIC"} for key in ("size/parameters_recurrent", "final/test_nll"))
    return [
        {
            **common, "uuid": f"{ALL}-validation", "type": "LINE", "runsCountToCompare": 20, "metricKey": "curve/valid_nll",
            "selectedMetricKeys": ["curve/valid_nll"], "xAxisKey": "step", "selectedXAxisMetricKey": "",
            "useGlobalXaxisKey": True, "useGlobalLineSmoothing": True, "lineSmoothness": 0, "xAxisScaleType": "linear",
            "scaleType": "linear", "range": _range(view.losses), "yAxisKey": "metric", "yAxisExpressions": [],
            "ignoreOutliers": False,
        },
        {**common, "uuid": f"{ALL}-test", "type": "BAR", "runsCountToCompare": 20, "metricKey": "final/test_nll"},
        {**common, "uuid": f"{ALL}-size", "type": "SCATTER", "runsCountToCompare": 100, "xaxis": parameters, "yaxis": test},
    ]  # fmt: skip


def _range(losses: list[float]) -> dict[str, float]:
    """Where learning curves come to lie, the way there in part: by itself, the page's axis of averages begins at 0."""
    known = sorted(loss for loss in losses if math.isfinite(loss))
    if len(known) < 2 or known[0] == known[-1]:
        return {}
    lowest, high = known[0], known[int(0.9 * (len(known) - 1))]
    span = (high - lowest) or (known[-1] - lowest)
    return {"yMin": lowest - 0.2 * span, "yMax": high + 2 * span}
