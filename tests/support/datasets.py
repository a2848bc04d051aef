"""``tiny`` and ``murmur``: small data sets of music and of audio, each in a plugin folder of its own."""

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import soundfile
import yaml

from gatebench.data import cards, facts, tasks
from gatebench.data.baselines.audio import of_waves
from gatebench.data.baselines.binary import of_frames
from gatebench.data.contents import content_digest
from gatebench.data.readers import recordings

KEYS = 12
LENGTHS = {
    # Both ends of 2..14; more than one batch and a last batch that is smaller, for batches of 2, 4, 5 or 8.
    "train": [2, 14, 7, 5, 9, 12, 3, 8, 11, 6, 10, 13, 4],
    "valid": [8, 2, 11, 14, 5],
    "test": [9, 14, 6, 2, 12, 7],
}
CHORDS = [(0, 4, 7), (5, 9, 0), (7, 11, 2), (9, 0, 4)]


@dataclass(frozen=True)
class Tiny:
    """A data set and the folders that a test may look into; the environment points there already."""

    folder: Path
    """What the test may write below."""
    plugin_folder: Path
    """``GATEBENCH_PATH``: ``datasets/tiny.yaml`` and ``conf/task/tiny.yaml``."""
    data: Path
    """``GATEBENCH_DATA``: ``music/tiny.mat``."""
    env: dict[str, str]
    """For subprocesses."""
    rolls: dict[str, list[np.ndarray]]
    """Split -> its sequences ``[T, 12]``, as written to the file."""
    card: str = "tiny"
    task: str = "tiny"

    @property
    def mat(self) -> Path:
        """The one file of the data set."""
        return self.data / "music" / "tiny.mat"

    @property
    def yaml(self) -> Path:
        """The card."""
        return self.plugin_folder / "datasets" / "tiny.yaml"

    def load(self) -> tasks.Task:
        """The task as a study would load it."""
        return tasks.load(self.task, self.card, "next_step")

    def write(self, rolls: dict[str, list[np.ndarray]]) -> None:
        """Other music under the same name, with the card that fits it."""
        self.mat.parent.mkdir(parents=True, exist_ok=True)
        self.mat.write_bytes(mat_file(rolls))
        self.yaml.parent.mkdir(parents=True, exist_ok=True)
        self.yaml.write_text(yaml.safe_dump(card_of(self.mat, rolls), sort_keys=False))

    def edit(self, **values: object) -> None:
        """Change entries of the card."""
        self.yaml.write_text(yaml.safe_dump({**yaml.safe_load(self.yaml.read_text()), **values}, sort_keys=False))


@dataclass(frozen=True)
class Murmur:
    """A small set of recordings in a plugin folder of its own; the environment points there already."""

    folder: Path
    """What the test may write below."""
    plugin_folder: Path
    """``GATEBENCH_PATH``: ``datasets/murmur.yaml``, ``datasets/murmur.csv`` and ``conf/task/murmur.yaml``."""
    data: Path
    """``GATEBENCH_DATA``: ``speech/murmur.zip``."""
    env: dict[str, str]
    """For subprocesses."""
    waves: dict[str, np.ndarray]
    """File -> its samples, 16-bit; named ``split_speaker_number``."""

    @property
    def zip(self) -> Path:
        """The archive of all recordings."""
        return self.data / "speech" / "murmur.zip"

    @property
    def yaml(self) -> Path:
        """The card."""
        return self.plugin_folder / "datasets" / "murmur.yaml"

    @property
    def csv(self) -> Path:
        """The manifest."""
        return self.plugin_folder / "datasets" / "murmur.csv"

    def pack(self, files: dict[str, bytes]) -> None:
        """An archive of these files, in a folder as real ones are."""
        self.zip.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(self.zip, "w") as archive:
            for name, contents in files.items():
                archive.writestr(name if "/" in name else f"recordings/{name}", contents)

    def files(self) -> dict[str, bytes]:
        """File -> its bytes."""
        return {name: sound_file(wave, name) for name, wave in self.waves.items()}

    def write(self, **options: object) -> None:
        """Archive, manifest and a complete card, with other options if given."""
        self.pack(self.files())
        self.yaml.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            f"{name},{name.split('_')[0]},{name.split('_')[1]},{len(wave)},{hashlib.sha256(wave.tobytes()).hexdigest()}"
            for name, wave in self.waves.items()
        ]
        self.csv.write_text("\n".join(["file,split,speaker,samples,sha256", *rows]) + "\n")
        values = {
            "title": "Murmur",
            "description": "Decaying tones and noise.",
            "time_step": "a block of 10 samples",
            "source": "made by the tests",
            "licence": "CC0",
            "citation": "none",
            "synthetic": True,
            "kind": "audio",
            "rate": 8000,
            "reader": "recordings",
            "options": {
                "manifest": "murmur.csv",
                "archive": "speech/murmur.zip",
                "url": "http://127.0.0.1:9",  # nobody listens there: nothing leaves this machine
                "length": 120,
                "seed": 1,
                "train": 18,
                **options,
            },
        }
        self.yaml.write_text(yaml.safe_dump({**values, "content": "", "facts": {}, "baselines": {}}, sort_keys=False))
        waves = recordings.read(cards.load("murmur"), [])
        stated = {"content": content_digest(waves), "facts": facts.count("audio", waves), "baselines": of_waves(waves)}
        self.yaml.write_text(yaml.safe_dump({**values, **stated}, sort_keys=False))


