"""A family of contrasts that was declared: what is tested, how often that is wrong, what it can show, and what is said."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from gatebench.records.contrasts import Contrasts, Declaration
from gatebench.records.frame import Frame
from gatebench.report import comparisons, conclusions, decisions, families, findings, metrics, ranking, style, verdict
from gatebench.report.comparisons import LEVEL
from gatebench.report.page import parts, sections
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores, VarianceComponents
from gatebench.report.stats.holm import holm
from gatebench.report.stats.power import power
from support.figures import FIGURES, RANKED, drawn
from support.frames import HIGH, LOW, MUSIC, by_hand, seeds, without_sequences
from support.measured import labels, with_statistics

AGAINST = Contrasts(against="gru")
LISTED = Contrasts(pairs=(("lstm", "rnn"), ("novel", "lstm")))
CELLS = {"rnn": HIGH, "gru": [3.5, 3.6, 3.4], "lstm": LOW, "novel": [3.5, 3.4, 3.6]}
ZOO, PIPELINES, TESTED = 52, 5, 30


def declared(contrasts: Contrasts, before: Contrasts | None = None, cells: dict[str, list[float]] = CELLS) -> Frame:
    frame = by_hand([trial for cell, tests in cells.items() for trial in seeds("music", cell, tests)])
    return replace(frame, declared=Declaration(contrasts, before))


def test_holm_counts_what_was_declared_and_nothing_else():
    everything = {(pair.lower, pair.other): pair for pair in comparisons.pairs(declared(Contrasts()))}
    for contrasts, count in ((AGAINST, 3), (LISTED, 2)):
        pairs = comparisons.pairs(declared(contrasts))
        tested = [pair for pair in pairs if pair.tested]
        assert [(pair.lower, pair.other) for pair in tested] == contrasts.among(["lstm", "gru", "novel", "rnn"])
        assert len(tested) == count
        np.testing.assert_array_equal([pair.p_holm for pair in tested], holm([pair.difference.p for pair in tested]))
        assert {pair.verdict for pair in pairs if not pair.tested} == {"untested"}
        assert all(np.isnan([pair.p_holm, pair.p_equivalent]).all() for pair in pairs if not pair.tested)
        assert all(pair.difference == everything[pair.lower, pair.other].difference for pair in pairs)


def simulated(random: Generator, apart: float = 0.0) -> list[SequenceScores]:
    """As many cells as the zoo has, equal but for the second, which is lower by so much; as on JSB Chorales."""
    steps, easy = np.round(np.exp(random.normal(4, 0.4, TESTED))), random.normal(0, 0.8, TESTED)
    cells = []
    for cell in range(ZOO):
        pipelines = random.normal(-apart * (cell == 1), 0.028, PIPELINES)
        both = random.normal(0, 0.06, TESTED) + random.normal(0, 0.1, (PIPELINES, TESTED))
        cells.append(SequenceScores(steps * (8.4 + pipelines[:, None] + easy + both), steps))
    return cells


def p_values(cells: list[SequenceScores]) -> list[float]:
    """Holm's p of every other cell against the first."""
    return comparisons.adjusted([crossed.difference(cells[0], cell).p for cell in cells[1:]], [True] * (ZOO - 1), 0)


def test_of_equal_cells_one_differs_from_the_reference_in_one_of_twenty_studies_at_the_most():
    random, studies = default_rng(0), 200
    wrong = sum(min(p_values(simulated(random))) < LEVEL for _ in range(studies))
    assert wrong / studies <= LEVEL + 2 * (LEVEL * (1 - LEVEL) / studies) ** 0.5


