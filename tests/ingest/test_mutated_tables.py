"""Whatever the columns of a table are called, in whichever order they stand, whatever parts them: read so, or asked."""

import csv
import io
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices
from support import kinds

FORMS = {**kinds.SERIES, **kinds.PANELS}
NONSENSE = ["blorp", "zig", "quux", "wug", "dax"]
FEWEST_RIGHT = 0.75
"""Share of mutated tables that are read without a question, at the least."""


def mutated(text: str, seed: int) -> str:
    """A table with its columns in another order, under names that say nothing, with another character between them."""
    random = np.random.default_rng(seed)
    rows = [*csv.reader(io.StringIO(text), delimiter=";" if text.splitlines()[0].count(";") else ",")]
    places = random.permutation(len(rows[0]))
    rows[0] = [NONSENSE[(place + seed) % len(NONSENSE)] for place in range(len(rows[0]))]
    written = io.StringIO()
    csv.writer(written, delimiter=";\t|,"[seed % 4]).writerows([[row[place] for place in places] for row in rows])
    return written.getvalue()


def expected(form: str) -> list[list[float]]:
    return sorted([kinds.Y.tolist()] if form in kinds.SERIES else [sequence.tolist() for sequence in kinds.SEQUENCES])


def outcome(form: str, seed: int, name: str) -> str:
    """``right``, ``asked``, or what was read in place of it."""
    Path("x.csv").write_text(mutated(FORMS[form], seed))
    asked: list[str] = []
    try:
        adding.add(Path("x.csv"), name, Choices())
    except BadInput as error:
        asked.append(str(error))
    if asked:
        return "asked" if "choose one" in asked[0] or "; expected" in asked[0] else asked[0]
    arrays = [array for split in SPLITS for array in cards.read_arrays(cards.load(name))[split]]
    if any(array.shape[1] != 1 for array in arrays):
        return f"{form}, {seed}: {arrays[0].shape[1]} columns"
    whole = [np.concatenate(arrays)[:, 0].tolist()] if form in kinds.SERIES else [array[:, 0].tolist() for array in arrays]
    return "right" if sorted(whole) == expected(form) else f"{form}, {seed}: other sequences"


def test_a_table_is_never_silently_read_as_another():
    outcomes = [outcome(form, seed, f"d{seed}_{i}") for seed in range(2) for i, form in enumerate(FORMS)]
    assert [of_one for of_one in outcomes if of_one not in ("right", "asked")] == []
    assert outcomes.count("right") >= FEWEST_RIGHT * len(outcomes)
