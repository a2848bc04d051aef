"""``gatebench data``: lists, verifies, and scores altered data."""

import numpy as np
import pytest

from gatebench.core import registry
from gatebench.data.baselines.binary import of_frames
from support.command_line import CommandLine
from support.datasets import Tiny


def test_data_sets_are_listed_with_size_and_licence(gatebench: CommandLine):
    result = gatebench("data", "list")
    assert (result.code, result.err) == (0, "")
    assert "tiny: Tiny (synthetic)\n" in result.out
    assert "    sequences: train 13, valid 5, test 6; a step is a beat\n    licence: CC0\n" in result.out
    assert result.out.count("licence: ") == len(registry.available("datasets", ".yaml")) + 1
    assert gatebench("data").out == result.out


def test_data_is_listed_before_its_facts_are_known(home: Tiny, gatebench: CommandLine):
    whole = home.yaml.read_text()
    for facts in ({}, {"train": 5}, {"train": {"sequences": "x"}}):
        home.edit(facts=facts)
        result = gatebench("data", "list", "tiny")
        assert "    sequences: train ?, valid ?, test ?; a step is a beat\n" in result.out
    home.yaml.write_text(whole)


def test_data_is_verified_against_its_card(home: Tiny, gatebench: CommandLine):
    result = gatebench("data", "verify", "tiny")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("tiny: checksum right, ")
    assert gatebench("data", "fetch", "tiny").out == f"tiny: {home.mat}\n"


def test_a_local_folder_of_an_earlier_version_is_not_passed_over_in_silence(gatebench: CommandLine):
    hint = "gatebench: gatebench_house/ is called gatebench_local/ now: rename it, or what is in it is not seen\n"
    assert gatebench("data", "list", "tiny").err == ""
    (gatebench.folder / "gatebench_house").mkdir()
    listed = gatebench("data", "list", "tiny")
    assert (listed.code, listed.err) == (0, hint)
    (gatebench.folder / "walks.csv").write_text("a\n" + "".join(f"{i * i % 97 / 10}\n" for i in range(300)))
    added = gatebench("data", "add", "walks.csv", "--name", "walks")
    assert (added.code, added.err) == (0, hint)


ALTERED = {
    "": lambda roll: roll,
    "--every 2": lambda roll: roll[::2],
    "--hold 3": lambda roll: np.repeat(roll, 3, axis=0),
    "--first 5": lambda roll: roll[:5],
    "--sounding": lambda roll: roll[roll.sum(1) > 0],
}


@pytest.mark.parametrize("how", ALTERED)
def test_baselines_of_altered_data_are_those_of_the_altered_rolls(home: Tiny, gatebench: CommandLine, how: str):
    result = gatebench("data", "baselines", "tiny", *how.split())
    rolls = {split: [ALTERED[how](roll) for roll in home.rolls[split]] for split in home.rolls}
    baselines = of_frames({split: [roll for roll in rolls[split] if len(roll) > 1] for split in rolls})
    score = baselines["markov"]["test"]
    assert (result.code, result.err) == (0, "")
    assert f"markov {score['nll']:.3f} per step, {score['nll_sequence_mean']:.3f} per sequence" in result.out
    assert how in ("", "--sounding") or result.out != gatebench("data", "baselines", "tiny").out  # no frame of it is silent
