"""The sections of a page: verdict, what is missing and why, what is shown of each comparison group."""

from dataclasses import replace
from html import escape
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import style, verdict
from gatebench.report.page import glossary, page, parts, sections, tables
from support.figures import FIGURES
from support.frames import BUDGET, HIGH, LOW, MUSIC, NAN, TRAINING, by_hand, everything, seeds

SPEECH = ComparisonGroup("speech", BUDGET, TRAINING)
TWO = [
    *seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH), *seeds("music", "rnn", [5.0, 5.1, 5.2]),
    *seeds("speech", "gru", HIGH), *seeds("speech", "lstm", LOW),
    *seeds("nottingham", "gru", [3.0, 3.1, 3.3]), *seeds("nottingham", "lstm_peephole", [3.1, 3.0, 3.2]),
]  # fmt: skip


def of(frame: Frame, folder: Path, *names: str) -> list[sections.Section]:
    written = [parts.write(name, FIGURES[name], frame, folder) for name in names]
    return sections.of_study(frame, [part for part in written if part])


def test_a_section_has_the_verdict_of_compare_and_what_is_of_its_group_alone(tmp_path: Path):
    frame = by_hand(TWO)
    music, speech, nottingham = of(frame, tmp_path, "answer", "results", "scores", "table1", "ranks")
    assert (music.anchor, music.title) == ("group-1", "Some Music")
    assert music.verdict == verdict.lines(frame, MUSIC, ["rnn", "lstm", "gru"])
    assert [shown.part.name for shown in music.shown] == ["results", "scores"]
    assert "rnn" in music.answer
    assert "rnn" not in speech.answer
    drawing, table = (shown.html for shown in speech.shown)
    assert drawing.startswith("<svg")
    assert ("lstm" in drawing, "rnn" in drawing) == (True, False)
    assert table.count('<th scope="row">') == 2
    assert nottingham.title.startswith("Nottingham")


def test_one_group_has_the_whole_figure_and_draws_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drawn = []
    draw = FIGURES["results"].draw
    monkeypatch.setattr(FIGURES["results"], "draw", lambda *a: drawn.append(1) or draw(*a))
    (only,) = of(by_hand(TWO[:9]), tmp_path, "results")
    assert len(drawn) == 1
    assert only.shown[0].html.startswith("<svg")


def test_trials_that_another_group_has_too_are_counted_once():
    """As where two budgets come to the same sizes."""
    budgets = (BUDGET, "flops_40k")
    frame = by_hand([
        trial
        for budget in budgets
        for cell, nll in (("gru", LOW), ("lstm", HIGH))
        for trial in seeds("music", cell, nll, budget)
    ])  # fmt: skip
    first, second = (ComparisonGroup("music", budget, TRAINING) for budget in budgets)
    assert sections.shared(frame, second) == ""
    assert sections.gru_or_lstm(frame).startswith("GRU or LSTM? 2 comparison groups have both.")
    of_first = frame.trials[frame.trials.budget == BUDGET].groupby(["cell", "seed"]).key.first()

    def sharing(cells: set[str]) -> Frame:
        keys = [of_first[row.cell, row.seed] if row.cell in cells else row.key for row in frame.trials.itertuples()]
        return replace(frame, trials=frame.trials.assign(key=keys))

    partly, wholly = sharing({"gru"}), sharing({"gru", "lstm"})
    title = frame.title(first)
    as_well = f"confirming trials are those of {title} as well: the models have the same size."
    assert sections.shared(partly, second) == f"3 of 6 {as_well}"
    assert sections.gru_or_lstm(partly).startswith("GRU or LSTM? 2 comparison groups have both.")
    assert sections.shared(wholly, second) == f"All {as_well}"
    assert sections.shared(wholly, first) == ""
    assert sections.gru_or_lstm(wholly).startswith("GRU or LSTM? 1 comparison group has both.")


def test_cells_that_are_missing_are_named_with_the_reason():
    frame = by_hand([
        *TWO,
        ("music", "novel", "confirm", 1, 0.01, NAN, NAN, "diverged"),
        ("music", "novel", "confirm", 2, 0.01, 3.0, 3.1, "finished"),
        ("speech", "novel", "search", 0, 0.01, NAN, NAN, "diverged"),
        ("speech", "rnn", "search", 0, 0.01, 3.0, 3.0, "finished"),
    ])  # fmt: skip
    assert sections.absent(frame, MUSIC) == "Missing here: lstm_peephole (not trained); novel (1 confirming diverged)."
    assert sections.absent(frame, SPEECH) == (
        "Missing here: rnn (searched, not confirmed yet); lstm_peephole (not trained); "
        "novel (every setting of the search diverged)."
    )
    assert sections.absent(by_hand(TWO[:9]), MUSIC) == ""


