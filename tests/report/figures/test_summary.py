"""The table of cells down and tasks across."""

from gatebench.report import comparisons
from support.figures import FIGURES
from support.frames import TRIALS, by_hand, seeds


def test_the_summary_marks_the_lowest_what_is_equivalent_to_it_and_what_is_undecided():
    trials = [*seeds("music", "gru", [3.0, 3.1, 3.2]), *seeds("music", "rnn", [3.1, 3.2, 3.1]),
              *seeds("music", "novel", [5.0, 5.1, 5.2]), *seeds("music", "lstm", [1.0, 1.1])]  # fmt: skip
    other = {"gru": "rnn", "rnn": "gru", "novel": "novel"}
    wide = {3.1: 2.6, 3.2: 3.9}  # of the GRU there, so that nothing can be said of it and the plain unit
    frame = by_hand([
        *trials,
        *(("speech", other[trial[1]], *trial[2:]) for trial in trials if trial[1] in other),
        *(("nottingham", *trial[1:5], *(wide.get(trial[5], 3.0),) * 2, trial[7]) for trial in trials if trial[1] == "gru"),
        *(("nottingham", *trial[1:]) for trial in trials if trial[1] == "rnn"),
    ])  # fmt: skip
    table = FIGURES["summary"].table(by_hand([trial for trial in TRIALS if trial[0] == "music"]))
    assert table is None  # one task is no summary
    table = FIGURES["summary"].table(frame).set_index("cell")
    assert list(table.index) == ["rnn", "gru", "novel"]  # the LSTM was confirmed on one task
    marks = {task: [text.rpartition(")")[2] for text in table[task]] for task in frame.datasets.values()}
    assert marks["Some Speech (synthetic)"] == ["3.100 lowest", " =", ""]
    assert marks["Some Music"] == ["", "", ""]  # the lowest there is the LSTM
    assert marks["Nottingham"] == ["3.133 lowest", " ?", ""]
    assert table["Some Music"]["gru"].startswith("3.100 (+2.050 [")


def test_a_mark_and_the_interval_beside_it_are_of_the_difference_to_the_lowest():
    trials = [*seeds("music", "gru", [3.0, 3.1, 3.2]), *seeds("music", "rnn", [3.5, 3.6, 3.4])]
    frame = by_hand([*trials, *(("speech", *trial[1:]) for trial in trials)])
    d = -comparisons.pairs(frame)[0].difference
    assert FIGURES["summary"].table(frame).set_index("cell")["Some Music"]["rnn"] == f"3.500 (+{d})"


def test_what_n_counts_is_said():
    trials = [*seeds("music", "gru", [3.0, 3.1]), *seeds("speech", "gru", [3.5, 3.6, 3.4])]
    frame = by_hand(trials)
    assert list(FIGURES["summary"].table(frame)["n"]) == ["2 seeds of one search, 3 seeds of one search"]
    frame.trials["pipeline"] = frame.trials.seed
    assert list(FIGURES["summary"].table(frame)["n"]) == ["2 pipelines, 3 pipelines"]
