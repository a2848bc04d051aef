"""Synthetic speech from a source-filter synthesiser, so that a machine without data and network has audio to train on.

A *speaker* has a pitch, a length of the vocal tract, a breathiness and a level. An utterance is a chain of vowels,
fricatives and pauses. Voiced sounds are pulses of the glottis (the derivative of KLGLOTT88's polynomial pulse), unvoiced
ones are noise; both pass through a cascade of second-order resonators whose formants glide from sound to sound (Klatt 1980,
Eq. 1-2). Vowels have the formants of Peterson and Barney 1952, Table II (men). It sounds like babble and is not speech.

The same numbers come out on any machine: filter coefficients are rounded to multiples of 2^-30 before use, and what is left
of rounding is far below one step of the 16 bits that samples are rounded to.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, construct
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays

VOWELS = [
    (270, 2290, 3010), (390, 1990, 2550), (530, 1840, 2480), (660, 1720, 2410), (730, 1090, 2440),
    (570, 840, 2410), (440, 1020, 2240), (300, 870, 2240), (640, 1190, 2390), (490, 1350, 1690),
]  # fmt: skip
"""Formants F1, F2, F3 of each vowel in Hz."""
FRICATIVES = [(2500, 4000, 6500), (1800, 2800, 5500), (4500, 5800, 7000), (1400, 2200, 3800)]
"""Resonances of each fricative in Hz."""
BANDWIDTHS = (70.0, 110.0, 170.0)
"""Bandwidths of the resonators of voiced sounds in Hz."""
NOISY_BANDWIDTHS = (400.0, 700.0, 1000.0)
"""Bandwidths of the resonators of fricatives in Hz."""
FRAME = 80
"""Samples for which the filter stands still."""
OPEN = 0.6
"""Share of a period for which the glottis is open."""
HISS = 0.3
"""Level of a fricative beside a vowel."""
ROOM = 20.0
"""Noise that is always there, at most, in 16-bit units."""
MOST_SAMPLES = 2**23
"""Samples of all speakers together, at the most."""
SAMPLES_PER_SPEAKER = 2**10
"""Samples that take as long as making a speaker; a speaker of fewer counts as so many."""


@dataclass(frozen=True)
class SynthesiserOptions:
    """What a card says about its speakers."""

    seed: int
    """Seed of everything that is drawn."""
    length: Count
    """Samples of a window."""
    windows: Count
    """Windows of each speaker."""
    train: Count
    """Speakers of the split; no speaker is in two splits."""
    valid: Count
    test: Count


@dataclass(frozen=True)
class Speaker:
    """What tells one voice from another."""

    pitch: float
    """Mean pitch in Hz."""
    stretch: float
    """Factor of all formants: above 1 for a short vocal tract."""
    breath: float
    """Noise in voiced sounds, as a share of the pulses."""
    level: float
    """Root mean square, in 16-bit units."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return split -> windows ``[length, 1]`` of 16-bit samples, speaker after speaker."""
    options = construct(SynthesiserOptions, f"{card.name}.yaml: options", card.options)
    voices = options.train + options.valid + options.test
    if voices * max(SAMPLES_PER_SPEAKER, options.windows * options.length) > MOST_SAMPLES:
        raise BadInput(
            f"{card.name}.yaml: options ask for more than {MOST_SAMPLES:,} samples, which would take long; use fewer"
        )
    assert card.rate is not None, card.name  # of kind audio
    splits: Arrays = {}
    for split in SPLITS:
        waves = []
        for number in range(getattr(options, split)):
            random = np.random.default_rng([options.seed, SPLITS.index(split), number])
            waves.append(utter(_speaker(number, random), options.windows * options.length, card.rate, random))
        splits[split] = [window for wave in waves for window in wave.reshape(-1, options.length, 1)]
    return splits


def _speaker(number: int, random: np.random.Generator) -> Speaker:
    """Return the voice of a number: low and high ones in turn."""
    low, high = ((95, 140), (170, 240))[number % 2]
    stretch = (0.95, 1.1)[number % 2] * random.uniform(0.95, 1.07)
    return Speaker(random.uniform(low, high), stretch, random.uniform(0.02, 0.12), random.uniform(1000, 2500))


