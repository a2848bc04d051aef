"""The decision what no two splits share: sequences, groups of them, or stretches of time; a split that is given is kept."""

import hashlib
from collections.abc import Hashable, Mapping

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data import long_arrays, splits
from gatebench.data.contents import SPLITS
from gatebench.ingest import scratch
from gatebench.ingest.choices import Choices
from gatebench.ingest.parts import Parts
from gatebench.ingest.raw import RawData

SHARE_OF_TRAIN = splits.SHARES["train"] / (splits.SHARES["train"] + splits.SHARES["valid"])
"""Share of a given train that stays train where validation is not given."""


def choose(raw: RawData, choices: Choices) -> str:
    """Return ``given``, ``sequence``, ``group`` or ``time``: what is asked for, or what fits the data.

    ``BadInput`` if it cannot be.
    """
    if raw.splits is not None and choices.split is None:
        return "given"
    enough = len(raw.sequences) >= splits.FEWEST_SEQUENCES or raw.has_one_target
    split_by = choices.split or ("group" if raw.groups else "sequence" if enough else "time")
    if split_by == "group" and not raw.groups:
        raise BadInput("--split group, but sequences have no group; name its column: --group COLUMN")
    if split_by == "time" and raw.has_one_target:
        raise BadInput("--split time would show the label of a test sequence in train; use --split sequence")
    return split_by


def decide(raw: RawData, choices: Choices, split_by: str) -> tuple[Parts, str]:
    """Return the sequences of each split, the target behind the inputs, and the line that says how they were split."""
    arrays = _joined(raw)
    if split_by == "given":
        return _as_given(raw, arrays)
    return _by_time(raw, arrays, choices) if split_by == "time" else _by_sequence(raw, arrays, split_by)


def is_of_few(raw: RawData, parts: Parts, split_by: str) -> bool:
    """Whether a few long series are split, which windows of them have to make up for."""
    few_given = split_by == "given" and not raw.has_one_target and len(parts.arrays["train"]) < splits.FEWEST_SEQUENCES
    return split_by == "time" or few_given


def _as_given(raw: RawData, arrays: list[np.ndarray]) -> tuple[Parts, str]:
    """Keep the split that the data gives; what is lacking for validation comes from train, and nothing from test."""
    given = raw.splits or []
    places = {split: [i for i, of_one in enumerate(given) if of_one == split] for split in SPLITS}
    counts = ", ".join(f"{split} {len(of_split):,}" for split, of_split in places.items() if of_split)
    if not places["train"] or not (places["test"] or places["valid"]):
        raise BadInput(
            f"the data gives the splits {counts or 'none'}; expected train and test: add what is missing, or choose "
            "another: --split sequence"
        )
    line = f"split: as given, {counts} (--split sequence)"
    if not places["test"]:
        places["test"], places["valid"] = places["valid"], []
        line += "; what is given for validation is test"
    copies = {_digest(raw.sequences[i]) for i in places["train"]} & {_digest(raw.sequences[i]) for i in places["test"]}
    if copies:
        line += f"; {len(copies):,} sequence(s) of test are in train too"
    if places["valid"]:
        return _parts(arrays, places), line
    if len(places["train"]) < splits.FEWEST_SEQUENCES and not raw.has_one_target:
        whole = _parts(arrays, places).arrays
        ends = [round(len(array) * SHARE_OF_TRAIN) for array in whole["train"]]
        valid = [array[end:] for array, end in zip(whole["train"], ends, strict=True)]
        train = [array[:end] for array, end in zip(whole["train"], ends, strict=True)]
        parts = Parts({**whole, "train": train, "valid": valid}, {**places, "valid": places["train"]})
        return parts, f"{line}; valid: the end of each sequence of train"
    shares = {"train": SHARE_OF_TRAIN, "valid": 1 - SHARE_OF_TRAIN}
    apart, copies_line = _deal(raw, places["train"], raw.groups is not None, shares)
    return _parts(arrays, places | apart), f"{line}; valid: {len(apart['valid']):,} of train{copies_line}"


def _parts(arrays: list[np.ndarray], places: dict[str, list[int]]) -> Parts:
    """Return whole sequences as the parts of splits, from their positions."""
    return Parts({split: [arrays[i] for i in places[split]] for split in SPLITS}, places)


