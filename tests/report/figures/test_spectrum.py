"""Spectra of drawn sequences."""

import numpy as np

from gatebench.records.frame import Frame
from support.figures import FIGURES, drawn
from support.frames import TRIALS, by_hand


def test_spectra_are_drawn_as_they_are(hand: Frame):
    (axis,) = drawn("spectrum", hand).axes
    lines = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axis.lines}
    assert lines == {"validation split": [-40.0, -45.0, -50.0], "gru": [-45.0, -50.0, -55.0]}


def test_a_study_without_drawn_audio_has_no_spectra():
    assert FIGURES["spectrum"].numbers(by_hand([trial for trial in TRIALS if trial[0] == "music"])) is None


def test_a_spectrum_is_in_decibels_over_hertz(hand: Frame):
    (axis,) = drawn("spectrum", hand).axes
    assert (axis.get_xlabel(), "dB" in axis.get_ylabel()) == ("Hz", True)