def test_gru_or_lstm_is_answered_over_all_groups():
    assert (
        sections.gru_or_lstm(by_hand(TWO))
        == sections.headline(by_hand(TWO))
        == (
            "GRU or LSTM? 3 comparison groups have both. The GRU is better in 1: Some Music. The LSTM is better in 1: "
            "Some Speech (synthetic). No difference could be shown in 1: Nottingham."
        )
    )
    assert sections.gru_or_lstm(by_hand(seeds("music", "gru", LOW))) == ""


def test_a_title_has_what_tells_its_group_from_the_others_and_no_more():
    frame = by_hand(TWO)
    assert list(sections.titles(frame).values()) == ["Some Music", "Some Speech (synthetic)", "Nottingham"]
    of_two_sizes = by_hand([*TWO, *seeds("music", "gru", LOW, "units_64")])
    assert f"Some Music, {BUDGET}" in sections.titles(of_two_sizes).values()
    assert "Some Music, units_64" in sections.titles(of_two_sizes).values()
    both = replace(of_two_sizes, trials=pd.concat([of_two_sizes.trials, of_two_sizes.trials.assign(training="chung2014")]))
    assert {"Some Music, units_64, chung2014", f"Some Music, units_64, {TRAINING}"} <= set(sections.titles(both).values())


def test_a_budget_whose_name_has_no_size_is_shown_with_the_sizes_of_its_models():
    trials = everything().trials
    of_paper = trials.assign(budget="table1", parameters_recurrent=trials.task.map({"music": 18_630}).fillna(168_500))
    frame = replace(everything(), trials=pd.concat([of_paper, trials]))
    music, speech = "table1 (19k recurrent parameters)", "table1 (168k recurrent parameters)"
    assert frame.title(MUSIC) == f"Some Music, {BUDGET}, {TRAINING}"
    assert frame.title(MUSIC._replace(budget="table1")) == f"Some Music, {music}, {TRAINING}"
    assert f"Some Music, {music}, {TRAINING}" in sections.titles(frame).values()
    numbers = FIGURES["matrix"].numbers(frame)
    assert f"table1 (19k to 168k recurrent parameters), {TRAINING}, mean" in FIGURES["matrix"].describe(numbers, frame)
    rows = tables.in_words(FIGURES["decision"].table(frame), frame)
    assert {music, speech, BUDGET} <= set(rows.budget)
    assert "table1" in set(FIGURES["decision"].table(frame).budget)  # files keep the name


def test_a_study_of_one_cell_says_that_nothing_is_compared():
    frame = by_hand([trial for task in ("music", "speech", "nottingham") for trial in seeds(task, "gru", LOW)])
    assert sections.headline(frame) == (
        "No cells are compared here: gru is alone, in 3 comparison groups, of which each says its score."
    )
    assert page.lead(frame).startswith("9 trials of 1 cell on Some Music, ")


def test_labels_are_explained_that_are_there_and_no_others():
    trials = everything().trials
    text = glossary.explained(trials)
    assert text.startswith("Budgets: parameters_N matches the parameters of the recurrent layer; units_N gives")
    assert "table1" not in text
    modern = "modern is today's practice, with weight noise or what the study searches for in its place"
    protocols = f"Protocols: {modern}; chung2014 is that of Chung et al. (2014)."
    assert text.endswith(protocols)
    assert glossary.explained(trials.assign(budget="table1", training="mine")) == (
        "Budgets: table1 are the sizes of Chung et al. (2014), Table 1."
    )
    totals = glossary.explained(trials.assign(budget="total_parameters_24k", training="modern batch=4"))
    assert totals.startswith("Budgets: total_parameters_N matches the parameters with those of the readout.")


def test_a_page_of_many_groups_begins_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    frame = by_hand(TWO)
    frame = replace(frame, samples=frame.samples[:0])
    (tmp_path / "hand").mkdir()
    monkeypatch.setattr(page.frames, "load", lambda *_: frame)
    monkeypatch.setattr(page, "_keep_records", lambda *_: None)
    html = page.write(tmp_path, "hand").read_text()
    headline = sections.gru_or_lstm(frame)
    assert html.index(f'<p class="verdict">{escape(headline)}</p>') < html.index('id="decision"')
    assert html.count('<details class="group"') == 3
    assert '" open><summary>' not in html
    (line, *_) = verdict.lines(frame, MUSIC, style.cells(frame.trials[frame.trials.task == "music"]))
    assert html.index('id="group-1"><summary>') < html.index(f"<li>{escape(line)}</li>")
