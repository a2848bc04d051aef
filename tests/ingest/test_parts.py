"""Windows of series: each follows the one before it, over splits too, and no step between two of them is lost."""

from pathlib import Path

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards, tasks
from gatebench.data.contents import SPLITS, content_digest
from gatebench.data.origins import Origins
from gatebench.data.sequences import Sequence
from support.adding import add


def series_of(name: str, predict: str) -> dict[int, list[tuple[str, Sequence]]]:
    """The windows of each series in order, with their splits."""
    task, windows = tasks.load(name, name, predict), {}
    for split in SPLITS:
        for window in task.splits[split]:
            of_series = windows.setdefault(window.series, [])
            assert window.position == len(of_series)
            of_series.append((split, window))
    return windows


def rows(home: Path, count: int = 2, steps: int = 400) -> np.ndarray:
    """Series of numbers on no grid that tell series and step, in a file."""
    values = np.arange(count)[:, None] * 1000 + np.sqrt(np.arange(steps))
    lines = [f"{i},{t},{values[i, t]:.9f}" for i in range(count) for t in range(steps)]
    (home / "x.csv").write_text("\n".join(["unit,cycle,value", *lines]))
    return values


def test_windows_of_a_series_read_and_predict_every_step_of_it_once(home: Path):
    values = rows(home)
    add(home / "x.csv", window=50)
    assert cards.load("mine").has_series
    windows = series_of("mine", "next_step")
    assert [*windows] == [0, 1]
    scale = tasks.load("mine", "mine", "next_step").input_scale
    for number, of_series in windows.items():
        assert [split for split, _ in of_series] == sorted((split for split, _ in of_series), key=SPLITS.index)
        assert {split for split, _ in of_series} == {*SPLITS}
        x, y = (np.concatenate([getattr(w, side) for _, w in of_series])[:, 0] for side in "xy")
        standardised = (values[number] - scale.mean) / scale.std
        np.testing.assert_allclose(x, standardised[:-1], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(y, standardised[1:], rtol=1e-4, atol=1e-4)


def test_windows_of_a_target_share_no_step(home: Path):
    lines = [f"{t},{t % 7 * 0.1:.1f},{'on' if t % 5 else 'off'}" for t in range(400)]
    (home / "x.csv").write_text("\n".join(["time,value,state", *lines]))
    add(home / "x.csv", label="state", window=50)
    (of_series,) = series_of("mine", "target").values()
    assert sum(len(window) for _, window in of_series) == 400


def test_windows_of_a_text_go_on_as_the_text_does(home: Path):
    text = "".join(np.random.default_rng(1).choice([*"abcd"], 2000))
    (home / "x.txt").write_text(text)
    add(home / "x.txt")
    card = cards.load("mine")
    (of_series,) = series_of("mine", "next_step").values()
    read = np.concatenate([window.x.argmax(1) for _, window in of_series])
    assert "".join(card.names[i] for i in read) == text[:-1]
    assert "".join(card.names[i] for _, w in of_series for i in w.y[:, 0]) == text[1:]


@pytest.mark.parametrize("window", [100, 105, 119])
def test_windows_of_a_recording_go_on_within_a_split(home: Path, window: int):
    """At the end of a split what fills no window is left out, so that the next split begins a series of its own."""
    import soundfile

    wave = np.arange(4000, dtype=np.int16)
    soundfile.write(home / "x.wav", wave, 8000, subtype="PCM_16")
    (home / "sounds").mkdir()
    (home / "x.wav").rename(home / "sounds" / "x.wav")
    add(home / "sounds", window=window)
    scale = tasks.load("mine", "mine", "next_block").output_scale
    for of_series in series_of("mine", "next_block").values():
        assert len({split for split, _ in of_series}) == 1
        predicted = np.rint(np.concatenate([w.y for _, w in of_series]).ravel().astype(float) * scale.std + scale.mean)
        np.testing.assert_allclose(np.diff(predicted), 1, atol=1.1)
        assert abs(predicted[-1] - predicted[0] - len(predicted) + 1) <= 2, "no block is missing"


def test_sequences_that_are_not_cut_stand_for_themselves(home: Path):
    rows(home, count=12, steps=30)
    add(home / "x.csv")
    card = cards.load("mine")
    assert (card.has_series, card.has_groups) == (False, False)
    assert {w.series for split in SPLITS for w in tasks.load("mine", "mine", "next_step").splits[split]} == {None}
    assert card.content == content_digest(cards.read_arrays(card)), "as cards of before have it"


def test_groups_are_those_of_the_data(home: Path):
    people = [chr(ord("a") + i % 6) for i in range(18)]
    lines = [f"{i},{person},{(12 * i + t) ** 0.5:.6f}" for i, person in enumerate(people) for t in range(12)]
    (home / "x.csv").write_text("\n".join(["sequence,person,value", *lines]))
    add(home / "x.csv", group="person")
    assert cards.load("mine").has_groups
    splits = tasks.load("mine", "mine", "next_step").splits
    groups = {split: {window.group for window in splits[split]} for split in SPLITS}
    assert sum(map(len, groups.values())) == 6, "each group is in one split"
    assert None not in set.union(*groups.values())


def test_a_file_that_lacks_what_its_card_says_is_refused(home: Path):
    rows(home, count=12, steps=30)
    add(home / "x.csv")
    card = home / "gatebench_local" / "datasets" / "mine.yaml"
    card.write_text(card.read_text() + "has_series: true\n")
    with pytest.raises(BadInput, match="no list of whole numbers called train_series"):
        cards.read_arrays(cards.load("mine"))
    with pytest.raises(BadInput, match="has 2 sequences, but series of 1"):
        Origins(series={"train": np.zeros(1)}).check("mine", {"train": [np.zeros((2, 1))] * 2})
