"""Small data sets as a user might have them, of each kind that ``gatebench data add`` reads: functions that write one.

Two are real and ship inside packages that are installed anyway: an electroencephalogram (Matplotlib's sample data), and the
text of Python's language reference (``pydoc_data`` of the standard library).
"""

from pathlib import Path

import matplotlib
import mido
import numpy as np
import soundfile


def delayed(folder: Path, count: int = 60, delay: int = 12) -> Path:
    """``.npz``: a list of sequences whose label, of each sequence, is the sign of their first number."""
    random = np.random.default_rng(1)
    sequences, labels = [], []
    for _ in range(count):
        sequence = random.standard_normal((delay + int(random.integers(1, 6)), 2)).round(3)
        labels.append("up" if sequence[0, 0] > 0 else "down")
        sequences.append(sequence)
    path = folder / "delayed.npz"
    np.savez(path, *sequences, y=np.array(labels))
    return path


def padded(folder: Path, count: int = 40, seed: int = 2) -> Path:
    """``.npz``: a padded array of zeros and ones with lengths, each step a copy of the one before last with a few errors."""
    random = np.random.default_rng(seed)
    lengths = random.integers(8, 21, count)
    x = np.zeros((count, 20, 3), np.uint8)
    for i, length in enumerate(lengths):
        x[i, :2] = random.integers(0, 2, (2, 3))
        for t in range(2, length):
            x[i, t] = x[i, t - 2] ^ (random.random(3) < 0.05)
    path = folder / "padded.npz"
    np.savez(path, x=x, lengths=lengths)
    return path


def table(folder: Path, count: int = 40) -> Path:
    """``.csv``: one long table of noisy oscillations, with a sequence column, a time, a group and a label of each step."""
    random = np.random.default_rng(3)
    rows = ["series,time,subject,a,b,moving"]
    for i in range(count):
        phase, speed = random.uniform(0, 6), random.uniform(0.2, 0.8)
        for t in range(int(random.integers(15, 30))):
            a, b = np.sin(phase + speed * t), np.cos(phase + speed * t)
            noise = 0.1 * random.standard_normal(2)
            rows.append(f"s{i},{t},p{i // 4},{a + noise[0]:.2f},{b + noise[1]:.2f},{'yes' if a > 0 else 'no'}")
    path = folder / "oscillations.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def tables(folder: Path, count: int = 12) -> Path:
    """A folder of ``.csv``, a sequence each."""
    target = folder / "runs"
    target.mkdir()
    random = np.random.default_rng(4)
    for i in range(count):
        walk = random.standard_normal((30, 2)).cumsum(0)
        lines = ["x,y", *(f"{x:.6f},{y:.6f}" for x, y in walk)]
        (target / f"run{i:02}.csv").write_text("\n".join(lines) + "\n")
    return target


def midi(folder: Path, count: int = 12) -> Path:
    """A folder of MIDI files: broken chords in a circle."""
    target = folder / "tunes"
    target.mkdir()
    random = np.random.default_rng(5)
    for i in range(count):
        file = mido.MidiFile()
        track = mido.MidiTrack()
        file.tracks.append(track)
        for chord in range(int(random.integers(4, 9))):
            for step in (0, 4, 7, 4):
                note = 60 + step + 5 * ((i + chord) % 3)
                track.append(mido.Message("note_on", note=note, velocity=64, time=0))
                track.append(mido.Message("note_off", note=note, time=file.ticks_per_beat // 4))
        file.save(target / f"tune{i:02}.mid")
    return target


def sounds(folder: Path, count: int = 12, rate: int = 8000) -> Path:
    """A folder of wav and flac files: decaying tones and noise."""
    target = folder / "sounds"
    target.mkdir()
    random = np.random.default_rng(6)
    for i in range(count):
        t = np.arange(int(random.integers(1200, 1800)))
        wave = 3000 * np.sin(t * random.uniform(0.05, 0.3)) * np.exp(-t / 900) + random.normal(0, 40, len(t))
        soundfile.write(target / f"sound{i:02}.{'flac' if i % 3 else 'wav'}", wave.round().astype(np.int16), rate)
    return target


def language_reference(folder: Path, characters: int = 40_000) -> Path:
    """``.txt``, real: the beginning of Python's language reference."""
    from pydoc_data.topics import topics

    path = folder / "reference.txt"
    path.write_text("\n\n".join(topics[name] for name in sorted(topics))[:characters], encoding="utf-8")
    return path


def eeg(folder: Path) -> Path:
    """``.csv``, real: 800 steps of four channels of an electroencephalogram, a single series."""
    path = Path(matplotlib.get_data_path()) / "sample_data" / "eeg.dat"
    channels = np.fromfile(path, float).reshape(800, 4)
    target = folder / "eeg.csv"
    np.savetxt(target, channels, "%.6g", ",", header="F3,F4,C3,C4", comments="")
    return target


ALL = (delayed, padded, table, tables, midi, sounds, language_reference, eeg)


def recall(folder: Path, count: int = 400, seed: int = 1) -> Path:
    """``.csv``: random symbols after a mark and one of their kind, up to 90 of them; the label of a sequence is that one.

    No baseline looks there: neither what a sequence is like as a whole nor its last steps tell it.
    """
    random = np.random.default_rng(seed)
    rows = ["sequence,symbol,label"]
    for i in range(count):
        first = "mnop"[random.integers(4)]
        noise = "".join("mnop"[symbol] for symbol in random.integers(4, size=random.integers(10, 91)))
        rows += [f"s{i},{symbol},{first}" for symbol in f"A{first}{noise}"]
    path = folder / "recall.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def noise(folder: Path, count: int = 120, seed: int = 0) -> Path:
    """``.csv``: symbols of which none follows from others."""
    random = np.random.default_rng(seed)
    rows = ["sequence,symbol"]
    for i in range(count):
        rows += [f"s{i},{'mnop'[symbol]}" for symbol in random.integers(4, size=random.integers(10, 21))]
    path = folder / "noise.csv"
    path.write_text("\n".join(rows) + "\n")
    return path