def test_the_power_against_one_reference_is_that_of_51_tests_and_not_of_1326():
    random, studies, apart = default_rng(2), 100, 0.15
    detected = sum(p_values(simulated(random, apart))[0] < LEVEL for _ in range(studies)) / studies
    components = VarianceComponents(
        (0.028**2 / PIPELINES,) * 2,
        (0.1**2 / PIPELINES / TESTED,) * 2,
        2 * 0.06**2 / TESTED,
        (PIPELINES,) * 2,
        TESTED,
        TESTED,
    )
    expected = [power(apart, *components.standard_error(), LEVEL / count) for count in (ZOO - 1, ZOO * (ZOO - 1) // 2)]
    assert detected == pytest.approx(expected[0], abs=0.12)
    assert detected > expected[1] + 0.2


def test_the_verdict_names_no_best_cell_where_the_lowest_is_not_tested_beside_all():
    best, how_much, cost, *_ = verdict.lines(declared(AGAINST), MUSIC, list(CELLS))
    assert best.startswith("Best cell: none is named")
    assert "lstm, at 3.100" in best
    assert "Of the 3 contrasts against gru: lower than gru: lstm by 0.400 [" in how_much
    assert "Not told apart from gru: novel" in how_much or "Equivalent to gru within" in how_much
    assert "Higher than gru: rnn by 0.633 [" in how_much
    assert cost.startswith("At what cost: lstm has")
    assert ". gru has" in cost


def test_the_verdict_is_as_ever_where_the_lowest_cell_is_tested_beside_all_others():
    cells = {**CELLS, "gru": [2.0, 2.1, 2.05]}
    best, how_much, *_ = verdict.lines(declared(AGAINST, cells=cells), MUSIC, list(cells))
    assert best.startswith("Best cell: gru, at 2.050")
    assert "Holm counts the 3 contrasts against gru" in how_much


def test_of_a_group_without_the_reference_nothing_is_said():
    cells = {"rnn": HIGH, "lstm": LOW}
    best, how_much, *_ = verdict.lines(declared(AGAINST, cells=cells), MUSIC, list(cells))
    assert best.startswith("Best cell: none is named")
    assert "none, since no two of its cells are here" in how_much


def test_listed_pairs_are_said_one_by_one():
    text = verdict.lines(declared(LISTED), MUSIC, list(CELLS))[1]
    assert "Of the 2 contrasts (lstm with rnn, novel with lstm): lower: lstm than novel by 0.400 [" in text
    assert "and lstm than rnn by 1.033 [" in text


def test_tables_mark_what_was_declared():
    frame = declared(AGAINST)
    table = FIGURES["differences"].table(frame).set_index(["lower", "other"])
    assert table.verdict["lstm", "rnn"] == "not tested"
    assert table["p, Holm"]["lstm", "rnn"] == ""
    assert table.verdict["lstm", "gru"] == "better"
    (decision,) = decisions.decisions(frame)
    assert (decision.cell, decision.beaten, decision.untested) == ("lstm", ["gru"], ["novel", "rnn"])
    assert FIGURES["decision"].table(frame).verdict[0] == "better than gru; not tested beside 2 others"
    numbers = FIGURES["answer"].numbers(declared(Contrasts(against="rnn"))).set_index("cell")
    assert set(numbers.beside) == {"rnn"}
    assert numbers.verdict["lstm"] == "better"
    assert ranking.table(frame).set_index("cell").beside_lowest["rnn"] == "untested"


def test_an_untested_cell_of_the_figure_has_an_interval_and_no_mark():
    frame = declared(LISTED)
    (axis,) = drawn("answer", frame).axes
    marks = [line.get_marker() for line in axis.lines if line.get_linestyle() == "None"]
    assert marks.count("|") == 3  # beside the GRU, with which no pair was declared


def test_the_summary_marks_cells_beside_the_reference():
    trials = [trial for cell, tests in CELLS.items() for trial in seeds("music", cell, tests)]
    frame = by_hand([*trials, *(("speech", *trial[1:]) for trial in trials)])
    frame = replace(frame, declared=Declaration(AGAINST, None))
    texts = FIGURES["summary"].table(frame).set_index("cell")["Some Music"]
    assert texts["gru"] == "3.500"
    assert texts["lstm"].startswith("3.100 (-0.400 [")
    assert texts["lstm"].endswith(") <")
    assert texts["rnn"].startswith("4.133 (+0.633 [")
    assert texts["rnn"].endswith(") >")
    caption = parts._caption(FIGURES["summary"], frame)
    assert "what it is above gru" in caption
    assert "the 3 contrasts against gru of the task (Holm)" in caption


def test_metrics_count_what_was_declared():
    right = {"rnn": 10, "gru": 2, "lstm": 3, "novel": 2}
    of_each = {cell: [labels(np.arange(60) % 12 >= right[cell] - seed % 2) for seed in range(3)] for cell in CELLS}
    frame = with_statistics(declared(AGAINST), of_each)
    scores = metrics.of_cells(frame, style.by_cell(frame.scored()))
    assert scores
    for one in scores:
        tested = [pair for pair in one.pairs if pair.tested]
        assert {frozenset((pair.better, pair.other)) for pair in tested} == {
            frozenset(("gru", cell)) for cell in set(CELLS) - {"gru"}
        }
        np.testing.assert_array_equal([pair.p_holm for pair in tested], holm([pair.difference.p for pair in tested]))
    table = FIGURES["metrics"].table(frame)
    assert "'better' and 'worse' are beside gru" in parts._caption(FIGURES["metrics"], frame)
    assert list(table.accuracy.str.rpartition("]")[2]) == [" worse", " ?", " best", " ?"]


def test_captions_say_the_family_and_a_change_after_results():
    before = "Declared before there were results: every cell against gru would be tested."
    frame = declared(AGAINST)
    for name in ("answer", "differences", "decision", "metrics"):
        assert "the 3 contrasts against gru of" in parts._caption(FIGURES[name], frame)
        assert parts._caption(FIGURES[name], declared(Contrasts())) == FIGURES[name].CAPTION
    assert any(note.startswith(before) for note in FIGURES["differences"].notes(frame))
    late = declared(AGAINST, Contrasts())
    assert "the 3 contrasts against gru (declared post hoc)" in parts._caption(FIGURES["differences"], late)
    (note,) = families.note(late)
    assert note.startswith("Post hoc: that every cell against gru would be tested")
    assert "was all pairs" in note
    assert families.note(declared(Contrasts(), AGAINST))[0].startswith("Post hoc: that all pairs would be tested")
    assert families.note(declared(Contrasts())) == []


def test_ranks_are_those_of_the_contrasts():
    frame = by_hand(RANKED)
    everything = FIGURES["ranks"].numbers(frame)
    frame = replace(frame, declared=Declaration(AGAINST, None))
    numbers = FIGURES["ranks"].numbers(frame)
    # 2.241 is q of Bonferroni and Dunn for three cells at 0.05 (Demsar 2006, Table 5b).
    np.testing.assert_allclose(numbers.critical_difference, 2.241 * (3 * 4 / (6 * 3)) ** 0.5, rtol=3e-4)
    assert (numbers.critical_difference < everything.critical_difference).all()
    assert "within the thick bar is not told apart from gru" in parts._caption(FIGURES["ranks"], frame)
    assert "the 2 contrasts against gru" in parts._caption(FIGURES["ranks"], frame)
    (axis,) = drawn("ranks", frame).axes
    assert len([line for line in axis.lines if line.get_linewidth() == 3.5]) == 1
    listed = replace(frame, declared=Declaration(Contrasts(pairs=(("rnn", "novel"), ("rnn", "gru"))), None))
    (axis,) = drawn("ranks", listed).axes
    bars = sorted(line.get_xdata().tolist() for line in axis.lines if line.get_linewidth() == 3.5)
    assert bars == [pytest.approx([4 / 3 - 0.04, 5 / 3 + 0.04]), pytest.approx([4 / 3 - 0.04, 3 + 0.04])]


def test_the_page_says_nothing_of_two_cells_that_are_not_tested():
    frame = declared(Contrasts(pairs=(("lstm", "rnn"),)))
    assert sections.gru_or_lstm(frame) == ""
    assert "GRU or LSTM" in sections.gru_or_lstm(declared(AGAINST))
    (finding,) = findings.findings(declared(AGAINST))
    assert "Of the 3 contrasts against gru: lower than gru: lstm" in finding


def test_an_earlier_conclusion_on_a_pair_that_is_not_tested_is_not_repeated():
    said = conclusions.of_study(declared(Contrasts()))
    frame = declared(AGAINST)
    became = {(one.conclusion.lower, one.conclusion.other): one.became for one in conclusions.outcomes(frame, said)}
    assert became["lstm", "gru"] == "survived"
    assert became["lstm", "rnn"] == conclusions.NOT_REPEATED
    assert set(conclusions.of_study(frame).query("lower == 'lstm' and other == 'rnn'").verdict) == {""}


def test_without_sequences_it_is_the_same():
    tested = [pair for pair in comparisons.pairs(without_sequences(declared(AGAINST))) if pair.tested]
    assert len(tested) == 3
    assert all("gru" in (a, b) for a, b in ((pair.lower, pair.other) for pair in tested))
    assert len(list(combinations(CELLS, 2))) == 6


def test_the_matrix_has_p_of_what_was_declared_and_of_one_reference_a_single_column():
    frame = replace(by_hand(RANKED), declared=Declaration(AGAINST))
    numbers = FIGURES["matrix"].numbers(frame)
    assert list(zip(numbers.cell, numbers.other, strict=True)) == [("rnn", "gru"), ("novel", "gru")]
    assert "in 0 of 2 pairs" in FIGURES["matrix"].describe(numbers, frame)
    (axis,) = drawn("matrix", frame).axes
    assert [text.get_text() for text in axis.get_xticklabels()] == ["gru"]
    listed = FIGURES["matrix"].numbers(replace(frame, declared=Declaration(Contrasts(pairs=(("rnn", "gru"),)))))
    assert set(map(frozenset, listed.dropna()[["cell", "other"]].to_numpy().tolist())) == {frozenset(("rnn", "gru"))}
    assert len(listed) == 6
