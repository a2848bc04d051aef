"""How often a verdict was given is written down, once for each set of trials."""

from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.records import looks


def test_only_a_verdict_on_other_trials_is_a_new_look(tmp_path: Path):
    assert looks.read(tmp_path, "mine") == []
    looks.add(tmp_path, "mine", 3, ["a", "b"])
    looks.add(tmp_path, "mine", 3, ["b", "a"])
    (first,) = looks.read(tmp_path, "mine")
    assert first.seeds == 3
    looks.add(tmp_path, "mine", 5, ["a", "b", "c"])
    looks.add(tmp_path, "mine", 3, ["a", "b"])
    assert [look.seeds for look in looks.read(tmp_path, "mine")] == [3, 5]
    looks.add(tmp_path, "mine", 3, ["a", "d"])
    assert [look.seeds for look in looks.read(tmp_path, "mine")] == [3, 5, 3]
    assert looks.read(tmp_path, "other") == []


@pytest.mark.parametrize("text", ["{", "[]", "{}", "1", '{"looks": 1}', '{"looks": [{"seeds": 0, "trials": "a"}]}'])
def test_a_damaged_file_is_one_line_and_stays(tmp_path: Path, text: str):
    file = looks.path(tmp_path, "mine")
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(BadInput, match=r"looks.json is damaged \(.*\); remove it, and the verdicts .* are counted no more"):
        looks.add(tmp_path, "mine", 3, ["a"])
    assert file.read_text() == text
