"""Small cases of what is timed."""

from gatebench.speed import data
from gatebench.speed.cases import Case

SMALL = [
    Case(data.music, "gru", 5, 1, 7),
    Case(data.music, "lstm_augmented", 4, 2, 5),
    Case(data.dense, "rnn", 6, 3, 4),
    Case(data.speech, "lstm", 5, 2, 6),
    Case(data.synthetic, "gru", 4, 3, 7),
    Case(data.symbols, "gru_reset_after", 4, 2, 5),
    Case(data.labels, "lstm", 4, 3, 5),
    Case(data.music, "lstm", 4, 2, 5, layers=2),
    Case(data.music, "gru_reset_after", 4, 2, 5, bidirectional=True),
    Case(data.music, "lstm", 5, 2, 5, work="evaluation"),
]
"""One of each kind."""
