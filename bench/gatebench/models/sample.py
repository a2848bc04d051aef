"""Sequences drawn from a trained trial: the beginning of one of the data, and how the model goes on."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.core.files import atomic_write
from gatebench.data import cards, framings, tasks
from gatebench.data.cards import LOWEST_PITCH, Card
from gatebench.data.framings import next_block
from gatebench.graph.stack import Stack
from gatebench.models import lookup
from gatebench.records.names import inert
from gatebench.records.schema import Record
from gatebench.records.store import Store

Weights = dict[str, np.ndarray]
"""Name of a parameter -> its matrix ``[rows, columns]``."""
SILENT = 2
"""Seconds that drawing may take before it is shown how far it is."""
SEGMENT = 256
"""Samples of a segment of a spectrum."""


@dataclass(frozen=True)
class Sample:
    """A sequence in the data's own units: 16-bit samples ``[L]``, numbers of symbols ``[T, 1]``, or steps ``[T, X]``."""

    card: Card
    prime: np.ndarray
    """The beginning, from the validation split."""
    drawn: np.ndarray
    """What the model drew after it."""

    @property
    def whole(self) -> np.ndarray:
        """Prime and drawn steps, one after the other."""
        return np.concatenate([self.prime, self.drawn])


def draw_sample(store: Store, key: str, steps: int | None = None, seed: int = 0) -> Sample:
    """Prime a trained trial with a sequence of its data and draw ``steps`` more (None: a second of audio, else 64 steps).

    Every step is drawn from the predicted distribution and read at the next one. ``seed`` chooses the sequence of the
    validation split that primes (of audio, a window among the louder half; of others, at most 32 steps) and what is drawn.
    """
    import torch

    from gatebench.training.model import stream

    record, weights = lookup.find_record(store, key), store.weights(key)
    task = tasks.load(record.settings.task, lookup.card_of(record).name, record.settings.predict)
    if task.card.target:
        raise BadInput(f"trial {key} tells {task.card.name}'s target, not how a sequence goes on; choose one that predicts")
    if task.card.forecast:
        raise BadInput(
            f"trial {key} forecasts {task.card.name} from more than what it predicts at a step, so that nothing goes on "
            f"from a drawn one; choose another trial, or use its model: gatebench export {key}"
        )
    random = stream(seed, "sample")
    x, prime = (_audio_prime if task.card.kind == "audio" else _prime)(task, random)
    steps = steps or (task.card.rate or 0) // task.outputs or 64
    with torch.no_grad():
        drawn = _continue(weights, record, task, x, steps, random)
    return Sample(task.card, prime, drawn)


def _continue(
    weights: Weights, record: Record, task: tasks.Task, x: np.ndarray, steps: int, random: np.random.Generator
) -> np.ndarray:
    """Return targets ``[steps, Y]`` in the units of the data, drawn one after the other, after reading ``x [N, X]``."""
    import torch

    from gatebench.engines import selection
    from gatebench.training import likelihoods
    from gatebench.training.model import Model

    settings, summary = record.settings, record.summary
    graph = lookup.graph_of(record)
    framing, options = framings.find(settings.predict, task.card), dict(settings.likelihood)
    kind, classes = framing.predicted_kind(task.card), framing.classes(task.card)
    likelihood = likelihoods.build(str(options.pop("name")), options, kind, classes)
    stack = Stack(**vars(settings.model))
    engine = selection.create("reference")  # single steps are the reference's, whichever engine trained the trial
    model = Model(graph, task.inputs, task.outputs, summary.units, likelihood, engine, stack=stack)
    parameters = {name: torch.from_numpy(w).unsqueeze(0) for name, w in weights.items()}
    low, high = ((np.asarray(limit) - task.mean) / task.std for limit in _limits(task.card))
    layers, drawn, read = model.start(parameters), [], x[0]
    for t in _shown(len(x) + steps - 1):
        read = x[t] if t < len(x) else framing.next_input(task.card, read, drawn[-1])
        readout = model.advance(parameters, torch.from_numpy(np.asarray(read, np.float32))[None], layers)
        if t >= len(x) - 1:
            drawn.append(np.clip(likelihood.draw(readout[0].numpy(), random), low, high))
    return _in_data_units(task, np.stack(drawn))


def _shown(steps: int) -> Iterable[int]:
    """Return the steps, and show on a terminal how far they are once they have taken `SILENT` seconds."""
    from tqdm import tqdm

    return tqdm(range(steps), desc="drawing", unit="step", unit_scale=True, delay=SILENT, leave=False, disable=None)


def _in_data_units(task: tasks.Task, y: np.ndarray) -> np.ndarray:
    """Return standardised targets in the units of the data, with its dtype."""
    values = y * task.std + task.mean
    match task.card.kind:
        case "audio":
            return values.ravel().round().astype(np.int16)
        case "reals":
            return values
        case _:
            return values.astype(np.int64 if task.card.kind == "symbols" else np.uint8)


def _limits(card: Card) -> tuple[float, float]:
    """Return the least and the largest value of a card's data."""
    match card.kind:
        case "audio":
            return -32768, 32767
        case "reals":
            return -np.inf, np.inf
        case "symbols":
            return 0, len(card.names) - 1
        case _:
            return 0, 1


