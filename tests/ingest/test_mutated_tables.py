"""Whatever the columns of a table are called, in whichever order they stand, whatever parts them: read so, or asked.

``PYTHONPATH=tests python tests/ingest/test_mutated_tables.py 15`` tries 15 forms of each of 20 layouts, and counts.
"""

import collections
import csv
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np

from gatebench.cli.parser import command_line_parser
from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices
from support import kinds, mutated

FORMS = {**kinds.SERIES, **kinds.PANELS}
NONSENSE = ["blorp", "zig", "quux", "wug", "dax"]
FEWEST_RIGHT = 0.75
"""Share of mutated tables that are read without a question, at the least."""


def renamed(text: str, seed: int) -> str:
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
    Path("x.csv").write_text(renamed(FORMS[form], seed))
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


def canonical(sequences: list[np.ndarray]) -> list[tuple[tuple[float, ...], ...]]:
    """Sequences in an order of their own, the columns of each in one that does not hang on their names."""
    return sorted(tuple(sorted(map(tuple, sequence.T.tolist()))) for sequence in sequences)


def answer(choices: Choices, name: str, wanted: list[np.ndarray], depth: int = 3) -> str:
    """``right``, ``wrong``, ``refused``, or ``asked`` where the right reading can be chosen; ``misled`` where it cannot."""
    refusals: list[str] = []
    try:
        adding.add(Path("x.csv"), name, choices)
    except BadInput as error:
        refusals.append(str(error))
    if not refusals:
        read = [array for of_split in cards.read_arrays(cards.load(name)).values() for array in of_split]
        whole = [np.concatenate(read)] if len(wanted) == 1 else read
        return "right" if canonical(whole) == canonical(wanted) else "wrong"
    commands = re.findall(r"`([^`]*)`", refusals[0])
    if not commands:
        return "refused" if "; expected" in refusals[0] else refusals[0]
    if not depth:
        return "misled"
    for place, command in enumerate(commands):
        options = command_line_parser().parse_args(shlex.split(command)[1:])
        chosen = Choices(**{field: getattr(options, field) for field in Choices.__dataclass_fields__})
        if answer(chosen, f"{name}_{place}", wanted, depth - 1) in ("right", "asked"):
            return "asked"
    return "misled"


def outcomes_of(forms: int, start: int = 0) -> dict[str, str]:
    """What becomes of so many forms of every layout."""
    outcomes: dict[str, str] = {}
    for number, (name, layout) in enumerate(mutated.LAYOUTS.items()):
        for form in range(start, start + forms):
            written = mutated.mutate(layout, 1000 * number + form)
            Path("x.csv").write_bytes(written.content)
            result = answer(Choices(**written.choices), f"d{number}_{form}", written.layout.expected())
            outcomes[f"{name}, {form}: {written.how}"] = result
    return outcomes


def test_twenty_layouts_are_read_however_they_are_written_or_asked_about():
    outcomes = outcomes_of(2)
    assert {form: result for form, result in outcomes.items() if result not in ("right", "asked", "refused")} == {}
    assert [*outcomes.values()].count("right") >= FEWEST_RIGHT * len(outcomes)


if __name__ == "__main__":
    os.environ.pop("GATEBENCH_PATH", None)
    os.chdir(tempfile.mkdtemp())
    counted = outcomes_of(int(sys.argv[1]))
    for form, result in counted.items():
        if result not in ("right", "asked"):
            print(f"{result}: {form}")
    print(collections.Counter(counted.values()))
