"""The decision what becomes of sequences that are too short to be predicted."""

from dataclasses import replace

from gatebench.core.errors import BadInput
from gatebench.ingest.raw import RawData

FEWEST_STEPS = 2
"""Steps of a sequence, at the least."""


def leave_out(raw: RawData) -> RawData:
    """Return the data without sequences of a single step, with a line that counts them.

    ``BadInput`` if none is left, or one has no step at all.
    """
    for origin, array in zip(raw.origins, raw.sequences, strict=True):
        if not len(array):
            raise BadInput(
                f"{origin} has 0 step(s); expected at least {FEWEST_STEPS} in each sequence: add to it, or remove it"
            )
    stay = [i for i, array in enumerate(raw.sequences) if len(array) >= FEWEST_STEPS]
    count = len(raw.sequences) - len(stay)
    if not count:
        return raw
    short = next(i for i, array in enumerate(raw.sequences) if len(array) < FEWEST_STEPS)
    if not stay:
        raise BadInput(
            f"{raw.origins[short]} has {len(raw.sequences[short])} step(s), and no sequence has more; expected at least "
            f"{FEWEST_STEPS}: add to them, or, of a table, choose another column: --sequence COLUMN"
        )
    total = len(raw.sequences)
    line = f"left out: {count:,} of {total:,} sequences, of fewer than {FEWEST_STEPS} steps, {raw.origins[short]} first"
    return take(raw, stay, line)


def take(raw: RawData, positions: list[int], line: str) -> RawData:
    """Return the data of some sequences, with a line about the others."""
    return replace(
        raw,
        sequences=[raw.sequences[i] for i in positions],
        origins=[raw.origins[i] for i in positions],
        targets=None if raw.targets is None else [raw.targets[i] for i in positions],
        splits=None if raw.splits is None else [raw.splits[i] for i in positions],
        groups=None if raw.groups is None else [raw.groups[i] for i in positions],
        files=None if raw.files is None else [raw.files[i] for i in positions],
        decisions=[*raw.decisions, line],
    )
