"""Figures of timings: a panel or a line for each machine, and what stands beside the lines."""

import pandas as pd

from gatebench.report import speed as figures

STUDY = {"machine": "here", "study": "jsb", "trials": 39, "sweep_seconds": 10.0, "scripts_seconds": 45.0, "ratio": 4.5}
UPDATE = {
    "machine": "here", "data": "music", "cell": "gru", "units": 46, "layers": 1, "bidirectional": False, "batch": 32,
    "steps": 100, "work": "update", "population": 1, "engine": "fused_cpu", "relative_throughput": 0.5,
}  # fmt: skip


def test_studies_are_drawn_with_how_much_faster_they_were():
    figure = figures.studies(pd.DataFrame([STUDY, {**STUDY, "machine": "there", "ratio": 3.0}]))
    assert [axis.get_title() for axis in figure.axes] == ["here", "there"]
    assert [[text.get_text().strip() for text in axis.texts] for axis in figure.axes] == [
        ["4.5 times as fast"], ["3.0 times as fast"],
    ]  # fmt: skip


def test_updates_stand_on_lines_of_their_own_under_what_they_read():
    rows = pd.DataFrame([
        UPDATE,
        {**UPDATE, "engine": "torch.nn", "relative_throughput": 0.1},
        {**UPDATE, "layers": 2},
        {**UPDATE, "machine": "there", "work": "evaluation", "bidirectional": True, "relative_throughput": 0.25},
        {**UPDATE, "engine": "of a plugin", "population": 7},
    ])  # fmt: skip
    figure = figures.updates(rows)
    here, there = figure.axes
    assert [text.get_text() for text in here.get_yticklabels()] == [
        "music, batch 32, 100 steps", "gru 46", "gru 46, 2 layers",
        "evaluation, music, batch 32, 100 steps", "gru 46, 2 directions",
    ]  # fmt: skip
    points = {line.get_label(): line.get_xydata().tolist() for line in there.lines if len(line.get_xydata())}
    assert points["fused engine"] == [[0.25, 4]]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["torch.nn", "fused engine", "of a plugin, a member of 7"]


def test_populations_are_a_line_for_each_machine():
    rows = pd.DataFrame({
        "machine": ["here", "here", "there", "there"], "population": [1, 3] * 2, "ms_per_update": [1.0, 3.0, 2.0, 6.0],
        "ms_per_update_per_member": [1.0, 1.0, 2.0, 2.0], "peak_mb": [9.0, 9.5, 8.0, 8.5],
    })  # fmt: skip
    time, memory = figures.populations(rows).axes
    assert {line.get_label(): line.get_ydata().tolist() for line in memory.lines} == {
        "here": [9.0, 9.5],
        "there": [8.0, 8.5],
    }
    assert [text.get_text() for text in time.get_legend().get_texts()] == ["here", "there", "linear"]


def test_a_breakdown_is_shares_with_the_milliseconds_beside():
    shape = {"machine": "here", "data": "music", "cell": "gru", "units": 46, "batch": 32, "steps": 100}
    parts = [
        ("elementwise", True, 3.0),
        ("elementwise, backward", True, 0.9),
        ("packing", True, 0.05),
        ("optimizer", False, 0.05),
    ]
    rows = pd.DataFrame([
        {**shape, "part": part, "is_code": is_code, "ms_per_update_per_member": ms} for part, is_code, ms in parts
    ])  # fmt: skip
    figure = figures.breakdown(pd.concat([rows, rows.assign(machine="there", ms_per_update_per_member=1.0)]))
    here, there = figure.axes
    assert [text.get_text() for text in here.texts] == ["4 ms"]
    assert [text.get_text() for text in here.get_yticklabels()] == ["gru 46, music, 32 x 100"]
    widths = [bar.get_width() for bar in here.patches]
    assert widths == [75.0, 22.5, 1.25, 1.25]
    assert [bar.get_x() for bar in here.patches] == [0, 75.0, 97.5, 98.75]
    assert [bar.get_width() for bar in there.patches] == [25.0] * 4
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["elementwise", "elementwise, backward", "packing", "optimizer"]
    only_here = figures.breakdown(rows)
    names = [text.get_text() for text in only_here.legends[0].get_texts()]
    assert names == ["elementwise", "elementwise, backward", "other code", "other around it"]


def test_inference_has_a_line_for_each_cell_and_a_point_where_there_is_a_number():
    row = {"machine": "here", "cell": "gru", "units": 48, "engine": "fused_cpu"}
    rows = pd.DataFrame([
        {**row, "microseconds_per_step": None, "steps_per_second": 3e6},
        {**row, "engine": "onnxruntime", "microseconds_per_step": 11.0, "steps_per_second": 2e6},
        {**row, "cell": "rnn", "units": 104, "engine": "onnxruntime", "microseconds_per_step": 9.0, "steps_per_second": 4e6},
    ])  # fmt: skip
    latency, throughput = figures.inference(rows).axes
    assert [text.get_text() for text in latency.get_yticklabels()] == ["gru 48", "rnn 104"]
    points = {line.get_label(): line.get_xydata().tolist() for line in throughput.lines}
    assert points == {"fused engine": [[3e6, 0]], "exported file, onnxruntime": [[2e6, 0], [4e6, 1]]}
    assert {line.get_label(): line.get_xdata()[0] for line in latency.lines}["exported file, onnxruntime"] == 11.0


def test_cells_stand_in_the_order_of_their_time_with_two_shapes():
    row = {
        "machine": "here", "data": "music", "units": 9, "flops_per_step": 40_000.0, "population": 10, "engine": "fused_cpu",
        "batch": 32, "steps": 100, "ratio": 1.0, "relative_throughput": 0.8,
    }  # fmt: skip
    rows = pd.DataFrame([
        {**row, "cell": "slow", "ratio": 0.25, "relative_throughput": 0.2},
        {**row, "cell": "gru"},
        {**row, "cell": "gru", "batch": 1, "steps": 250, "ratio": 0.5},
        {**row, "cell": "gru", "engine": "of others", "population": 1, "ratio": 0.1},
        {**row, "cell": "gru", "data": "numbers", "ratio": 7.0},
        {**row, "cell": "other", "machine": "there"},
    ])  # fmt: skip
    flops, time, rate, there, _ = figures.cells(rows).axes
    assert [text.get_text() for text in flops.get_yticklabels()] == ["gru 9", "slow 9", "other 9"]
    assert flops.lines[0].get_xydata().tolist() == [[40.0, 1], [40.0, 0], [40.0, 2]]
    points = {line.get_label(): line.get_xydata().tolist() for line in time.lines if len(line.get_xydata())}
    assert points["fused engine, a member of 10, 32 x 100"] == [[4.0, 1], [1.0, 0]]
    assert points["fused engine, a member of 10, 1 x 250"] == [[2.0, 0]]
    assert points["of others, 32 x 100"] == [[10.0, 0]]
    assert next(line.get_xydata().tolist() for line in rate.lines if line.get_label() == "of others, 32 x 100") == [[0.8, 0]]
    assert next(list(line.get_xdata()) for line in there.lines if len(line.get_xdata())) == [1.0]
