"""Altered piano rolls: what is done to a roll, and that what is written is a card like any other."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from gatebench import cli
from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, tasks
from gatebench.data.alteration import Alteration
from gatebench.data.baselines import compute
from gatebench.ingest import add, alter
from gatebench.ingest.choices import Choices
from support import sources
from support.datasets import Tiny

ALTERED = {
    "every_2": (Alteration(every=2), lambda roll: [roll[t] for t in range(0, len(roll), 2)]),
    "hold_3": (Alteration(hold=3), lambda roll: [frame for frame in roll for _ in range(3)]),
    "first_5": (Alteration(first=5), lambda roll: list(roll)[:5]),
    "sounding": (Alteration(sounding=True), lambda roll: [frame for frame in roll if frame.sum()]),
    "every_2_hold_2_first_3": (Alteration(every=2, hold=2, first=3), lambda roll: [roll[0], roll[0], *roll[2:3]][:3]),
}


def test_silence_goes_before_frames_are_counted():
    roll = np.array([[1, 0], [0, 0], [0, 1], [1, 1]])
    assert Alteration(sounding=True).alter(roll).tolist() == [[1, 0], [0, 1], [1, 1]]
    assert Alteration(sounding=True, every=2).alter(roll).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("suffix", ALTERED)
def test_an_altered_card_has_the_altered_rolls_with_their_facts_and_baselines(tiny: Tiny, suffix: str):
    alteration, by_hand = ALTERED[suffix]
    lines = alter.alter("tiny", alteration, None)
    assert lines[-1] == f"next: gatebench sweep task=tiny_{suffix}"
    card = cards.load(f"tiny_{suffix}")
    arrays = cards.read_arrays(card)
    for split, rolls in tiny.rolls.items():
        expected = [altered for altered in map(by_hand, rolls) if len(altered) > 1]
        assert [roll.tolist() for roll in arrays[split]] == [[list(frame) for frame in roll] for roll in expected]
    assert card.facts == facts.compute(card, arrays)
    assert (card.baselines, card.baseline_metrics) == compute.of_card(card, arrays)
    assert card.title == f"Tiny, {alteration.title}"
    task = yaml.safe_load((tiny.plugin_folder / "conf" / "task" / f"tiny_{suffix}.yaml").read_text())
    loaded = tasks.load("altered", task["dataset"], task["predict"])
    assert [len(sequence) for sequence in loaded.splits["test"]] == [len(roll) - 1 for roll in arrays["test"]]


def test_rolls_of_which_too_little_is_left_are_left_out(tiny: Tiny):
    longest = max(len(roll) for roll in tiny.rolls["test"])
    rolls = Alteration(every=longest - 1).apply({"test": tiny.rolls["test"]})["test"]
    assert [len(roll) for roll in rolls] == [2] * sum(len(roll) == longest for roll in tiny.rolls["test"])


def test_a_card_that_says_another_alteration_is_refused(tiny: Tiny):
    alter.alter("tiny", Alteration(every=2), "other")
    path = tiny.plugin_folder / "datasets" / "other.yaml"
    written = yaml.safe_load(path.read_text())
    for change, message in (
        ({"altered": {"every": 3}}, "the card says"),
        ({"altered": {"evry": 2}}, "unknown setting 'other.yaml: altered.evry'; did you mean 'every'?"),
        ({"altered": {"first": 1}}, "other.yaml: altered.first is 1, expected a whole number from 2"),
        ({"altered": {"every": 1000}}, "split 'train' is empty"),
        ({"kind": "binary"}, "altered is given, but kind is binary; expected piano_roll"),
    ):
        path.write_text(yaml.safe_dump({**written, **change}))
        with pytest.raises(BadInput) as raised:
            cards.read_arrays(cards.load("other"))
        assert message in str(raised.value)


def test_the_command_writes_what_verifies_and_trains(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tiny.folder)

    def gatebench(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["gatebench", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        output = capsys.readouterr()
        assert not end.value.code, output.err
        return output.out

    gatebench("data", "alter", "tiny", "--hold", "2", "--as", "slow")
    assert gatebench("data", "verify", "slow").startswith("slow: checksum right, ")
    assert (
        gatebench("data", "baselines", "slow").split(": ")[1]
        == gatebench("data", "baselines", "tiny", "--hold", "2").split(": ")[1]
    )
    least = ["training.lr=0.01", "training.epochs=1", "population.seeds=[1]", "publish=false", "hydra/launcher=basic"]
    gatebench("sweep", "task=slow", "engine=reference", *least)
    assert "1 of 1" in gatebench("status", "adhoc")


def test_what_is_altered_is_not_altered_again(tiny: Tiny):
    alter.alter("tiny", Alteration(every=2), "other")
    with pytest.raises(BadInput, match=r"other is altered already \(every 2\); expected the original"):
        alter.alter("other", Alteration(every=2), None)
    with pytest.raises(BadInput, match="there is a data set 'other' already"):
        alter.alter("tiny", Alteration(every=3), "other")


def test_rolls_that_were_added_are_altered_in_their_plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    add.add(sources.midi(tmp_path), "tunes", Choices())
    alter.alter("tunes", Alteration(every=2), None)
    original, halved = (cards.read_arrays(cards.load(name)) for name in ("tunes", "tunes_every_2"))
    assert [len(roll) for roll in halved["train"]] == [-(-len(roll) // 2) for roll in original["train"]]

    monkeypatch.setenv("GATEBENCH_PATH", f"{tmp_path / 'elsewhere'}:{tmp_path / 'gatebench_local'}")
    with pytest.raises(BadInput, match=r"tunes lie in its plugin folder .*gatebench_local, .*expected one plugin folder"):
        alter.alter("tunes", Alteration(every=3), None)
