"""The table of how much of the variance of scores is due to the cell, and how much to the protocol."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report.stats.variance_shares import variance_shares
from support.figures import FIGURES
from support.frames import BUDGET, NAN, by_hand, seeds

TABLE = FIGURES["shares"].table
GRU, RNN = [3.0, 3.02, 3.01], [3.1, 3.13, 3.09]


def under(protocols: dict[str, dict[str, list[float]]]) -> Frame:
    """The frame of cells with these test scores under each protocol."""
    frames = [
        (training, by_hand([trial for cell, tests in by_cell.items() for trial in seeds("music", cell, tests)]))
        for training, by_cell in protocols.items()
    ]
    trials = [
        frame.trials.assign(training=training, key=[f"{training} {key}" for key in frame.trials.key])
        for training, frame in frames
    ]
    return replace(frames[0][1], trials=pd.concat(trials, ignore_index=True))


def test_shares_are_of_all_cells_that_were_repeated_under_all_protocols():
    by_protocol = {"decay": {"gru": GRU, "rnn": RNN, "lstm": [9.0]}, "noise": {"gru": [3.6, 3.61], "rnn": [3.7, 3.72]}}
    (row,) = TABLE(under(by_protocol)).to_dict("records")
    crossed = [[np.array(by_protocol[training][cell]) for training in ("decay", "noise")] for cell in ("rnn", "gru")]
    shares = variance_shares(crossed)
    assert shares is not None
    for column, share in (("cell", shares.first), ("protocol", shares.second), ("rest", shares.rest)):
        assert row[column] == f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
    assert (row["cells"], row["protocols"], row["n"]) == ("rnn and gru", "decay and noise", "2")
    assert (row["more"], row["data"], row["budget"]) == ("protocol", "Some Music", BUDGET)


def test_which_is_more_is_said_where_it_is_sure():
    apart, alike = [4.0, 4.02, 4.01], [3.0, 3.01, 3.02]
    cell = {training: {"gru": alike, "rnn": apart} for training in ("a", "b")}
    both = {"a": {"gru": [3.0, 3.3, 3.6], "rnn": [3.4, 3.1, 3.8]}, "b": {"gru": [3.2, 3.7, 3.1], "rnn": [3.5, 3.4, 3.2]}}
    assert [TABLE(under(one))["more"].item() for one in (cell, both)] == ["cell", "undecided"]


def test_as_many_pairs_of_cell_and_protocol_as_there_are():
    three = {"gru": GRU, "rnn": RNN, "lstm": GRU}
    two = {"gru": GRU, "rnn": RNN}
    row = TABLE(under({"a": three, "b": three, "c": {"gru": GRU}})).iloc[0]
    assert (row["cells"], row["protocols"]) == ("rnn, lstm and gru", "a and b")
    row = TABLE(under({"a": three, "b": three, "c": two})).iloc[0]
    assert (row["cells"], row["protocols"]) == ("rnn and gru", "a, b and c")  # six either way: more protocols


def test_gru_and_lstm_have_a_row_of_their_own():
    """The plain unit is far off, so that the cell is more; of the other two the protocol is."""
    a = {"rnn": [9.0, 9.1], "lstm_peephole": [3.0, 3.01], "gru": [3.01, 3.0]}
    b = {cell: [score + 0.5 for score in scores] for cell, scores in a.items()}
    rows = TABLE(under({"a": a, "b": b})).to_dict("records")
    assert [row["cells"] for row in rows] == ["rnn, lstm_peephole and gru", "lstm_peephole and gru"]
    assert [row["more"] for row in rows] == ["cell", "protocol"]
    with_lstm = {training: {**by_cell, "lstm": by_cell["gru"]} for training, by_cell in (("a", a), ("b", b))}
    assert list(TABLE(under(with_lstm))["cells"])[1] == "lstm and gru"


def test_without_two_repeated_cells_under_two_protocols_there_is_no_table():
    for protocols in (
        {"a": {"gru": GRU, "rnn": RNN}},
        {"a": {"gru": GRU, "rnn": RNN}, "b": {"gru": GRU}},
        {"a": {"gru": GRU, "rnn": RNN}, "b": {"gru": GRU, "rnn": [3.0]}},
        {"a": {"gru": GRU, "rnn": RNN}, "b": {"gru": GRU, "rnn": [3.0, NAN]}},
        {"a": {"gru": [3.0, 3.0], "rnn": [3.0, 3.0]}, "b": {"gru": [3.0, 3.0], "rnn": [3.0, 3.0]}},
    ):
        assert TABLE(under(protocols)) is None
