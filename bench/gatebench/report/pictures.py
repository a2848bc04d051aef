"""Pictures of drawn sequences: a piano roll, or a waveform over its spectrogram; the prime stands left of the line."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gatebench.report import style


def piano_roll(prime: np.ndarray, drawn: np.ndarray, lowest: int, path: Path, title: str) -> None:
    """Save a piano roll of the frames ``[T, keys]`` of the prime, darker, and of what the model drew after it.

    ``lowest`` is the MIDI pitch of column 0.
    """
    style.apply_style()
    roll = np.concatenate([2 * prime.astype(int), drawn.astype(int)])
    sounding = np.flatnonzero(roll.any(0))
    low, high = (int(sounding[0]) - 2, int(sounding[-1]) + 2) if len(sounding) else (0, roll.shape[1])
    figure, axis = plt.subplots(figsize=(8, 2.8))
    axis.pcolormesh(
        np.arange(len(roll) + 1), np.arange(roll.shape[1] + 1) + lowest - 0.5, roll.T, cmap="Greys", vmin=0, vmax=2.6
    )
    _mark_end_of_prime(axis, len(prime))
    axis.set_ylim(lowest - 0.5 + max(0, low), lowest - 0.5 + high)
    axis.set_xlabel("frame")
    axis.set_ylabel("MIDI pitch")
    axis.set_title(title, fontsize=10)
    _save(figure, path)


def waveform(prime: np.ndarray, drawn: np.ndarray, rate: int, path: Path, title: str) -> None:
    """Save the 16-bit samples of the prime and of what the model drew after it, over their spectrogram.

    ``rate`` is in samples a second.
    """
    style.apply_style()
    wave = np.concatenate([prime, drawn]).astype(float)
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 3.6), sharex=True)
    above.plot(np.arange(len(wave)) / rate, wave, lw=0.4, color="black")
    above.set_ylabel("16-bit units")
    below.specgram(wave + 1e-3, NFFT=256, Fs=rate, noverlap=192, cmap="Greys", vmin=-40)
    below.grid(False)
    below.set_ylabel("Hz")
    below.set_xlabel("seconds")
    for axis in (above, below):
        _mark_end_of_prime(axis, len(prime) / rate)
    above.set_title(title, fontsize=10)
    _save(figure, path)


def _mark_end_of_prime(axis: Axes, x: float) -> None:
    axis.axvline(x, color="#D55E00", lw=1.2)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
