"""A plugin folder's yamls hold settings: whatever else one says, Hydra never sees it."""

import os
from pathlib import Path

import pytest

from gatebench.cli import plugin_conf
from gatebench.cli.commands import sweep
from gatebench.cli.configurations import GROUPS
from gatebench.core.errors import BadInput
from support.command_line import run_installed
from support.datasets import Tiny, make_tiny

STUDY = """\
# @package _global_
defaults:
  - override /task: jsb_chorales
  - override /training: modern
name: mine
training: {epochs: 2}
parts:
  - [cell=lstm_augmented, cell.projection=null, +arms.x=1, ~arms.y]
hydra:
  sweeper:
    params:
      cell: rnn, gru
      training.batch: 1, 2
"""
CALL = "{_target_: os.mkdir, path: called}"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    (tmp_path / "conf" / "study").mkdir(parents=True)
    (tmp_path / "conf" / "task").mkdir()
    return tmp_path / "conf"


def test_a_study_and_a_task_may_stand_in_a_plugin_folder(conf: Path):
    (conf / "study" / "mine.yaml").write_text(STUDY)
    (conf / "task" / "mine.yaml").write_text("dataset: mine\npredict: next_step\nlikelihood: {name: gaussian}\n")
    plugin_conf.check(conf, GROUPS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (STUDY + f"  callbacks: {{x: {CALL}}}\n", "it has more settings of hydra than sweeper.params"),
        (STUDY + f"  launcher: {CALL}\n", "it has more settings of hydra than sweeper.params"),
        (STUDY.replace("    params:", "    _target_: os.mkdir\n    params:"), "it has more settings of hydra"),
        (STUDY.replace("hydra:", "hydra: {}\nextra:"), "it has more settings of hydra than sweeper.params"),
        (STUDY.replace("training.batch:", "+hydra.callbacks.x._target_:"), r"hydra\.sweeper\.params has '\+hydra"),
        (STUDY.replace("training.batch:", "task@hydra.callbacks.x:"), r"hydra\.sweeper\.params has 'task@hydra"),
        (STUDY.replace("1, 2", "'{_target_: os.mkdir}'"), r"hydra\.sweeper\.params has 'training\.batch'"),
        (STUDY.replace("+arms.x=1", "+hydra.callbacks.x._target_=os.mkdir"), r"a part has the override '\+hydra"),
        (STUDY.replace("+arms.x=1", "hydra/launcher=local"), "a part has the override 'hydra/launcher=local'"),
        (STUDY.replace("+arms.x=1", "task@hydra.callbacks.x=mine"), "a part has the override 'task@hydra"),
        (STUDY.replace("+arms.x=1", "--config-dir=x"), "a part has the override '--config-dir=x'"),
        (STUDY.replace("_global_", "hydra.callbacks.x"), r"its package is hydra\.callbacks\.x"),
        (STUDY.replace("override /task", "override /hydra/launcher"), "its defaults list has 'override /hydra/launcher'"),
        (STUDY.replace("override /task", "/task@hydra.callbacks.x"), "its defaults list has '/task@hydra"),
        (STUDY.replace("  - override /task: jsb_chorales", "  - /hydra/launcher/local"), "its defaults list has '/hydra"),
        (STUDY.replace("epochs: 2", f"x: [1, {CALL}]"), r"training\.x\._target_ is 'os\.mkdir'"),
        ("- 1\n- 2\n", "it is .*, which is no settings"),
    ],
)  # fmt: skip
def test_what_hydra_would_run_is_refused(conf: Path, changed: str, reason: str):
    (conf / "study" / "mine.yaml").write_text(changed)
    with pytest.raises(BadInput, match=rf"mine\.yaml: {reason}"):
        plugin_conf.check(conf, GROUPS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (STUDY.replace("# @package _global_\n", ""), "its first line is not '# @package _global_'"),
        (STUDY.replace("name: mine\n", ""), "it has no name, under which its results are found; add a line: name: mine"),
        ("# @package _global_\n", "it has no name"),
        (
            STUDY.replace("override /task", "override task"),
            "its defaults list has 'override task: jsb_chorales', expected 'o",
        ),
        (
            STUDY.replace("override /task", "/task"),
            "its defaults list has '/task: jsb_chorales', expected 'override /task: ",
        ),
        (
            STUDY.replace("override /task", "override /tsk"),
            "its defaults list has 'override /tsk', expected 'override /GROUP",
        ),
        (STUDY.replace("rnn, gru", "[rnn, gru]"), "has a list of cell, expected one text with commas: cell: rnn, gru"),
        (STUDY + "name: other\n", "cannot be read: it has name twice in one place"),
    ],
)
def test_a_study_that_would_be_read_otherwise_is_refused(conf: Path, changed: str, reason: str):
    (conf / "study" / "mine.yaml").write_text(changed)
    with pytest.raises(BadInput) as refused:
        plugin_conf.check(conf, GROUPS)
    assert reason in str(refused.value)


def test_a_study_may_go_on_from_another_one(conf: Path):
    (conf / "study" / "mine.yaml").write_text("# @package _global_\ndefaults:\n  - jsb\n  - _self_\nname: mine\n")
    plugin_conf.check(conf, GROUPS)


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "hello\n", "\xff\xfe"])
def test_a_study_that_is_no_settings_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    file = tmp_path / "conf" / "study" / "handed.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="latin-1")
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    with pytest.raises(BadInput, match=r"handed\.yaml(: it is .*, which is no settings| cannot be read: )"):
        sweep.sweep(["study=handed", "--dry-run"])


@pytest.mark.parametrize("text", ["a: [1", "a: !!python/object/apply:os.mkdir [called]", "a: \x01"])
def test_what_is_no_plain_yaml_is_refused(conf: Path, text: str):
    (conf / "task" / "mine.yaml").write_text(text)
    with pytest.raises(BadInput, match=r"mine\.yaml cannot be read: "):
        plugin_conf.check(conf, GROUPS)


@pytest.mark.parametrize("place", ["hydra/launcher/mine.yaml", "config.yaml", "task/deeper/mine.yaml", "task/mine.yml"])
def test_nothing_stands_beside_the_groups(conf: Path, place: str):
    (conf / place).parent.mkdir(parents=True, exist_ok=True)
    (conf / place).write_text("a: 1\n")
    with pytest.raises(BadInput, match="a plugin folder has yamls of task, cell, budget, training, engine, study alone"):
        plugin_conf.check(conf, GROUPS)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("handed"))


@pytest.mark.parametrize(
    "command", [["sweep", "study=jsb", "--dry-run"], ["sweep", "study=handed", "--dry-run"], ["compare", "handed"]]
)
def test_a_folder_that_one_stands_in_runs_nothing(home: Tiny, tmp_path: Path, command: list[str]):
    local = tmp_path / "gatebench_local" / "conf" / "study"
    local.mkdir(parents=True)
    (local / "handed.yaml").write_text(STUDY + f"  callbacks: {{x: {CALL}}}\n")
    ended = run_installed(home, tmp_path, *command, GATEBENCH_PATH="")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "handed" in ended.err
    assert sorted(os.listdir(tmp_path)) == ["gatebench_local"]
