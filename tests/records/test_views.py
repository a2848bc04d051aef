"""The views of trials that MLflow's page opens on; a browser looks at them in tests/cluster/test_browser.py."""

import base64
import json
import math
import zlib
from dataclasses import replace
from typing import Any

import pytest

from gatebench.records import study_file, views
from gatebench.records.schema import Labels, Point
from gatebench.records.views import View
from support.published import RESULTS
from support.records import make_point

MUSIC = Labels("music", "gru", "parameters_20k", "modern")


def point(number: int, trials: int, **labels: str) -> Point:
    """A point of the cell that it says, with that many confirming trials, whose keys no other number has."""
    keys = [f"{number:08x}{i:08x}" for i in range(trials)]
    return replace(make_point(["f" * 16], keys), labels=replace(MUSIC, **labels))


def shown(view: View) -> dict[str, Any]:
    """What MLflow's page reads of a view."""
    kind, _, text = view.state.partition(";")
    assert kind == "deflate"
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


def grouping(view: View) -> list[str]:
    keys = (shown(view)["groupBy"] or {"groupByKeys": []})["groupByKeys"]
    assert all(key["mode"] == "param" for key in keys)
    return [key["groupByData"] for key in keys]


def test_trials_of_one_comparison_group_are_averaged_by_cell_and_ordered_by_validation():
    every, one = views.of_studies({"some": [point(1, 3), point(2, 3, cell="lstm")]})
    assert (every.key, every.filter) == ("gatebench", "tags.stage = 'confirm'")
    assert (one.key, one.name, one.filter) == ("gatebench.some", "some", "tags.`stage.some` = 'confirm'")
    for view in (every, one):
        state = shown(view)
        assert state["searchFilter"] == view.filter
        assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`final/valid_nll`", True)
        assert state["groupBy"]["aggregateFunction"] == "average"
        assert grouping(view) == ["cell"]


def test_a_table_has_cell_labels_and_numbers_and_nothing_else_that_could_be_chosen_by():
    columns = shown(views.of_study("some", [point(1, 3)])[0])["selectedColumns"]
    assert columns == [
        "params.`cell`", "metrics.`final/valid_nll`", "metrics.`final/test_nll`", "metrics.`size/parameters_recurrent`",
        "metrics.`size/flops_per_step`", "metrics.`final/seconds`", "params.`task`", "params.`budget`", "params.`protocol`",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "parameter"), [({"task": "speech"}, "task"), ({"budget": "b"}, "budget"), ({"training": "t"}, "protocol")]
)
def test_what_else_differs_stands_beside_the_cell_and_apart(label: dict[str, str], parameter: str):
    (view,) = views.of_study("some", [point(1, 3), point(2, 3, **label)])
    assert grouping(view) == ["cell", parameter]
    state = shown(view)
    assert state["selectedColumns"][:2] == ["params.`cell`", f"params.`{parameter}`"]
    assert len(state["selectedColumns"]) == 9
    # MLflow takes the order from here, and shows nothing of a column that it does not find.
    assert [column for column in state["columnOrder"] if column in state["selectedColumns"]] == state["selectedColumns"]


def test_more_trials_than_the_page_loads_have_no_averages_but_a_view_a_comparison_group():
    """Or else an average would be of those of a cell that are best on validation."""
    full, task = point(1, views.PAGE), "it's"
    assert [grouping(view) for view in views.of_study("some", [full])] == [["cell"]]
    further = [point(2, 1), point(3, 1, task=task)]
    assert [grouping(view) for view in views.of_study("some", [full, further[0]])] == [[]]
    whole, first, second = views.of_study("some", [full, further[1]])
    assert [grouping(view) for view in (whole, first, second)] == [[], ["cell"], ["cell"]]
    assert [view.key for view in (whole, first, second)] == ["gatebench.some", "gatebench.some.1", "gatebench.some.2"]
    assert first.filter == f"{whole.filter} and tags.`group.some` = 'music, parameters_20k, modern'"
    assert second.filter == f'{whole.filter} and tags.`group.some` = "it\'s, parameters_20k, modern"'
    assert second.name == "some: it's, parameters_20k, modern"


def test_a_comparison_group_of_more_trials_than_the_page_loads_has_a_view_for_some_of_its_cells_each():
    half = views.PAGE // 2
    points = [point(number, half, cell=cell) for number, cell in enumerate(("rnn", "gru", "lstm", "ran", "gru"), 1)]
    whole, *parts = views.of_study("some", points)
    assert [grouping(view) for view in (whole, *parts)] == [[], ["cell"], ["cell"], ["cell"]]
    names = [f"music, parameters_20k, modern, {cells}" for cells in ("gru", "lstm to ran", "rnn")]
    assert [view.name for view in parts] == [f"some: {name}" for name in names]
    assert [view.filter.partition(" and ")[2] for view in parts] == [f"tags.`group.some` = '{name}'" for name in names]
    planned = [replace(one, confirm=[], confirm_planned=half) for one in points]
    assert list(views.groups(planned)) == names  # tags of runs stay right while a study is trained


def test_a_trial_of_two_studies_counts_once():
    half = [point(1, views.PAGE)]
    assert [grouping(view) for view in views.of_studies({"one": half, "other": half})] == [["cell"]] * 3


def test_charts_are_of_validation_by_epoch_of_test_and_of_test_against_parameters():
    curves, bars, sizes = shown(views.of_study("some", [point(1, 3)])[0])["compareRunCharts"]
    assert (curves["type"], curves["metricKey"], curves["xAxisKey"]) == ("LINE", "curve/valid_nll", "step")
    assert (bars["type"], bars["metricKey"]) == ("BAR", "final/test_nll")
    assert (sizes["type"], sizes["xaxis"]["key"], sizes["yaxis"]["key"]) == (
        "SCATTER", "size/parameters_recurrent", "final/test_nll",
    )  # fmt: skip


def curve_range(losses: list[float]) -> dict[str, float]:
    return shown(replace(views.of_study("some", [point(1, 3)])[0], losses=losses))["compareRunCharts"][0]["range"]


def test_the_axis_of_curves_is_where_they_end():
    """By itself it would begin at 0, and every difference would be a pixel; a curve that went astray stretches nothing."""
    ended = [8.41, 8.43, 8.44, 8.46, 8.50, 8.51, 8.52, 8.55, 8.60, 8.61, 40.0]
    axis = curve_range(ended)
    assert 8.2 < axis["yMin"] < min(ended)
    assert 8.61 < axis["yMax"] < 9.5
    below = curve_range([-loss for loss in ended])
    assert below["yMin"] < -40
    assert below["yMax"] > -8.41


@pytest.mark.parametrize("losses", [[], [8.4], [8.4, math.nan], [8.4, 8.4], [math.inf, 8.4]])
def test_of_one_loss_there_is_no_range(losses: list[float]):
    assert curve_range(losses) == {}


def test_a_view_with_a_name_holds_the_same():
    view = views.of_study("some", [point(1, 3)])[0]
    assert json.loads(view.named(7)) == {"name": "some", "createdAt": 7, "updatedAt": 7, "state": view.state}


@pytest.mark.parametrize("study", sorted(file.parent.name for file in RESULTS.glob("*/study.json")))
def test_the_views_of_a_published_study_fit_in_tags_and_into_the_list(study: str):
    laid_out = views.of_study(study, study_file.read(RESULTS, study))
    assert len({view.key for view in laid_out}) == len({view.name for view in laid_out}) == len(laid_out) < 20
    assert all(len(view.named(0)) < 5000 for view in laid_out)  # as many characters as MLflow keeps
    assert all(grouping(view) for view in laid_out[1:])
