"""Scores on raw audio in other units."""

import numpy as np

from gatebench.records.frame import Frame
from support.figures import FIGURES
from support.frames import STD, TRIALS, by_hand


def test_other_units_follow_from_block_and_scale(hand: Frame):
    """(7.5 + 7.3) / 2 = 7.4 nats a block of ten; log2 of e^(0.74) x 1817.9 is 11.896 bits."""
    table = FIGURES["units"].table(hand).set_index("cell")
    assert list(table.index) == ["[unigram]", "[markov]", "gru"]
    assert table["nats per block"]["gru"].startswith("7.400 [")
    assert table["nats per sample"]["gru"].startswith("0.740 [")
    assert table["bits per 16-bit sample"]["gru"].startswith(f"{0.74 / np.log(2) + np.log2(STD):.3f} [")
    assert table["nats per sample"]["[markov]"] == "0.625"
    assert table["n"]["gru"] == "2"


def test_a_study_without_audio_has_no_other_units():
    assert FIGURES["units"].table(by_hand([trial for trial in TRIALS if trial[0] == "music"])) is None