def sound_file(wave: np.ndarray, name: str, rate: int = 8000, subtype: str = "PCM_16") -> bytes:
    """A wav or flac file."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate, subtype, format=name.rpartition(".")[2].upper())
    return file.getvalue()


def make_tiny(folder: Path) -> Tiny:
    """Write the small set of music below a folder, with a task of its own; `environment_of` points a process there."""
    plugin_folder, data = folder / "plugins", folder / "data"
    env = {**os.environ, "GATEBENCH_PATH": str(plugin_folder), "GATEBENCH_DATA": str(data)}
    tiny = Tiny(folder, plugin_folder, data, env, chord_sequences())
    tiny.write(tiny.rolls)
    task = plugin_folder / "conf" / "task" / "tiny.yaml"
    task.parent.mkdir(parents=True, exist_ok=True)
    task.write_text("dataset: tiny\npredict: next_step\nlikelihood: { name: bernoulli }\n")
    return tiny


def make_murmur(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Murmur:
    """Write the small set of recordings below a folder, and point the environment there while the patch lasts."""
    plugin_folder, data = folder / "plugins", folder / "data"
    monkeypatch.setenv("GATEBENCH_PATH", str(plugin_folder))
    monkeypatch.setenv("GATEBENCH_DATA", str(data))
    murmur = Murmur(folder, plugin_folder, data, dict(os.environ), voice_recordings())
    murmur.write()
    task = plugin_folder / "conf" / "task" / "murmur.yaml"
    task.parent.mkdir(parents=True, exist_ok=True)
    task.write_text("dataset: murmur\npredict: next_block\nlikelihood: { name: gaussian_mixture, components: 4 }\n")
    return murmur


def voice_recordings() -> dict[str, np.ndarray]:
    """Recordings of several voices, a voice in one split only; as wav and as flac, of lengths that no window divides."""
    random, waves = np.random.default_rng(2014), {}
    for split, speakers in {"train": "abc", "valid": "de", "test": "fg"}.items():
        for speaker in speakers:
            for number in range(2):
                t = np.arange(random.integers(700, 1400))
                tone = np.sin(t * random.uniform(0.1, 0.6)) * (1 + np.cos(t * random.uniform(0.002, 0.01)))
                wave = random.uniform(400, 2500) * tone + random.normal(0, 30, len(t))
                waves[f"{split}_{speaker}_{number}.{'wav' if number else 'flac'}"] = wave.round().astype(np.int16)
    return waves


def chord_sequences() -> dict[str, list[np.ndarray]]:
    """Four chords in a circle, each entered anywhere: the next frame follows from this one, but for a few wrong notes."""
    random = np.random.default_rng(1412)
    return {split: [_piece(random, steps) for steps in lengths] for split, lengths in LENGTHS.items()}


def _piece(random: np.random.Generator, steps: int) -> np.ndarray:
    roll = np.zeros((steps, KEYS), np.uint8)
    start = random.integers(len(CHORDS))
    for t in range(steps):
        roll[t, list(CHORDS[(start + t) % len(CHORDS)])] = 1
    return roll ^ (random.random(roll.shape) < 0.03)


def mat_file(rolls: dict[str, list[np.ndarray]]) -> bytes:
    """A MATLAB 5 file like those of the real sets; the same bytes for the same music."""
    variables = {}
    for split, sequences in rolls.items():
        cells = np.empty((1, len(sequences)), object)
        for i, roll in enumerate(sequences):
            cells[0, i] = roll
        variables[f"{split}data"] = cells
    file = io.BytesIO()
    scipy.io.savemat(file, variables, do_compression=True)
    return b"MATLAB 5.0 MAT-file, a small set for tests".ljust(116) + file.getvalue()[116:]  # without the time of writing


def card_of(mat: Path, rolls: dict[str, list[np.ndarray]]) -> dict[str, object]:
    """A complete card of a file."""
    return {
        "title": "Tiny",
        "description": "Chords in a circle, with a few wrong notes.",
        "time_step": "a beat",
        "source": "made by the tests",
        "licence": "CC0",
        "citation": "none",
        "synthetic": True,
        "kind": "piano_roll",
        "reader": "piano_roll_mat",
        "files": [
            {
                "path": f"{mat.parent.name}/{mat.name}",
                "url": f"http://127.0.0.1:9/{mat.name}",  # nobody listens there: nothing leaves this machine
                "sha256": hashlib.sha256(mat.read_bytes()).hexdigest(),
            }
        ],
        "content": content_digest(rolls),
        "facts": facts.count("piano_roll", rolls),
        "baselines": of_frames(rolls),
    }