def _prime(task: tasks.Task, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model reads of a prime, and the prime in the units of the data."""
    sequence = task.splits["valid"][random.integers(len(task.splits["valid"]))]
    count = max(1, min(32, len(sequence) // 2))
    x = sequence.x[:count]
    read = np.argmax(x, 1)[:, None] if task.card.kind == "symbols" else x
    return x, _in_data_units(task, read)


def _audio_prime(task: tasks.Task, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the same as `_prime` for audio: one of the louder half of the windows."""
    valid = task.splits["valid"]
    louder = np.argsort([float(np.square(sequence.y).mean()) for sequence in valid])[len(valid) // 2 :]
    sequence = valid[random.choice(louder)]
    # The last target is read as well: what is drawn goes on behind it.
    last = next_block.next_input(task.card, sequence.x[-1], sequence.y[-1])
    x = np.concatenate([sequence.x, last[None]])
    wave = np.concatenate([sequence.x[0], sequence.y.ravel()]) * task.std + task.mean
    return x, wave.round().clip(*_limits(task.card)).astype(np.int16)


def write_sample(sample: Sample, path: Path) -> Path:
    """Write the whole sequence as a wav, MIDI, text or csv file; returns its path: ``path`` with the suffix."""
    if sample.card.kind == "symbols":
        return _write_text(sample, path.with_suffix(".txt"))
    if sample.card.kind in ("binary", "reals"):
        return _write_table(sample, path.with_suffix(".csv"))
    if sample.card.kind == "audio":
        import soundfile

        target = path.with_suffix(".wav")
        assert sample.card.rate is not None, sample.card.name
        rate = sample.card.rate
        atomic_write(target, lambda partial: soundfile.write(partial, sample.whole, rate, subtype="PCM_16", format="WAV"))
        return target
    target = path.with_suffix(".mid")
    atomic_write(target, piano_roll_as_midi(sample.whole).save)
    return target


def _write_text(sample: Sample, path: Path) -> Path:
    """Write the symbols: characters as they are, longer ones with spaces between them."""
    names = [sample.card.names[i] for i in sample.whole[:, 0]]
    text = ("" if all(len(name) == 1 for name in sample.card.names) else " ").join(names)
    atomic_write(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return path


def _write_table(sample: Sample, path: Path) -> Path:
    """Write a csv with a row for each step."""
    names = sample.card.names or [str(i) for i in range(sample.whole.shape[1])]
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(map(inert, names))
    rows.writerows(sample.whole.tolist())
    atomic_write(path, lambda partial: partial.write_text(text.getvalue(), encoding="utf-8", newline=""))
    return path


def piano_roll_as_midi(roll: np.ndarray) -> Any:
    """Return a piano roll as MIDI: a frame is a quarter note at 120 beats a minute, equal notes in a row are held."""
    import mido

    if LOWEST_PITCH + roll.shape[1] > 128:
        raise BadInput(f"MIDI knows pitches up to 127; a roll of {roll.shape[1]} keys from {LOWEST_PITCH} does not fit")
    file = mido.MidiFile()
    track = mido.MidiTrack()
    file.tracks.append(track)
    silent = np.zeros((1, roll.shape[1]), int)
    changes = np.diff(np.concatenate([silent, roll.astype(int), silent]), axis=0)
    written = 0
    for t, change in enumerate(changes):
        for sign, message in ((-1, "note_off"), (1, "note_on")):
            for column in np.flatnonzero(change == sign):
                delta, written = (t - written) * file.ticks_per_beat, t
                track.append(mido.Message(message, note=LOWEST_PITCH + int(column), velocity=64, time=delta))
    return file


@dataclass(frozen=True)
class Spectra:
    """Mean power over frequencies in Hz, in decibels of full scale a Hz."""

    hertz: np.ndarray
    drawn: np.ndarray
    """Spectrum of what the model drew."""
    data: np.ndarray
    """Spectrum of the validation split, which primes come from."""

    @property
    def distance(self) -> float:
        """Log-spectral distance: the root mean square difference in decibels."""
        return float(np.sqrt(np.square(self.drawn - self.data).mean()))


def spectra(sample: Sample) -> Spectra:
    """Return the spectra of what was drawn and of the data, by Welch's method, in segments that fit into either."""
    assert sample.card.rate is not None, sample.card.name
    data = [wave[:, 0] for wave in cards.read_arrays(sample.card)["valid"]]
    segment = min(SEGMENT, len(sample.drawn), *map(len, data))
    hertz, drawn = spectrum([sample.drawn], sample.card.rate, segment)
    return Spectra(hertz, drawn, spectrum(data, sample.card.rate, segment)[1])


def spectrum(waves: list[np.ndarray], rate: int, segment: int) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies in Hz, and the mean power of 16-bit waves in decibels of full scale per Hz."""
    from scipy.signal import welch

    powers_of_waves = [welch(wave / 32768.0, rate, nperseg=segment) for wave in waves]
    return powers_of_waves[0][0], 10 * np.log10(np.mean([power for _, power in powers_of_waves], axis=0) + 1e-14)
