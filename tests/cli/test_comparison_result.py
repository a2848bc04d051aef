"""What a comparison says to a program: lines, a table, a figure, a model; and how a notebook shows it."""

from pathlib import Path

import pandas as pd
import pytest

from gatebench.cli.comparison_result import ComparisonResult
from gatebench.core.errors import BadInput
from gatebench.report import ranking
from support.frames import HIGH, LOW, MUSIC, NAN, by_hand, seeds

LINES = ["Best cell: gru <b>&</b>.", "By how much: 1.", "At what cost: 2."]


def result_of(*cells: tuple[str, list[float]], lines: list[str] = LINES) -> ComparisonResult:
    frame = by_hand([trial for cell, scores in cells for trial in seeds("music", cell, scores)])
    group = ranking.of_group(frame, MUSIC, [cell for cell, _ in cells])
    return ComparisonResult(lines, group, Path("results"), Path("results/a<b/report.html"))


def test_it_is_the_list_of_lines_that_it_was():
    result = result_of(("gru", LOW), ("rnn", HIGH))
    assert result == LINES == result.verdict
    assert isinstance(result, list)
    assert str(result) == "\n".join(LINES)
    assert result[0] == LINES[0]


def test_its_text_has_the_verdict_over_the_table():
    text = repr(result_of(("gru", LOW), ("rnn", HIGH)))
    assert text.startswith("\n".join(LINES))
    assert "[markov]" in text
    assert "nan" not in text.lower()


def test_a_notebook_shows_it_with_every_text_escaped():
    shown = result_of(("gru", LOW), ("r<i>nn", HIGH))._repr_html_()
    assert "<p>Best cell: gru &lt;b&gt;&amp;&lt;/b&gt;.</p>" in shown
    assert "<td>r&lt;i&gt;nn</td>" in shown
    assert "a&lt;b/report.html" in shown
    assert "<b>" not in shown
    assert "<i>" not in shown


def test_it_has_its_numbers_and_its_figure():
    result = result_of(("gru", LOW), ("rnn", HIGH))
    pd.testing.assert_frame_equal(result.table, ranking.table(result._frame))
    assert set(result.trials.cell) == {"gru", "rnn"}
    assert len(result.plot().axes) == 1


def test_without_a_score_there_is_no_model():
    result = result_of(("gru", [NAN, NAN]), ("rnn", [NAN, NAN]))
    with pytest.raises(BadInput, match="every confirming trial diverged, so that there is no model"):
        _ = result.best
