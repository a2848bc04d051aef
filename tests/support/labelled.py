"""Labelled series inside a wheel: small ones, written in each form that is read, with a card."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import yaml

from gatebench.data import cards, facts
from gatebench.data.contents import content_digest
from gatebench.data.readers import labelled_series

LABELS = {"train": ["2", "1", "1", "1", "2", "2", "1", "2", "1", "1"], "test": ["1", "2", "2"]}
"""Label of each series, as they stand in the files: six of class 1 and four of class 2 in train."""


def series(split: str, columns: int, uneven: bool) -> list[np.ndarray]:
    """Numbers that no two series share, of other lengths where they are uneven."""
    start = 0 if split == "train" else 1000
    lengths = [3 + (i % 4 if uneven else 0) for i in range(len(LABELS[split]))]
    return [start + 10 * i + np.arange(length * columns).reshape(length, columns) / 7 for i, length in enumerate(lengths)]


def as_ts(arrays: list[np.ndarray], labels: list[str]) -> str:
    cases = [":".join(",".join(map(repr, column.tolist())) for column in array.T) for array in arrays]
    below = "\n".join(f"{case}:{label}" for case, label in zip(cases, labels, strict=True))
    return f"# a remark: 1,2\n@problemName X\n@classLabel true 1 2\n@data\n{below}\n"


def as_rows(arrays: list[np.ndarray], labels: list[str]) -> str:
    rows = [[float(label), *array[:, 0].tolist()] for array, label in zip(arrays, labels, strict=True)]
    return "".join("   ".join(f"{number!r}" for number in row) + "\n" for row in rows)


def as_npz(uneven: bool) -> bytes:
    buffer = io.BytesIO()
    stacked = {f"X_{split}": np.stack(series(split, 1, uneven)) for split in LABELS}
    np.savez(buffer, allow_pickle=False, **stacked, **{f"y_{split}": np.array(LABELS[split], int) for split in LABELS})
    return buffer.getvalue()


FORMATS = {
    "ts of two columns": ("ts", 2, True),
    "ts of one": ("ts", 1, True),
    "rows": ("txt", 1, False),
    "npz": ("npz", 1, False),
}


def write_wheel(path: Path, suffix: str, columns: int, uneven: bool) -> dict[str, str]:
    """Write a wheel with the series in it; returns split -> the name of its member."""
    with zipfile.ZipFile(path, "w") as archive:
        if suffix == "npz":
            archive.writestr("sets/X.npz", as_npz(uneven))
            return dict.fromkeys(LABELS, "sets/X.npz")
        members = {split: f"sets/X_{split}.{suffix}" for split in LABELS}
        for split, name in members.items():
            write = as_ts if suffix == "ts" else as_rows
            archive.writestr(name, write(series(split, columns, uneven), LABELS[split]))
    return members


def write_card(plugin_folder: Path, data: Path, suffix: str, columns: int, uneven: bool) -> None:
    """Write the wheel to a data folder, and its card, called ``x``, to a plugin folder; both are where a process looks."""
    wheel = data / "x-1.0-py3-none-any.whl"
    options = {**write_wheel(wheel, suffix, columns, uneven), "valid_every": 2}
    card = {
        "title": "X", "description": "", "source": "", "licence": "", "citation": "", "time_step": "a step",
        "synthetic": True, "kind": "reals", "reader": "labelled_series", "options": options, "content": "",
        "facts": {}, "baselines": {},
        "files": [{"path": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
        "target": {"of": "sequence", "kind": "label", "names": ["1", "2"]},
    }  # fmt: skip
    write = (plugin_folder / "datasets" / "x.yaml").write_text
    write(yaml.safe_dump(card))
    arrays = labelled_series.read(cards.load("x"), [wheel])
    write(yaml.safe_dump(card | {"content": content_digest(arrays), "facts": facts.compute(cards.load("x"), arrays)}))
