"""From a path to a data set: every format gives the arrays that went in, and what is written is a card like our own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gatebench.data import cards, facts, tasks
from gatebench.data.baselines import compute
from gatebench.data.contents import SPLITS
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices
from support import sources

OPTIONS = {"table": Choices(label="moving")}
KINDS = {
    "delayed": ("reals", "target", 2, 1), "padded": ("binary", "next_step", 3, 3), "table": ("reals", "target", 2, 1),
    "tables": ("reals", "next_step", 2, 2), "midi": ("piano_roll", "next_step", 88, 88),
    "sounds": ("audio", "next_block", 20, 10),
    "language_reference": ("symbols", "next_step", None, 1), "eeg": ("reals", "next_step", 4, 4),
}  # fmt: skip


def add(path: Path, name: str = "mine", **choices: object) -> list[str]:
    return adding.add(path, name, Choices(**choices))


def arrays(name: str = "mine") -> dict[str, list[np.ndarray]]:
    return cards.read_arrays(cards.load(name))


def concatenate(splits: dict[str, list[np.ndarray]]) -> list[np.ndarray]:
    """The arrays of all splits, one after the other."""
    return [array for split in SPLITS for array in splits[split]]


def as_set(sequences: list[np.ndarray]) -> list[bytes]:
    return sorted(np.ascontiguousarray(array, float).tobytes() for array in sequences)


@pytest.mark.parametrize("make", sources.ALL, ids=lambda make: make.__name__)
def test_every_source_becomes_a_task(home: Path, make):
    path = make(home)
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    lines = adding.add(path, "mine", OPTIONS.get(make.__name__, Choices()))
    assert lines[-1] == "next: gatebench compare mine"
    assert {file: file.read_bytes() for file in before} == before
    folder = home / "gatebench_local"
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} == {
        "datasets/mine.yaml", "conf/task/mine.yaml", "data/mine.npz",
    }  # fmt: skip
    card = cards.load("mine")
    kind, predict, inputs, outputs = KINDS[make.__name__]
    stated = yaml.safe_load((folder / "conf" / "task" / "mine.yaml").read_text())
    assert (card.kind, stated["predict"], stated["dataset"]) == (kind, predict, "mine")
    task = tasks.load("mine", "mine", predict)
    assert (task.inputs, task.outputs) == (inputs or len(card.names), outputs)
    assert card.facts == facts.compute(card, arrays())
    baselines = compute.of_card(card, arrays(), cards.read_origins(card))
    assert (card.baselines, card.baseline_metrics) == baselines
    assert set(card.baseline_metrics) == set(card.baselines)
    assert str(path.resolve()) in card.source
    assert all(not count for pair, count in card.facts["duplicates"].items() if not pair.startswith("within"))


@pytest.mark.parametrize("make", [sources.table, sources.midi], ids=lambda make: make.__name__)
def test_the_same_files_give_the_same_bytes(home: Path, make):
    path = make(home)
    for name in ("one", "two"):
        adding.add(path, name, Choices(columns=["a", "b"] if path.suffix == ".csv" else None))
    one, two = ((home / "gatebench_local" / "data" / f"{name}.npz").read_bytes() for name in ("one", "two"))
    assert one == two


# What goes in comes out

SEQUENCES = [np.random.default_rng(i).standard_normal((5 + i, 2)) for i in range(12)]


def long_table() -> pd.DataFrame:
    parts = [pd.DataFrame(s, columns=["a", "b"]).assign(run=f"r{i}", time=range(len(s))) for i, s in enumerate(SEQUENCES)]
    return pd.concat(parts)


def write_list(folder: Path) -> Path:
    np.savez(folder / "x.npz", *SEQUENCES)
    return folder / "x.npz"


def write_padded(folder: Path) -> Path:
    x = np.full((12, 16, 2), np.nan)
    for i, sequence in enumerate(SEQUENCES):
        x[i, : len(sequence)] = sequence
    np.savez_compressed(folder / "x.npz", x=x, lengths=[len(s) for s in SEQUENCES])
    return folder / "x.npz"


def write_csv(folder: Path) -> Path:
    long_table().sample(frac=1, random_state=0).to_csv(folder / "x.csv", index=False)  # the time puts it in order
    return folder / "x.csv"


def write_semicolons(folder: Path) -> Path:
    long_table().to_csv(folder / "x.csv", index=False, sep=";")
    return folder / "x.csv"


def write_parquet(folder: Path) -> Path:
    long_table().to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def write_files(folder: Path) -> Path:
    (folder / "many").mkdir()
    for i, sequence in enumerate(SEQUENCES):
        pd.DataFrame(sequence, columns=["a", "b"]).to_csv(folder / "many" / f"{i}.csv", index=False)
    return folder / "many"


WRITERS = [write_list, write_padded, write_csv, write_semicolons, write_parquet, write_files]


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_what_goes_in_comes_out(home: Path, write):
    path = write(home)
    table = path.suffix in (".csv", ".parquet")
    add(path, sequence="run" if table else None)
    assert as_set(concatenate(arrays())) == as_set(SEQUENCES)
    if table or path.is_dir():
        assert cards.load("mine").names == ("a", "b")


def test_an_npy_is_a_series_or_several(home: Path):
    np.save(home / "one.npy", np.concatenate(SEQUENCES))
    np.save(home / "three.npy", np.random.default_rng(0).standard_normal((30, 4, 2)))
    add(home / "one.npy", "one")
    assert np.concatenate(concatenate(arrays("one"))).tolist() == np.concatenate(SEQUENCES).tolist()
    add(home / "three.npy", "three")
    assert [array.shape for array in concatenate(arrays("three"))] == [(4, 2)] * 30


def test_text_comes_out_as_it_was(home: Path):
    text = "Aé\tb\n" * 40 + "Ω"
    (home / "x.txt").write_text(text, encoding="utf-8")
    lines = add(home / "x.txt")
    names = cards.load("mine").names
    characters = "".join(names[i] for array in concatenate(arrays()) for i in array[:, 0])
    assert characters == text.replace("Ω", "\ufffd")  # train lacks it
    assert any(line.startswith("unknown: 1 symbol") for line in lines)


def test_midi_comes_out_as_it_was(home: Path):
    import mido

    from gatebench.models.sample import piano_roll_as_midi

    (home / "tunes").mkdir()
    rolls = [(np.random.default_rng(i).random((9 + i, 88)) < 0.1).astype(np.uint8) for i in range(12)]
    for i, roll in enumerate(rolls):
        roll[-1, 40] = 1  # a file of notes does not say how long it is silent at its end
        file = piano_roll_as_midi(roll)
        assert isinstance(file, mido.MidiFile)
        file.save(home / "tunes" / f"{i}.mid")
    add(home / "tunes", step=1.0)
    assert as_set(concatenate(arrays())) == as_set(rolls)


def test_samples_come_out_as_they_were(home: Path):
    import soundfile

    path = sources.sounds(home)
    add(path, window=100)
    waves = [soundfile.read(file, dtype="int16")[0] for file in sorted(path.iterdir())]
    expected = [wave[i : i + 100] for wave in waves for i in range(0, len(wave) - 99, 100)]
    assert as_set([array[:, 0] for array in concatenate(arrays())]) == as_set(expected)
    assert cards.load("mine").rate == 8000


# Decisions


def test_a_long_series_is_split_by_time_then_cut(home: Path):
    np.save(home / "x.npy", np.cumsum(np.random.default_rng(0).standard_normal((3000, 2)), 0))
    lines = add(home / "x.npy")
    windows = arrays()
    assert np.concatenate(concatenate(windows)).tolist() == np.load(home / "x.npy").tolist()
    assert [sum(map(len, windows[split])) for split in SPLITS] == [2100, 450, 450]
    assert max(map(len, concatenate(windows))) == 105  # a twentieth of train
    assert "window: 105 steps, which makes 20 training sequences and 5 test sequences (--window N; 0: none)" in lines
    add(home / "x.npy", "whole", window=0)
    assert [len(array) for array in concatenate(arrays("whole"))] == [2100, 450, 450]


def test_groups_and_copies_stay_together(home: Path):
    random = np.random.default_rng(0)
    sequences = [random.standard_normal((6, 2)) for _ in range(30)]
    sequences[7] = sequences[22].copy()
    np.savez(home / "x.npz", *sequences, group=np.arange(30) // 3)
    assert any("split: by group" in line for line in add(home / "x.npz"))
    group = {array.tobytes(): i // 3 for i, array in enumerate(sequences) if i not in (7, 22)}
    splits = arrays()
    sets = [{group[a.tobytes()] for a in splits[split] if a.tobytes() in group} for split in SPLITS]
    assert sum(map(len, sets)) == len(set.union(*sets)) == 10
    copies = [split for split in SPLITS for array in splits[split] if array.tobytes() == sequences[7].tobytes()]
    assert len(copies) == 2
    assert len(set(copies)) == 1
    add(home / "x.npz", "apart", split="sequence")
    copies = {split for split in SPLITS for array in arrays("apart")[split] if array.tobytes() == sequences[7].tobytes()}
    assert len(copies) == 1


def labelled(home: Path, labels: list[object]) -> Path:
    np.savez(home / "x.npz", *SEQUENCES, y=np.array(labels))
    return home / "x.npz"


def test_whole_numbers_are_labels_and_others_values(home: Path):
    add(labelled(home, [i % 3 + 5 for i in range(12)]), "labels")
    target = cards.load("labels").target
    assert target is not None
    assert (target.of, target.kind, target.names) == ("sequence", "label", ("5", "6", "7"))
    add(home / "x.npz", "values", as_target="value")
    target = cards.load("values").target
    assert target is not None
    assert (target.of, target.kind, target.columns) == ("sequence", "value", 1)
    assert {array[0, 2] for array in concatenate(arrays("values"))} == {5, 6, 7}
    add(labelled(home, [i + 0.5 for i in range(12)]), "halves")
    target = cards.load("halves").target
    assert target is not None
    assert target.kind == "value"


def test_a_label_stands_behind_the_inputs(home: Path):
    add(labelled(home, ["long" if len(s) > 10 else "short" for s in SEQUENCES]))
    card, sequences = cards.load("mine"), concatenate(arrays())
    assert card.target is not None
    assert all(card.target.names[int(a[0, 2])] == ("long" if len(a) > 10 else "short") for a in sequences)
    assert as_set([a[:, :2] for a in sequences]) == as_set(SEQUENCES)


def test_a_value_of_each_step(home: Path):
    x = np.random.default_rng(0).standard_normal((20, 8, 2))
    np.savez(home / "x.npz", x=x, y=x.cumsum(1))
    add(home / "x.npz")
    target = cards.load("mine").target
    assert target is not None
    assert (target.of, target.kind, target.columns, target.names) == ("step", "value", 2, ("y0", "y1"))
    for array in concatenate(arrays()):
        np.testing.assert_allclose(array[:, 2:], array[:, :2].cumsum(0))


def test_whole_numbers_of_one_column_are_symbols_unless_they_are_said_to_be_reals(home: Path):
    x = np.random.default_rng(0).integers(3, 9, (30, 10))
    np.savez(home / "x.npz", *x)
    add(home / "x.npz", "symbols")
    assert cards.load("symbols").names == ("3", "4", "5", "6", "7", "8")
    assert as_set([array[:, 0] + 3 for array in concatenate(arrays("symbols"))]) == as_set(list(x))
    add(home / "x.npz", "reals", kind="reals")
    assert cards.load("reals").kind == "reals"
    (home / "words.csv").write_text("word,run\n" + "".join(f"{'abc'[i * i // 7 % 3]},{i // 6}\n" for i in range(120)))
    add(home / "words.csv", "words", sequence="run")
    assert cards.load("words").names == ("a", "b", "c")


def test_a_value_of_text(home: Path):
    rows = "".join(f"{'abcde'[i * i // 7 % 5]},{i * 0.37 % 1:.2f},{i // 6}\n" for i in range(120))
    (home / "x.csv").write_text(f"word,strength,run\n{rows}")
    add(home / "x.csv", sequence="run", label="strength")
    card, task = cards.load("mine"), tasks.load("mine", "mine", "target")
    assert (card.kind, task.inputs, task.outputs) == ("symbols", 5, 1)
    words = {tuple(a[:, 0].astype(int)) for a in concatenate(arrays())}
    assert len(words) > 10
    assert all(sequence.x.sum() == len(sequence) == sequence.predictions for sequence in task.splits["train"])


def test_a_likelihood_is_chosen_with_all_its_options(home: Path):
    add(write_list(home), likelihood="gaussian_mixture")
    stated = yaml.safe_load((home / "gatebench_local" / "conf" / "task" / "mine.yaml").read_text())
    assert set(stated["likelihood"]) == {"name", "components", "covariance"}


def test_the_first_named_plugin_folder_is_added_to(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(home / "named"))
    add(write_list(home))
    assert (home / "named" / "datasets" / "mine.yaml").is_file()
    assert not (home / "gatebench_local").exists()
    assert as_set(concatenate(arrays())) == as_set(SEQUENCES)


def test_a_file_that_is_gone_is_to_be_added_again(home: Path):
    add(write_list(home))
    (home / "gatebench_local" / "data" / "mine.npz").unlink()
    with pytest.raises(cards.BadInput, match=r"mine.npz is not in the folder data/ of its plugin folder; add it again"):
        arrays()


def test_the_command_says_what_it_decided(home: Path):
    path = sources.table(home)
    command = [str(Path(sys.executable).with_name("gatebench")), "data"]
    ran = subprocess.run([*command, "add", "--label", "moving", str(path)], capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert "order: by column time (--order COLUMN)" in lines
    assert "target: moving, a label of 2 classes, one of each step" in lines
    assert lines[-1] == "next: gatebench compare oscillations"
    checked = subprocess.run([*command, "verify", "oscillations"], capture_output=True, text=True, check=True)
    assert "facts and baselines as on the card" in checked.stdout
    listed = subprocess.run([*command, "list", "oscillations"], capture_output=True, text=True, check=True)
    assert "sequences: train 28, valid 8, test 4; a step is a row" in listed.stdout


def test_files_of_other_formats_are_named_and_left_out(home: Path):
    folder = sources.tables(home)
    (folder / "notes.md").write_text("not data")
    (folder / "LICENCE").write_text("nor is this")
    lines = add(folder)
    assert lines[0] == "left out: 1 LICENCE, 1 .md, which is not read here"
    assert len(concatenate(arrays())) == 12
    assert (folder / "notes.md").read_text() == "not data"
