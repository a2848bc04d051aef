"""TAB: what fits is offered, in this process and in a real bash."""

import os
import subprocess
from pathlib import Path

import pytest

from gatebench.cli import parser
from support.command_line import CommandLine
from support.commands import COMMAND
from support.datasets import Tiny
from support.shells import completed_by_tab

COMPLETED = {
    "gatebench sw": {"sweep"},
    "gatebench ": set(parser.load_commands()),
    "gatebench count g": {"gru", "gru_layernorm", "gru_reset_after"},
    "gatebench count gru --un": {"--units"},
    "gatebench data ver": {"verify"},
    "gatebench data verify jsb": {"jsb_chorales"},
    "gatebench compare ti": {"tiny"},
    "gatebench compare tiny --mi": {"--minutes"},
    "gatebench sweep cell=g": {"cell=gru", "cell=gru_layernorm", "cell=gru_reset_after"},
    "gatebench sweep study=": {
        f"study={name}"
        for name in (
            "answer",
            "answer_data",
            "answer_epochs",
            "answer_matched",
            "answer_regulariser",
            "answer_sizes",
            "answer_sizes_speech",
            "answer_speech",
            "chung2014",
            "chung2014_500",
            "chung2014_speech",
            "compare",
            "demo",
            "fair",
            "fair_decay",
            "jsb",
            "larger",
            "own",
            "own_forecast",
            "rru",
            "speech",
            "speech_demo",
            "zoo",
        )
    },
    "gatebench sweep cell=gru budget=u": {"budget=units_48", "budget=units_64"},
    "gatebench sweep training.bat": {"training.batch="},
    "gatebench report no": {"nottingham"},
    "gatebench status no": {"nottingham"},
    "gatebench sweep task=ti": {"task=tiny"},  # of a plugin folder
    "gatebench sweep --": {"--dry-run", "--fail-fast", "--help"},
    "gatebench completion f": {"fish"},
    "gatebench cells gru_l": {"gru_layernorm"},
    "gatebench sample no": {"nottingham"},
}


@pytest.mark.parametrize("line", COMPLETED)
def test_tab_offers_what_fits(gatebench: CommandLine, line: str):
    (gatebench.folder / "results" / "nottingham").mkdir(parents=True)
    (gatebench.folder / "results" / "nottingham" / "study.json").write_text('{"points": {}}')
    result = gatebench("completion", "--query", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert (result.code, result.err) == (0, "")
    offered = set(result.out.split())
    assert COMPLETED[line] <= offered if line.endswith(" ") else COMPLETED[line] == offered


def test_tab_looks_at_what_is_left_of_the_cursor(gatebench: CommandLine):
    result = gatebench("completion", "--query", COMP_LINE="gatebench sw cell=lstm", COMP_POINT="12")
    assert result.out.split() == ["sweep"]


def test_tab_in_an_unknown_command_offers_nothing(gatebench: CommandLine):
    result = gatebench("completion", "--query", COMP_LINE="gatebench swep cell=", COMP_POINT="20")
    assert (result.code, result.out.split(), result.err) == (0, [], "")


def test_tab_in_a_real_bash(home: Tiny, tmp_path: Path):
    script = """
        eval "$(gatebench completion)"
        COMP_LINE="gatebench sweep cell=g"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(gatebench sweep cell=g); COMP_CWORD=2
        compopt() { :; }  # outside of a real TAB there is nothing that it could set
        $(complete -p gatebench | sed 's/.*-F \\([^ ]*\\) .*/\\1/') gatebench cell=g sweep
        echo "${COMPREPLY[@]}"
    """
    env = {**home.env, "PATH": f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("cell=gru cell=gru_layernorm cell=gru_reset_after\n", "")


def test_a_real_tab_in_a_real_bash(home: Tiny, tmp_path: Path):
    assert completed_by_tab(home, tmp_path, ["bash", "--norc", "--noprofile", "-i"], 'eval "$(gatebench completion bash)"')


def test_each_shell_has_a_script_and_bash_is_what_is_meant(gatebench: CommandLine):
    scripts = {shell: gatebench("completion", shell).out for shell in ("bash", "zsh", "fish")}
    assert gatebench("completion").out == scripts["bash"]
    assert len(set(scripts.values())) == 3
    assert "invalid choice: 'tcsh'" in gatebench("completion", "tcsh").err
