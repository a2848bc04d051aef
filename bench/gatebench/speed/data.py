"""What the timed models read and predict: sequences drawn in the shapes of real tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.data.sequences import Sequence
from gatebench.training.likelihoods import Likelihood, bernoulli, categorical, gaussian_mixture

MUSIC_DENSITY = 0.04
"""Share of keys that sound at a step of music."""
KEYS, SYMBOLS, CLASSES, FEW = 88, 100, 10, 10
"""Keys of a piano roll, symbols of a text, classes of a label, and numbers where few are read."""
READ, PREDICTED = 20, 10
"""Samples of audio that are read at a step, and that are predicted (`gatebench.data.framings.next_block`)."""
SYNTHETIC = "speech_synthetic"
"""The data set whose own sequences are read, from the start that its protocol prescribes."""


@dataclass(frozen=True)
class Data:
    """A kind of sequences, with the likelihood of what is predicted."""

    name: str
    inputs: int
    outputs: int
    likelihood: Likelihood
    draw: Callable[[np.random.Generator, int], Sequence]
    """Returns one sequence of so many steps."""
    at: Literal["step", "sequence"] = "step"
    """Whether something is predicted at every step or once, at the end."""
    readout_bias: Literal["zero", "marginal"] = "zero"
    """How the readout's bias starts (`gatebench.training.protocol.Training`)."""


def _keys(random: np.random.Generator, steps: int) -> np.ndarray:
    return (random.random((steps, KEYS)) < MUSIC_DENSITY).astype(np.float32)


def _numbers(random: np.random.Generator, steps: int, width: int) -> np.ndarray:
    return random.standard_normal((steps, width)).astype(np.float32)


def _music(random: np.random.Generator, steps: int) -> Sequence:
    return Sequence(_keys(random, steps), _keys(random, steps))


def _dense(random: np.random.Generator, steps: int) -> Sequence:
    return Sequence(_numbers(random, steps, READ), _keys(random, steps))


def _few(random: np.random.Generator, steps: int) -> Sequence:
    return Sequence(_numbers(random, steps, FEW), (random.random((steps, FEW)) < MUSIC_DENSITY).astype(np.float32))


def _speech(random: np.random.Generator, steps: int) -> Sequence:
    return Sequence(_numbers(random, steps, READ), _numbers(random, steps, PREDICTED))


def _symbols(random: np.random.Generator, steps: int) -> Sequence:
    text = random.integers(SYMBOLS, size=steps + 1)
    return Sequence(np.eye(SYMBOLS, dtype=np.float32)[text[:-1]], text[1:, None])


def _label(random: np.random.Generator, steps: int) -> Sequence:
    return Sequence(_numbers(random, steps, READ), random.integers(CLASSES, size=(1, 1)))


@cache
def _windows() -> list[Sequence]:
    return tasks.load(SYNTHETIC, SYNTHETIC, "next_block").splits["train"]


def _window(random: np.random.Generator, steps: int) -> Sequence:
    window = _windows()[random.integers(len(_windows()))]
    return Sequence(window.x[:steps], window.y[:steps])


music = Data("music", KEYS, KEYS, bernoulli(), _music)
"""Piano rolls: zeros and ones, most of them zero."""
dense = Data("dense", READ, KEYS, bernoulli(), _dense)
"""Keys predicted from real numbers, none of which is zero."""
speech = Data("speech", READ, PREDICTED, gaussian_mixture(20), _speech)
"""Standardised samples of audio, predicted by a mixture of 20 Gaussians."""
synthetic = Data(SYNTHETIC, READ, PREDICTED, gaussian_mixture(20), _window, readout_bias="marginal")
"""Synthetic speech itself, at its marginal start: most components are so far off that their share is next to nothing."""
symbols = Data("symbols", SYMBOLS, 1, categorical(SYMBOLS), _symbols)
"""The next of 100 symbols at every step."""
numbers = Data("numbers", FEW, FEW, bernoulli(), _few)
"""Few real numbers, and as many keys: next to nothing beside the recurrent layer."""
labels = Data("labels", READ, 1, categorical(CLASSES), _label, at="sequence")
"""One of 10 classes of a whole sequence of real numbers."""


def lengths_of_music(count: int) -> tuple[int, ...]:
    """Return lengths of so many training sequences of MuseData, spread over their range; none without the data."""
    try:
        lengths = sorted(len(a) - 1 for a in cards.read_arrays(cards.load("muse_data"))["train"])
    except BadInput:
        return ()
    return tuple(lengths[int((i + 0.5) * len(lengths) / count)] for i in range(count))
