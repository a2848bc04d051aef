"""The synthesiser makes what its card says, again and again, and it is like speech in what can be measured."""

import dataclasses

import numpy as np
import pytest

from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.data.readers import synthesiser

RATE = 16000


@pytest.fixture(scope="module")
def card():
    return cards.load("speech_synthetic")


@pytest.fixture(scope="module")
def arrays(card):
    return cards.read_arrays(card)


def test_it_says_what_it_is(card):
    assert card.synthetic
    assert card.description.startswith("Not speech")
    assert not card.files
    assert not card.package


def test_counts_and_shapes(card, arrays):
    options = card.options
    for split in SPLITS:
        assert len(arrays[split]) == options[split] * options["windows"]
        assert all(window.shape == (500, 1) and window.dtype == np.int16 for window in arrays[split])


def test_another_seed_is_another_speech(card, arrays):
    other = synthesiser.read(dataclasses.replace(card, options={**card.options, "seed": 1}), [])
    seen = {window.tobytes() for split in SPLITS for window in arrays[split]}
    assert not seen & {window.tobytes() for split in SPLITS for window in other[split]}


def test_no_voice_is_in_two_splits(arrays):
    digests = [window.tobytes() for split in SPLITS for window in arrays[split]]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(("centre", "width"), [(300.0, 70.0), (1200.0, 110.0), (5000.0, 1000.0)])
def test_a_resonator_resounds_at_its_formant(centre, width):
    from scipy.signal import freqz

    b, a = synthesiser.resonator(centre, width, RATE)
    hertz, response = freqz(b, a, worN=8192, fs=RATE)
    power = np.abs(response) ** 2
    assert power[0] == pytest.approx(1, abs=1e-6)
    assert hertz[power.argmax()] == pytest.approx(centre, abs=width / 5)
    above_half = hertz[power > power.max() / 2]
    assert above_half[-1] - above_half[0] == pytest.approx(width, rel=0.1)


def test_a_vowel_has_the_pitch_of_its_speaker():
    """Autocorrelation of the loudest half second peaks within the wandering of the pitch."""
    speaker = synthesiser.Speaker(pitch=120.0, stretch=1.0, breath=0.02, level=2000.0)
    wave = synthesiser.utter(speaker, 5 * RATE, RATE, np.random.default_rng(2)).astype(float)
    pieces = wave[: len(wave) // 1600 * 1600].reshape(-1, 1600)
    low = [np.convolve(piece, np.ones(8) / 8, "same") for piece in pieces]  # hiss is no tone
    loudest = low[int(np.argmax([piece.std() for piece in low]))]
    correlation = np.correlate(loudest, loudest, "full")[len(loudest) - 1 :]
    lags = np.arange(int(RATE / 250), int(RATE / 60))
    pitch = RATE / lags[correlation[lags].argmax()]
    assert 120 * 0.84 <= pitch <= 120 * 1.16


def test_levels_are_those_of_recordings(arrays):
    wave = np.concatenate(arrays["train"])[:, 0].astype(float)
    assert 800 < wave.std() < 3500
    assert np.abs(wave).max() < 32000, "it clips"
    kurtosis = ((wave - wave.mean()) ** 4).mean() / wave.var() ** 2
    assert kurtosis > 4, "speech is loud and soft; a Gaussian has 3"


def test_an_option_that_does_not_fit(card):
    with pytest.raises(Exception, match=r"speech_synthetic.yaml: options.windows is 0, expected a whole number from 1"):
        synthesiser.read(dataclasses.replace(card, options={**card.options, "windows": 0}), [])
