"""The figure of each cell's distance from the GRU."""

import io
import itertools
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

from gatebench.records.frame import ComparisonGroup
from gatebench.report import comparisons, style
from gatebench.report.page.drawing import SMALLEST
from support.figures import FIGURES, THREE, drawn
from support.frames import MUSIC, TRAINING, TRIALS, by_hand, seeds


@pytest.mark.parametrize("turned", [False, True], ids=["lowest", "not the lowest"])
def test_the_answer_is_the_difference_to_the_gru(turned: bool):
    names = {"gru": "rnn", "rnn": "gru"} if turned else {}
    frame = by_hand([(trial[0], names.get(trial[1], trial[1]), *trial[2:]) for trial in THREE])
    numbers = FIGURES["answer"].numbers(frame).set_index("cell")
    expected = {"gru": 0, "rnn": -0.5, "novel": 13 / 3 - 0.2 - 3.7} if turned else {"gru": 0, "rnn": 0.5, "novel": 14 / 15}
    assert numbers.difference.to_dict() == pytest.approx(expected)
    assert set(numbers.beside) == {"gru"}
    others = numbers.drop(index="gru")
    assert ((others.low < others.difference) & (others.difference < others.high)).all()
    pairs = {frozenset((pair.lower, pair.other)): pair.p_holm for pair in comparisons.pairs(frame)}
    assert others.p_holm.to_dict() == {cell: pairs[frozenset((cell, "gru"))] for cell in ("rnn", "novel")}
    drawn("answer", frame)


def test_the_answer_without_a_gru_is_the_difference_to_the_lowest():
    numbers = FIGURES["answer"].numbers(by_hand([trial for trial in THREE if trial[1] != "gru"])).set_index("cell")
    assert set(numbers.beside) == {"rnn"}
    assert numbers.difference["novel"] == pytest.approx(13 / 3 - 0.2 - 3.7)


def test_a_cell_alone_has_no_distance():
    assert FIGURES["answer"].numbers(by_hand(TRIALS[2:3])) is None


def test_a_mark_is_filled_where_cells_differ_half_where_they_are_equivalent_and_hollow_where_nothing_is_said():
    frame = by_hand([
        *seeds("music", "gru", [3.0, 3.01, 2.99]), *seeds("music", "lstm", [3.0, 3.02, 3.01]),
        *seeds("music", "rnn", [4.0, 4.1, 4.2]), *seeds("music", "novel", [3.0, 3.9, 3.2]),
    ])  # fmt: skip
    numbers = FIGURES["answer"].numbers(frame).set_index("cell")
    assert numbers.verdict.to_dict() == {"gru": "", "lstm": "equivalent", "rnn": "better", "novel": "undecided"}
    assert numbers.margin.tolist() == pytest.approx([0.325] * 4)
    (axis,) = drawn("answer", frame).axes
    marks = {round(float(line.get_xdata()[0]), 6): line for line in axis.lines if line.get_marker() not in ("None", "")}
    shown = {cell: marks[round(numbers.difference[cell], 6)] for cell in numbers.index}
    filled = {cell: (line.get_fillstyle(), line.get_markerfacecolor() == line.get_color()) for cell, line in shown.items()}
    assert filled == {"gru": ("full", True), "lstm": ("left", True), "rnn": ("full", True), "novel": ("full", False)}
    (band,) = (patch for patch in axis.patches if patch.get_width() == pytest.approx(0.65))
    assert band.get_x() == pytest.approx(-0.325)


def test_the_axis_never_leaves_out_the_lowest():
    scores = {"gru": 5.0, "rnn": 5.01, "lstm": 5.02, "novel": 5.01, "lstm_peephole": 4.0}
    frame = by_hand([trial for cell, nll in scores.items() for trial in seeds("music", cell, [nll - 0.3, nll, nll + 0.3])])
    numbers = FIGURES["answer"].numbers(frame).set_index("cell")
    (axis,) = drawn("answer", frame).axes
    lowest = numbers.loc["lstm_peephole"]
    low, high = axis.get_xlim()
    assert low < lowest.low < lowest.high < high
    assert lowest.difference in [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "D"]
    assert not axis.texts


def test_what_is_seen_are_the_differences_the_lowest_first():
    frame = by_hand(THREE)
    numbers = FIGURES["answer"].numbers(frame)
    text = FIGURES["answer"].describe(numbers, frame)
    assert text.startswith(f"{frame.title(MUSIC)}, test NLL minus that of gru: rnn 0.500 [")
    assert "; novel 0.933 [" in text


def test_many_cells_have_a_panel_that_is_high_enough_for_their_names():
    frame = by_hand([trial for i in range(40) for trial in seeds("music", f"cell_{i:02}", [3.0 + i / 9, 3.1 + i / 9])])
    for name in ("answer", "results"):
        figure = drawn(name, frame)
        boxes = [text.get_window_extent() for text in figure.axes[0].get_yticklabels()]
        assert len(boxes) == 40
        assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes)), name


VARIANTS = [f"lstm_augmented projection={what}" for what in ("null", "true", "false")]


def of_panels(count: int) -> list[tuple[Any, ...]]:
    """Trials of the GRU and of cells with long names in so many comparison groups."""
    cells = ["gru", "novel", *VARIANTS]
    return [
        trial
        for i in range(count)
        for cell in cells
        for trial in seeds("speech", cell, [3.0, 3.1 + len(cell) / 99], f"total_parameters_{i}k")
    ]


