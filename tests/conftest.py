"""What the whole suite shares: ``tiny``, a small piano-roll data set in a house of its own."""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import yaml

from bench.data import cards, facts, floors, tasks

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
    house: Path
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
        return self.house / "datasets" / "tiny.yaml"

    def load(self) -> tasks.Task:
        """The task as a study would load it."""
        return tasks.next_step(self.task, self.card, "bernoulli")

    def write(self, rolls: dict[str, list[np.ndarray]]) -> None:
        """Other music under the same name, with the card that fits it."""
        self.mat.parent.mkdir(parents=True, exist_ok=True)
        self.mat.write_bytes(mat_file(rolls))
        self.yaml.parent.mkdir(parents=True, exist_ok=True)
        self.yaml.write_text(yaml.safe_dump(card_of(self.mat, rolls), sort_keys=False))

    def edit(self, **values: object) -> None:
        """Change entries of the card."""
        self.yaml.write_text(yaml.safe_dump({**yaml.safe_load(self.yaml.read_text()), **values}, sort_keys=False))


def pytest_configure() -> None:
    """Before torch is imported: on models this small, threads do little but wait for one another."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    house, data = tmp_path / "house", tmp_path / "data"
    monkeypatch.setenv("GATEBENCH_PATH", str(house))
    monkeypatch.setenv("GATEBENCH_DATA", str(data))
    made = Tiny(tmp_path, house, data, dict(os.environ), compose())
    made.write(made.rolls)
    task = house / "conf" / "task" / "tiny.yaml"
    task.parent.mkdir(parents=True)
    task.write_text("dataset: tiny\npredict: next_step\nlikelihood: bernoulli\n")
    return made


def compose() -> dict[str, list[np.ndarray]]:
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
        "reader": "piano_roll_mat",
        "files": [
            {
                "path": f"{mat.parent.name}/{mat.name}",
                "url": f"http://127.0.0.1:9/{mat.name}",  # nobody listens there: nothing leaves this machine
                "sha256": hashlib.sha256(mat.read_bytes()).hexdigest(),
            }
        ],
        "content": cards.content_digest(rolls),
        "facts": facts.facts(rolls),
        "floors": floors.floors(rolls),
    }
