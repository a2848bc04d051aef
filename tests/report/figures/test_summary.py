"""The table of cells down and tasks across."""

from support.figures import FIGURES
from support.frames import TRIALS, by_hand, seeds


def test_the_summary_marks_the_lowest_and_what_does_not_differ_from_it():
    trials = [*seeds("music", "gru", [3.0, 3.1, 3.2]), *seeds("music", "rnn", [3.1, 3.2, 3.1]),
              *seeds("music", "novel", [5.0, 5.1, 5.2]), *seeds("music", "lstm", [1.0, 1.1])]  # fmt: skip
    other = {"gru": "rnn", "rnn": "gru", "novel": "novel"}
    frame = by_hand([*trials, *(("speech", other[trial[1]], *trial[2:]) for trial in trials if trial[1] in other)])
    table = FIGURES["summary"].table(by_hand([trial for trial in TRIALS if trial[0] == "music"]))
    assert table is None  # one task is no summary
    table = FIGURES["summary"].table(frame).set_index("cell")
    assert list(table.index) == ["rnn", "gru", "novel"]  # the LSTM was confirmed on one task
    marks = {task: [text.rpartition("]")[2] for text in table[task]] for task in ("Some Music", "Some Speech (synthetic)")}
    assert marks["Some Speech (synthetic)"] == [" lowest", " =", ""]
    assert marks["Some Music"] == ["", "", ""]  # the lowest there is the LSTM
    assert table["Some Music"]["gru"].startswith("3.100 [")
