"""Four-part chorales from the corpus inside the music21 package, as piano rolls on a quarter-note grid.

A chorale is a score of Bach's whose parts are Soprano, Alto, Tenor and Bass. It stays in its own key; column 0 is MIDI
pitch 21. A frame holds what sounds on the beat; repeats are not written out. The split is by piece: pieces whose rolls
are equal up to transposition stay together, groups are ordered by a hash of their first name and dealt 60/20/20.
Parsing takes a while and is done once, in parallel; the result is cached as an npz of plain arrays.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import numpy as np

from gatebench.core import interpreters
from gatebench.core.errors import BadInput, shorten
from gatebench.data.cards import LOWEST_PITCH, Card, cache
from gatebench.data.contents import SPLITS, Arrays

PARTS = ["Soprano", "Alto", "Tenor", "Bass"]
"""Names of the parts of a chorale, in order."""
KEYS = 88
"""Columns of a piano roll."""
SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}
"""Split -> its share of the pieces."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the three splits, from the cache or from the package of the card."""
    version = card.package.partition("==")[2]
    cached = cache() / card.name / f"music21-{version}.npz"
    if not cached.is_file():
        return split_by_piece(_parse(card, cached))
    try:
        return split_by_piece(_read_cache(cached))
    except Exception as error:  # of damaged bytes, numpy, zipfile and zlib raise anything
        raise BadInput(f"{cached} is damaged ({shorten(error)}); remove it, and the chorales are parsed again") from error


def split_by_piece(pieces: dict[str, np.ndarray]) -> Arrays:
    """Return pieces, name -> roll ``[T, 88]``, as splits, always the same ones, with equal music in one split only."""
    groups: dict[bytes, list[str]] = {}
    for name in sorted(pieces):
        groups.setdefault(_without_transposition(pieces[name]), []).append(name)
    ordered = sorted(groups.values(), key=lambda names: hashlib.sha256(names[0].encode()).hexdigest())
    names = [name for group in ordered for name in group]
    starts = {name: i for group in ordered for i in [names.index(group[0])] for name in group}
    bounds = np.cumsum([round(len(names) * SHARES[split]) for split in SPLITS[:-1]])
    split_of = {name: SPLITS[int(np.searchsorted(bounds, starts[name], side="right"))] for name in names}
    return {split: [pieces[name] for name in names if split_of[name] == split] for split in SPLITS}


def _without_transposition(roll: np.ndarray) -> bytes:
    """Return what two rolls have in common that are equal up to transposition."""
    sounding = np.flatnonzero(roll.any(0))
    return roll[:, sounding[0] : sounding[-1] + 1].tobytes()


def _read_cache(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        rolls = np.unpackbits(stored["packed"], axis=1, count=KEYS)
        return dict(zip(stored["names"].tolist(), np.split(rolls, np.cumsum(stored["lengths"])[:-1]), strict=True))


def _parse(card: Card, target: Path) -> dict[str, np.ndarray]:
    try:
        from music21 import corpus
    except ModuleNotFoundError as error:
        if error.name != "music21":
            raise
        raise BadInput(
            f"dataset {card.name} comes from the package music21: pip install 'gatebench[{card.extra}]'"
        ) from error
    from joblib import Parallel, delayed
    from tqdm import tqdm

    files = [str(path) for path in corpus.getComposer("bach")]
    with interpreters.safe():
        parsed = Parallel(n_jobs=-1, return_as="generator")(delayed(_roll)(file) for file in files)
    rolls = cast(Iterable[tuple[str, np.ndarray | None]], parsed)
    progress = tqdm(rolls, total=len(files), desc="parsing chorales (once)", unit="score", disable=None)
    with interpreters.safe():
        pieces = {name: roll for name, roll in progress if roll is not None}
    names = sorted(pieces)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(
        partial,
        names=np.array(names),
        lengths=np.array([len(pieces[name]) for name in names]),
        packed=np.packbits(np.concatenate([pieces[name] for name in names]), axis=1),
    )
    partial.replace(target)
    return pieces


def _roll(file: str) -> tuple[str, np.ndarray | None]:
    """Return the name of a piece and its roll ``[T, 88]``, or None if it is not a four-part chorale."""
    from music21 import converter, stream

    name = Path(file).stem
    # Without source and pickle switches music21 would leave and read pickles of its own.
    score = converter.parse(file, forceSource=True, storePickle=False)
    if not isinstance(score, stream.Score) or [part.partName for part in score.parts] != PARTS:
        return name, None
    roll = np.zeros((int(np.ceil(float(score.highestTime))), KEYS), np.uint8)
    for part in score.parts:
        for note in part.flatten().notes:
            start, end = float(note.offset), float(note.offset) + float(note.duration.quarterLength)
            for pitch in note.pitches:
                roll[int(np.ceil(start)) : int(np.ceil(end)), pitch.midi - LOWEST_PITCH] = 1
    return name, roll