@pytest.mark.parametrize("panels", [1, 2, 3, 6])
def test_no_letter_is_under_11_pixels_in_a_readme_and_a_panel_fits_a_telephone(panels: int):
    figure = drawn("answer", by_hand(of_panels(panels)))
    figure.canvas.draw()
    assert len(figure.axes) == panels
    names = [text.get_window_extent() for text in figure.axes[0].get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(names))
    beside = [axis.get_tightbbox() for axis in figure.axes[:3]]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(beside) if one and other)
    assert panels > 1 or figure.get_tightbbox().width * 72 * SMALLEST / style.SMALLEST <= 368  # of 400, without margins
    written = io.BytesIO()
    figure.savefig(written, format="png")
    written.seek(0)
    pixels_per_point = 830 / plt.imread(written).shape[1] * mpl.rcParams["savefig.dpi"] / 72
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in texts) * pixels_per_point >= 11


def test_a_cell_that_a_panel_lacks_is_said_to_have_no_score_there():
    frame = by_hand([trial for trial in of_panels(2) if trial[1] != "novel" or trial[-1] == "total_parameters_0k"])
    first, second = drawn("answer", frame).axes
    assert [text.get_text() for text in first.texts] == []
    (text,) = (text for text in second.texts if text.get_text() == "no score")
    assert first.get_yticklabels()[int(text.get_position()[1])].get_text() == "novel"


def test_the_first_file_has_each_task_at_its_first_budget_and_a_second_one_the_others():
    of_one = {"music": ["parameters_20k", "flops_40k"], "speech": ["parameters_169k"]}
    frame = by_hand([
        trial
        for task, budgets in of_one.items()
        for budget in budgets
        for cell, nll in (("gru", 3.0), ("rnn", 3.3))
        for trial in seeds(task, cell, [nll, nll + 0.1], budget)
    ])  # fmt: skip
    numbers = FIGURES["answer"].numbers(frame)
    files = FIGURES["answer"].files(numbers)
    shown = {ending: list(zip(rows.task, rows.budget, rows.cell, strict=True)) for ending, rows in files.items()}
    assert shown == {
        "": [(task, budgets[0], cell) for task, budgets in of_one.items() for cell in ("gru", "rnn")],
        "_budgets": [("music", "flops_40k", "gru"), ("music", "flops_40k", "rnn")],
    }
    alone = FIGURES["answer"].files(numbers[numbers.task == "speech"])
    assert list(alone) == [""]


@pytest.mark.parametrize(("groups", "headings", "above"), [
    ([("music", "a", "x")], ["Some Music, a, x"], ""),
    ([("music", "a", "x"), ("nottingham", "a", "x")], ["Some Music", "Nottingham"], "a, x"),
    ([("music", "a", "x"), ("music", "b", "x")], ["Some Music, a", "Some Music, b"], "x"),
    ([("music", "a", "x"), ("music", "a", "y")], ["Some Music, x", "Some Music, y"], "a"),
    ([("music", "a", "x"), ("music", "b", "y")], ["Some Music, a, x", "Some Music, b, y"], ""),
    ([("music", "parameters_20k", "x"), ("nottingham", "parameters_20k", "y")], ["Some Music", "Nottingham"],
     "20,000 recurrent parameters"),
    ([("music", "units_64", "x"), ("nottingham", "flops_40k", "x")],
     ["Some Music, 64 units", "Nottingham, 40,000 FLOPs a step"], "x"),
])  # fmt: skip
def test_what_is_the_same_in_all_panels_is_in_no_heading(groups, headings: list[str], above: str):
    frame = by_hand([trial for task in ("music", "nottingham") for trial in seeds(task, "gru", [3.0])])
    assert FIGURES["answer"]._headings(frame, [ComparisonGroup(*group) for group in groups]) == (headings, above)


def test_what_is_the_same_in_all_panels_stands_once_above_them():
    figure = drawn("answer", by_hand(of_panels(3)))
    (text,) = (text for text in figure.texts if text.get_text() == TRAINING)
    assert [axis.get_title().replace("\n", " ") for axis in figure.axes] == [
        f"Some Speech (synthetic), {1000 * i:,} parameters in all" for i in range(3)
    ]
    assert max(axis.title.get_window_extent().y1 for axis in figure.axes) <= text.get_window_extent().y0


def test_marks_and_the_band_are_explained_below_the_panels():
    figure = drawn("answer", by_hand(of_panels(3)))
    (legend,) = figure.legends
    numbers = FIGURES["answer"].numbers(by_hand(of_panels(3)))
    verdicts = FIGURES["answer"].VERDICTS
    expected = [verdicts[verdict] for verdict in verdicts if verdict in set(numbers.verdict)]
    assert [text.get_text() for text in legend.get_texts()] == [*expected, "margin of equivalence"]
    top = legend.get_window_extent().y1
    assert all(top <= axis.get_tightbbox().y0 for axis in figure.axes)


def test_what_is_beyond_the_axis_has_its_numbers_and_an_interval_that_goes_on_an_arrow():
    frame = by_hand([
        *seeds("music", "gru", [3.0, 3.0]), *seeds("music", "rnn", [3.01, 3.02]), *seeds("music", "lstm", [3.01, 3.03]),
        *seeds("music", "novel", [3.02, 3.11]), *seeds("music", "far", [5.0, 5.2]),
    ])  # fmt: skip
    (axis,) = drawn("answer", frame).axes
    numbers = FIGURES["answer"].numbers(frame).set_index("cell")
    limit = axis.get_xlim()[1] / 1.05
    far = numbers.loc["far"]
    assert [text.get_text() for text in axis.texts] == [f"+{far.difference:.2f} [{far.low:.2f}, {far.high:.2f}]"]
    inside = numbers[numbers.difference.abs() <= limit]
    ends = int((inside.low < -limit).sum() + (inside.high > limit).sum())
    assert ends > 0
    assert len(axis.collections) == ends
