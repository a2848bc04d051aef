"""Numbers that stand beside ours: of Chung, Gulcehre, Cho, Bengio 2014 (arXiv 1412.3555), and of a study in windows."""

TABLE_1 = {
    ("music", "lstm_peephole"): (36, 19.8e3),
    ("music", "gru"): (46, 20.2e3),
    ("music", "rnn"): (100, 20.1e3),
    ("speech", "lstm_peephole"): (195, 169.1e3),
    ("speech", "gru"): (227, 168.9e3),
    ("speech", "rnn"): (400, 168.4e3),
}
"""(Kind of data, cell) -> units and parameters of the recurrent layer, as printed in Table 1."""

TABLE_2 = {
    ("nottingham", "rnn"): (3.22, 3.13),
    ("nottingham", "gru"): (2.79, 3.23),
    ("nottingham", "lstm_peephole"): (3.08, 3.20),
    ("jsb_chorales", "rnn"): (8.82, 9.10),
    ("jsb_chorales", "gru"): (6.94, 8.54),
    ("jsb_chorales", "lstm_peephole"): (8.15, 8.67),
    ("muse_data", "rnn"): (5.64, 6.23),
    ("muse_data", "gru"): (5.06, 5.99),
    ("muse_data", "lstm_peephole"): (5.18, 6.23),
    ("piano_midi", "rnn"): (5.64, 9.03),
    ("piano_midi", "gru"): (4.93, 8.82),
    ("piano_midi", "lstm_peephole"): (6.49, 9.03),
    ("librispeech_short", "rnn"): (6.29, 6.44),
    ("librispeech_short", "gru"): (2.31, 3.59),
    ("librispeech_short", "lstm_peephole"): (1.44, 2.70),
    ("librispeech_long", "rnn"): (7.61, 7.62),
    ("librispeech_long", "gru"): (0.38, 0.88),
    ("librispeech_long", "lstm_peephole"): (0.80, 1.26),
}
"""(Task, cell) -> train and test NLL of Table 2 in nats per time step, one run each."""

RRU = {
    "jsb_chorales": (8.20, 8.33, 8.18, 7.72),
    "nottingham": (3.22, 3.25, 3.28, 2.92),
    "muse_data": (7.31, 7.24, 7.22, 7.03),
    "piano_midi": (7.58, 7.54, 7.52, 7.38),
}
"""Task -> test NLL of `RRU_CELLS` in Zakovskis et al. 2021 (arXiv 2108.00527), in nats per time step."""
RRU_CELLS = ("GRU", "LSTM", "Mogrifier LSTM", "RRU")
"""Cells of that study, in the order of `RRU`."""
RRU_DEVIATIONS = [
    "Theirs is the best of 100 settings by test; here the setting is selected on validation, and the figure of the bias of "
    "choosing on test says how much lower that is.",
    "Theirs are larger, have dropout and are trained by another optimizer; here size, regularisers and protocol are those "
    "of the study.",
    "In their code, training windows overlap by half and a sequence shorter than a window is kept whole; here windows do "
    "not overlap, and shorter sequences are kept whole likewise. How windows of unequal length are averaged is not stated "
    "there, so that both averages stand here.",
]
"""Where our trials depart from that study, or its text is silent, a sentence or two each."""

STANDS_IN = {"librispeech_short": "Ubisoft A", "librispeech_long": "Ubisoft B"}
"""Task -> the private data set that its published values are from; our data have only its number and length of sequences."""

DEVIATIONS = [
    "The paper indexes notes by MIDI number (93 to 108 inputs, the lowest never on); here 88 keys are read and predicted.",
    "The paper's sizes are 100 tanh, 46 GRU and 36 LSTM units on music, 400, 227 and 195 on speech: those of the budget "
    "table1. With another budget the units follow from it.",
    "Ubisoft's recordings are private, and neither their sample rate nor their standardisation nor the covariance of the "
    "mixture is stated. LibriSpeech stands in for them in number and length of sequences only: values on speech are shown "
    "side by side and cannot be compared.",
    "The paper does not say how it averages; here it is the steps average: total NLL over total predicted steps.",
    "The paper reports one run, the best on validation; here it is the mean over confirming seeds with its interval.",
    "The paper gives neither batch size, nor epochs, nor initialisation. There the protocol chung2014 takes the "
    "authors' code, but for epochs: the code has 500, its rate falling over all of them. Here it falls over the "
    "epochs of the study: fewer, except in chung2014_500, where a trial ends early only once 50 epochs have brought "
    "nothing. On speech a batch has more than one sequence. What each trial did is in its record.",
    "The paper clips the norm of the gradient to 1, its code that of the velocity; here it is the gradient. Weight noise "
    "is on while training; the code leaves it on in evaluation, here it is off.",
    "The paper does not say in which base its rates are exponents; here it is e, and they are spread evenly: ten, in "
    "chung2014_500 twelve of a range that goes on to 0.01.",
]
"""Where our protocol departs from the paper's or fills what it leaves open, a sentence or two each."""
