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
    assert first.pipelines == 3
    looks.add(tmp_path, "mine", 5, ["a", "b", "c"])
    looks.add(tmp_path, "mine", 3, ["a", "b"])
    assert [look.pipelines for look in looks.read(tmp_path, "mine")] == [3, 5]
    looks.add(tmp_path, "mine", 3, ["a", "d"])
    assert [look.pipelines for look in looks.read(tmp_path, "mine")] == [3, 5, 3]
    assert looks.read(tmp_path, "other") == []


def test_files_of_before_are_read_and_grow(tmp_path: Path):
    """They counted seeds."""
    looks.add(tmp_path, "mine", 3, ["a", "b"])
    file = looks.path(tmp_path, "mine")
    written = file.read_text()
    file.write_text(written.replace("pipelines", "seeds"))
    assert '"seeds": 3' in file.read_text()
    looks.add(tmp_path, "mine", 3, ["a", "b"])
    assert [look.pipelines for look in looks.read(tmp_path, "mine")] == [3]
    looks.add(tmp_path, "mine", 5, ["a", "b", "c"])
    assert [look.pipelines for look in looks.read(tmp_path, "mine")] == [3, 5]


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", "1", '{"looks": 1}', '{"looks": [{"pipelines": 0, "trials": "a"}]}', '{"looks": [1]}']
)
def test_a_damaged_file_is_one_line_and_stays(tmp_path: Path, text: str):
    file = looks.path(tmp_path, "mine")
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(BadInput, match=r"looks.json is damaged \(.*\); remove it, and the verdicts .* are counted no more"):
        looks.add(tmp_path, "mine", 3, ["a"])
    assert file.read_text() == text
