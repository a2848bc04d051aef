"""Data that a program has in memory is read as the same data in a file, and the same again is the same data set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.ingest.from_python import AddedTask, add_data
from support.adding import add

RANDOM = np.random.default_rng(8)
PUMPS = pd.DataFrame({
    "pump": np.repeat(np.arange(20), 30),
    "pressure": RANDOM.normal(size=600),
    "flow": RANDOM.normal(size=600),
})  # fmt: skip
LENGTHS = range(10, 30)
WALKS = [RANDOM.normal(size=(length, 2)) for length in LENGTHS]
LABELS = ["up", "down"] * 10


def added(data: object, name: str | None = None, **choices: object) -> AddedTask:
    return add_data(data, name, choices)


def refused(data: object, name: str | None = None, **choices: object) -> str:
    """The line that says why data is refused, of which nothing is left behind."""
    with pytest.raises(BadInput) as error:
        added(data, name, **choices)
    assert not Path("gatebench_local").exists()
    return str(error.value)


def card_of(task: AddedTask) -> cards.Card:
    return cards.load(task.name)


def test_a_frame_is_read_as_its_file(home: Path):
    frame = PUMPS.assign(mode=np.where(PUMPS.flow > 0, "open", "shut"))
    frame.to_csv(home / "pumps.csv", index=False)
    of_file = add(home / "pumps.csv", "of_file", sequence="pump")
    of_frame = added(frame, "of_frame", sequence="pump")
    ours, theirs = (
        yaml.safe_load(Path(f"gatebench_local/datasets/{name}.yaml").read_text()) for name in ("of_frame", "of_file")
    )
    assert {**ours, "source": "", "title": "", "files": "", "description": ""} == {
        **theirs, "source": "", "title": "", "files": "", "description": "",
    }  # fmt: skip
    assert len(of_frame.lines) == len(of_file) - 2  # without the commands that come next
    assert ours["source"] == "a data frame in memory of 600 rows"


def test_what_was_decided_names_keywords():
    lines = added(PUMPS, sequence="pump").lines
    assert 'sequences: 20, by column pump (sequence="COLUMN")' in lines
    assert not [line for line in lines if "--" in line]


def test_a_question_names_the_keywords_to_choose_from(home: Path):
    frame = PUMPS.assign(mode=RANDOM.integers(0, 4, 600))
    line = refused(frame, sequence="pump")
    assert line.endswith(
        'choose one: codes, each of which stands for something: codes=["mode"]; or amounts: numbers=["mode"]'
    )
    assert card_of(added(frame, sequence="pump", codes="mode")).width == 6
    assert card_of(added(frame, sequence="pump", numbers=["mode"])).width == 3


def test_what_was_chosen_stays_chosen_in_a_question():
    frame = PUMPS.assign(mode=RANDOM.integers(0, 4, 600), state=RANDOM.integers(0, 5, 600))
    assert 'codes=["mode", "state"]' in refused(frame, sequence="pump", codes=["mode"])


def test_a_refusal_names_keywords_and_columns_with_blanks():
    frame = PUMPS.rename(columns={"flow": "water flow"})
    frame.loc[7, "water flow"] = np.inf
    assert refused(frame, sequence="pump").endswith('or leave the column out: without=["water flow"]')
    frame.loc[7, "water flow"] = np.nan
    assert 'missing="last" (the value before), missing="drop" (the rows go)' in refused(frame, sequence="pump")


def test_the_same_again_is_the_same_data_set():
    first, again = added(PUMPS, sequence="pump"), added(PUMPS.copy(), sequence="pump")
    assert again.name == first.name
    assert again.lines[-1] == f"data set: {first.name}, which is there already"
    assert len([*Path("gatebench_local/datasets").iterdir()]) == 1
    other = added(PUMPS + 0.0, sequence="pump", without=["flow"])
    assert other.name != first.name


def test_another_reading_is_another_data_set():
    frame = pd.DataFrame({"t": range(400), "x": RANDOM.normal(size=400), "y": RANDOM.integers(0, 2, 400)})
    by_label, by_value = added(frame, label="y"), added(frame, label="y", as_target="value")
    assert by_label.name != by_value.name


def test_a_name_that_is_taken_by_other_data_is_refused():
    assert added(PUMPS, "pumps", sequence="pump").name == "pumps"
    assert added(PUMPS, "pumps", sequence="pump").lines[-1] == "data set: pumps, which is there already"
    with pytest.raises(BadInput, match=r"there is a data set 'pumps' already.*choose another: name=\"pumps_2\""):
        added(PUMPS, "pumps", sequence="pump", without="flow")


def test_a_path_is_read_with_keywords(home: Path):
    PUMPS.to_csv(home / "my pumps.csv", index=False)
    task = added(home / "my pumps.csv", sequence="pump")
    assert task.name == "my_pumps"
    assert added(str(home / "my pumps.csv"), sequence="pump").lines[-1] == "data set: my_pumps, which is there already"


def test_labels_of_a_folder_are_a_file(home: Path):
    (home / "walks").mkdir()
    for place, walk in enumerate(WALKS):
        np.savetxt(home / "walks" / f"{place}.csv", walk, delimiter=",", header="a,b", comments="")
    pd.DataFrame({"file": [f"{place}.csv" for place in range(20)], "label": LABELS}).to_csv(home / "labels.csv", index=False)
    assert card_of(added(home / "walks", labels=home / "labels.csv")).target.names == ("down", "up")
    with pytest.raises(BadInput, match="labels is list beside a path"):
        added(home / "walks", labels=LABELS)


@pytest.mark.parametrize("form", ["list", "tensors", "padded", "names"])
def test_arrays_are_sequences_with_labels_beside_them(form: str):
    if form == "padded":
        stacked = np.stack([walk[:10] for walk in WALKS])
        task = added(torch.tensor(stacked), labels=torch.arange(20) % 2)
        assert card_of(task).target.names == ("0", "1")
        assert card_of(task).facts["train"]["steps"] == 140
        return
    data = {"list": WALKS, "tensors": [torch.tensor(walk) for walk in WALKS], "names": {"X": WALKS, "y": LABELS}}[form]
    task = added(data, **({} if form == "names" else {"labels": LABELS}))
    card = card_of(task)
    assert (card.kind, card.width, card.target.kind, card.target.names) == ("reals", 3, "label", ("down", "up"))
    arrays = cards.read_arrays(card)
    lengths = sorted(len(array) for of_split in arrays.values() for array in of_split)
    assert lengths == [*LENGTHS]
    by_length = {len(array): array for of_split in arrays.values() for array in of_split}
    for walk, label in zip(WALKS, LABELS, strict=True):
        assert np.allclose(by_length[len(walk)][:, :2], walk)
        assert (by_length[len(walk)][:, 2] == (label == "up")).all()


def test_all_forms_of_the_same_arrays_are_one_data_set():
    names = {
        added(WALKS, labels=LABELS).name,
        added([torch.tensor(walk) for walk in WALKS], labels=pd.Series(LABELS)).name,
        added({"x": WALKS, "y": LABELS}).name,
    }
    assert len(names) == 1


def test_targets_of_steps_and_values_and_groups():
    steps = [np.arange(len(walk)) % 3 for walk in WALKS]
    assert card_of(added(WALKS, labels=steps)).target.of == "step"
    values = added(WALKS, labels=[0.5 * length for length in LENGTHS])
    assert (card_of(values).target.of, card_of(values).target.kind) == ("sequence", "value")
    grouped = added(WALKS, labels=LABELS, group=np.repeat(np.arange(10), 2))
    assert any("by group" in line for line in grouped.lines)


def test_axes_are_asked_for_by_their_keyword():
    smooth = RANDOM.normal(size=(20, 5, 40)).cumsum(2)
    assert 'of 40 steps of 5 columns, axes="NXT"; or of 5 steps of 40 columns, axes="NTX"' in refused(smooth, labels=LABELS)
    assert card_of(added(smooth, labels=LABELS, axes="NXT")).facts["train"]["steps"] == 14 * 40


def test_a_given_split_is_kept():
    parts = {"X_train": WALKS[:12], "y_train": LABELS[:12], "X_test": WALKS[12:], "y_test": LABELS[12:]}
    assert any(line.startswith("split: as given, train 12, test 8") for line in added(parts).lines)
    frames = {"train": PUMPS[:450], "test": PUMPS[450:]}
    assert any(line.startswith("split: as given, train 15, test 5") for line in added(frames, sequence="pump").lines)


@pytest.mark.parametrize("index", ["dates", "named", "levels", "numbers"])
def test_an_index_is_a_column_where_it_says_something(index: str):
    frame = PUMPS.drop(columns="pump")
    if index == "dates":
        frame.index = pd.date_range("2020", periods=600, freq="h")
        assert 'order: by column index (order="COLUMN")' in added(frame).lines
    elif index == "named":
        frame.index = pd.Index(PUMPS.pump, name="pump")
        assert any(line.startswith("sequences: 20, by column pump") for line in added(frame, sequence="pump").lines)
    elif index == "levels":
        frame.index = pd.MultiIndex.from_arrays([PUMPS.pump, [*range(30)] * 20], names=["pump", "t"])
        assert any(line.startswith("sequences: 20, by column pump") for line in added(frame).lines)
    else:  # the row numbers of what was left after a selection
        assert card_of(added(frame[::2])).names == ("pressure", "flow")


def test_spans_and_periods_and_two_rows_of_names_are_read():
    frame = PUMPS.assign(wait=pd.to_timedelta(RANDOM.exponential(size=600), unit="s"))
    frame["month"] = [*pd.period_range("2000-01", periods=30, freq="M")] * 20
    frame.columns = pd.MultiIndex.from_tuples([("a", name) for name in frame.columns])
    task = added(frame, sequence="a_pump")
    assert card_of(task).names == ("a_pressure", "a_flow", "a_wait")
    assert 'order: by column a_month (order="COLUMN")' in task.lines
    arrays = cards.read_arrays(card_of(task))
    waits = np.concatenate([array[:, 2] for of_split in arrays.values() for array in of_split])
    assert np.allclose(np.sort(waits), np.sort(frame[("a", "wait")].dt.total_seconds()))


def test_the_frame_stays_as_it_is():
    frame = PUMPS.rename(columns={"flow": 5, "pump": " pump "})
    before = frame.copy(deep=True)
    added(frame, sequence="pump")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("data", "choices", "message"),
    [
        (PUMPS, {"sequence": "pumps"}, 'sequence="pumps" is no column; did you mean \'pump\''),
        (PUMPS, {"sequnce": "pump"}, "unknown argument 'sequnce'; did you mean 'sequence'"),
        (PUMPS, {"sequence": "pump", "missing": "fill"}, "compare: missing is 'fill', expected one of 'last'"),
        (PUMPS, {"labels": LABELS}, "labels is given beside a data frame; expected it as a column of the frame"),
        (WALKS, {"sequence": "pump"}, "sequence is given, but arrays in memory has nothing that it could choose"),
        ({"X": WALKS, "y": LABELS}, {"labels": LABELS}, "y is given twice"),
        (3, {}, "has shape ()"),
        (object(), {}, "data is object of object; expected a pandas DataFrame"),
        ([["a", "b"], ["c", "d"]], {}, "data is list of <U1; expected a pandas DataFrame"),
        ([PUMPS, WALKS[0]], {}, "data frames stand among other things"),
        ([[[1, 2], [3]]], {}, "lists of several lengths within a sequence"),
        (WALKS, {"labels": [*LABELS[:19], None]}, "labels have a place that is empty"),
        (PUMPS.assign(flow=1j), {"sequence": "pump"}, "column flow holds complex numbers"),
        ("nothing.csv", {}, "'nothing.csv' is not there"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(data: object, choices: dict[str, object], message: str):
    line = refused(data, **choices)
    assert message in line
    assert "\n" not in line