def utter(speaker: Speaker, samples: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """Return so many 16-bit samples of one voice, at ``rate`` samples a second."""
    voice, hiss = _score(speaker, samples, rate, random)
    noise = random.uniform(-1, 1, len(voice.loudness) * FRAME)
    pulses = _pulses(speaker.pitch, len(voice.loudness), rate, random)
    wave = voice.sound(pulses + speaker.breath * noise, BANDWIDTHS, rate)
    wave += HISS * hiss.sound(noise, NOISY_BANDWIDTHS, rate)
    wave *= speaker.level / np.sqrt((wave**2).mean())
    wave += random.uniform(-ROOM, ROOM, len(wave))
    return np.clip(np.round(wave[:samples]), -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class Branch:
    """What the resonators of one source do in every frame: formants ``[F, 3]`` in Hz and loudness ``[F]``."""

    formants: np.ndarray
    loudness: np.ndarray

    def sound(self, source: np.ndarray, widths: tuple[float, ...], rate: int) -> np.ndarray:
        """Return the source, louder and softer, filtered, with a root mean square of 1 where it is on."""
        from scipy.signal import lfilter

        frames = np.arange(len(self.loudness))
        wave = source * np.interp(np.arange(len(source)) / FRAME, frames, self.loudness)
        memory = np.zeros((len(widths), 2))
        for f, frame in enumerate(self.formants):
            span = slice(f * FRAME, (f + 1) * FRAME)
            for r, (centre, width) in enumerate(zip(frame, widths, strict=True)):
                b, a = resonator(centre, width, rate)
                wave[span], memory[r] = lfilter(b, a, wave[span], zi=memory[r])
        return wave / max(1e-9, float(np.sqrt((wave**2).mean() / max(1e-9, (self.loudness > 0).mean()))))


def resonator(centre: float, width: float, rate: int) -> tuple[list[float], list[float]]:
    """``y_n = A x_n + B y_(n-1) + C y_(n-2)`` with unit gain at 0 Hz (Klatt 1980, Eq. 1-2).

    Returns numerator and denominator of the filter.
    """
    c = _coarse(-np.exp(-2 * np.pi * width / rate))
    b = _coarse(2 * np.exp(-np.pi * width / rate) * np.cos(2 * np.pi * centre / rate))
    return [1 - b - c], [1.0, -b, -c]


def _coarse(value: float) -> float:
    return round(float(value) * 2**30) / 2**30


def _score(speaker: Speaker, samples: int, rate: int, random: np.random.Generator) -> tuple[Branch, Branch]:
    """Return what the voice and what the hiss does: vowels, fricatives and pauses of random kind and length."""
    frames = -(-samples // FRAME)
    voice = Branch(np.empty((frames, 3)), np.zeros(frames))
    hiss = Branch(np.empty((frames, 3)), np.zeros(frames))
    before, f = np.array(VOWELS[0], float), 0
    while f < frames:
        kind = int(random.choice(3, p=[0.62, 0.22, 0.16]))
        length = int(random.uniform(0.05, (0.22, 0.13, 0.15)[kind]) * rate / FRAME) + 1
        span = slice(f, f + length)
        vowel = np.array(VOWELS[random.integers(len(VOWELS))], float) if kind == 0 else before
        glide = np.linspace(0, 1, len(voice.loudness[span]))[:, None] ** 0.5
        voice.formants[span] = before + (vowel - before) * glide
        hiss.formants[span] = FRICATIVES[random.integers(len(FRICATIVES))]
        if kind < 2:
            (voice, hiss)[kind].loudness[span] = random.uniform(0.4, 1.0)
        before, f = vowel, f + length
    highest = 0.46 * rate
    return (
        Branch(np.minimum(voice.formants * speaker.stretch, highest), voice.loudness),
        Branch(np.minimum(hiss.formants * speaker.stretch, highest), hiss.loudness),
    )


def _pulses(pitch: float, frames: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """Return the derivative of the flow through the glottis, its pitch wandering by up to 15 percent."""
    knots = random.uniform(0.85, 1.15, frames // 20 + 2)
    wander = np.interp(np.arange(frames * FRAME) / FRAME, np.arange(len(knots)) * 20, knots)
    phase = np.cumsum(pitch * wander / rate) % 1.0
    # d/dphase of phase^2 - phase^3 / OPEN while it is open: a slow rise and an abrupt end
    return np.where(phase < OPEN, 2 * phase - 3 * phase**2 / OPEN, 0.0)