def _by_time(raw: RawData, arrays: list[np.ndarray], choices: Choices) -> tuple[Parts, str]:
    stretches = [splits.by_time(len(array), origin) for array, origin in zip(arrays, raw.origins, strict=True)]
    by_split = {split: [array[of[split]] for array, of in zip(arrays, stretches, strict=True)] for split in SPLITS}
    parts = Parts(by_split, {split: [*range(len(arrays))] for split in SPLITS})
    why = f"since there are fewer than {splits.FEWEST_SEQUENCES} sequences" if choices.split is None else "as asked"
    alternative = " (--split sequence)" if len(arrays) >= len(SPLITS) else ""
    return parts, f"split: by time within each sequence, 70/15/15, {why}{alternative}"


def _by_sequence(raw: RawData, arrays: list[np.ndarray], split_by: str) -> tuple[Parts, str]:
    """Split whole sequences, or groups of them, so that copies stay together and labels are alike in all splits."""
    positions, copies_line = _deal(raw, [*range(len(arrays))], split_by == "group", splits.SHARES)
    sizes = "/".join(str(len(positions[split])) for split in SPLITS)
    alike = ", labels alike" if raw.has_one_target and raw.target and raw.target.kind == "label" else ""
    alternative = " (--split sequence)" if split_by == "group" else "" if raw.has_one_target else " (--split time)"
    line = f"split: by {split_by}, {sizes} of {len(arrays)}{copies_line or ', copies together'}{alike}{alternative}"
    return _parts(arrays, positions), line


def _deal(raw: RawData, places: list[int], by_group: bool, shares: Mapping[str, float]) -> tuple[dict[str, list[int]], str]:
    """Return split -> places of sequences, copies in one split, unless train could then not have every class.

    That is so where few sequences are copied again and again. Copies are then dealt as others are, and the line says so.
    """
    of_all = _labels(raw, len(raw.sequences))
    labels = [of_all[i] for i in places]
    together, alone = ([keys[i] for i in places] for keys in (_keys(raw, by_group), _keys(raw, by_group, copies=False)))

    def deal(keys: list[list[Hashable]]) -> dict[str, list[int]]:
        return splits.apart(keys, labels, shares)

    def has_all_classes(keys: list[list[Hashable]]) -> bool:
        return len(splits.find_units(keys)) >= len(shares) and {labels[i] for i in deal(keys)["train"]} == {*labels}

    different = len({_digest(raw.sequences[i]) for i in places})
    line = ""
    if len({*labels}) > 1 and different > 1 and not has_all_classes(together) and has_all_classes(alone):
        together = alone
        line = f", copies apart, since only {different:,} sequences differ, too few for every class to be in train"
    return {split: [places[i] for i in positions] for split, positions in deal(together).items()}, line


def _keys(raw: RawData, by_group: bool, copies: bool = True) -> list[list[Hashable]]:
    """Return what each sequence shares with those that stay with it: its content or else its place, perhaps its group."""
    keys: list[list[Hashable]] = [[("copy", _digest(x)) if copies else ("place", i)] for i, x in enumerate(raw.sequences)]
    if not by_group:
        return keys
    return [[*sequence_keys, ("group", group)] for sequence_keys, group in zip(keys, raw.groups or [], strict=True)]


def _labels(raw: RawData, count: int) -> list[float]:
    """Return the label of each sequence, or the same for all."""
    if raw.has_one_target and raw.target and raw.target.kind == "label" and raw.targets:
        return [float(target[0, 0]) for target in raw.targets]
    return [0.0] * count


def _digest(array: np.ndarray) -> bytes:
    digest = hashlib.sha256(f"{array.shape}".encode())
    for _, block in long_arrays.rows_of(array):
        digest.update(block.tobytes())
    return digest.digest()


def _joined(raw: RawData) -> list[np.ndarray]:
    """Return the arrays of sequences, the target behind the inputs."""
    pairs = [*zip(raw.sequences, raw.targets or [], strict=True)] if raw.targets else []
    dtypes = {np.result_type(*pair) for pair in pairs}
    if len(dtypes) == 1 and (dtype := dtypes.pop()).kind == "f":
        return scratch.of_pairs(pairs, lambda inputs, targets: np.concatenate([inputs, targets], 1), dtype)
    return [join(*pair) for pair in pairs] or [join(inputs, None) for inputs in raw.sequences]


def join(inputs: np.ndarray, targets: np.ndarray | None) -> np.ndarray:
    """Return inputs ``[T, X]`` and targets ``[T, Y]`` as one array, of the smallest whole type unless there are reals."""
    joined = inputs if targets is None else np.concatenate([inputs, targets], 1)
    if joined.dtype.kind == "f" or joined.dtype in (np.uint8, np.int16):
        return joined
    return joined.astype(np.uint8) if joined.max() < 256 else joined.astype(np.int64)
