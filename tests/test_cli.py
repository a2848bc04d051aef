"""The command: every mistake is one clear line, and what it prints can be relied on."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench import cli
from gatebench.cli.compose import GROUPS
from gatebench.core import registry
from gatebench.data.baselines import compute
from support.commands import COMMAND, SMALL, environment_of, sweep, without_compile_lines
from support.datasets import Tiny, make_tiny


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Command:
    """``gatebench`` in this process, in an empty folder."""

    def __init__(self, tiny: Tiny, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.tiny, self.folder, self._capture, self._patch = tiny, folder, capture, patch

    def __call__(self, *words: str, **environment: str) -> Said:
        self._capture.readouterr()
        on_term = signal.getsignal(signal.SIGTERM)
        with environment_of(self.tiny), self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["gatebench", *words])
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as end:
                cli.main()
        signal.signal(signal.SIGTERM, on_term)
        said = self._capture.readouterr()
        return Said(int(end.value.code or 0), said.out, without_compile_lines(said.err))

    def refuses(self, *words: str, **environment: str) -> str:
        """The one line of a command that the user got wrong; nothing may have been written."""
        before = sorted(self.folder.rglob("*"))
        said = self(*words, **environment)
        assert (said.code, said.out) == (2, "")
        assert said.err.count("\n") == 1, said.err
        assert said.err.startswith("gatebench: ")
        assert sorted(self.folder.rglob("*")) == before
        return said.err


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def gatebench(home: Tiny, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    folder = tmp_path / "empty"
    folder.mkdir()
    return Command(home, folder, capfd, monkeypatch)


def real(home: Tiny, folder: Path, *words: str, **environment: str) -> Said:
    """The installed command, in a process of its own."""
    env = {**home.env, **environment}
    run = subprocess.run([COMMAND, *words], env=env, cwd=folder, capture_output=True, text=True, check=False)
    return Said(run.returncode, run.stdout, without_compile_lines(run.stderr))


# Mistakes

LEAST = ["task=tiny", "training.epochs=1", "search.size=1", "population.seeds=[1]", "publish=false", "hydra/launcher=basic"]
"""Soon over, if a mistake should not be noticed."""
MISTAKES = {
    "trainig.batch=3": "unknown setting 'trainig.batch'; did you mean 'training.batch'?",
    "cel=gru": "unknown setting 'cel'; did you mean 'cell'?",
    "training.batch=abc": "training.batch is 'abc', expected",
    "training.batch=0": "training.batch is 0, expected",
    "training.batch=2.5": "training.batch is 2.5, expected",
    "training.constants.beta3=1": "unknown setting 'training.constants.beta3'; did you mean 'training.constants.beta2'?",
    "training.loss=mean": "training.loss is 'mean', expected one of 'step', 'sequence'",
    "training.lr=-0.1": "training.lr is -0.1, expected",
    "training.lr=abc": "training.lr is 'abc', expected",
    "training.clip_norm=0": "training.clip_norm is 0, expected",
    "training.rates={low:0.1,high:0.01}": "expected low <= high",
    "search.size=0": "search.size is 0, expected",
    "cell=gruu": "unknown cell 'gruu'; did you mean 'gru'?",
    "task.likelihood.name=gaussian_mixture": "for data of kind audio or reals, but the data is piano_roll",
    "task.likelihood.name=[1]": "unknown likelihood '[1]'",
    "task.likelihood=bernoulli": "task.likelihood is 'bernoulli', expected names, each with a value",
    "task.predict=next_block": "frames data of kind audio, but dataset tiny is piano_roll; use task.predict=next_step",
    "search=null": "search is None, expected its settings; override one of them, for example search.SETTING=VALUE",
    "training.rates=null": "training.lr and training.rates are both null: give a number, for example training.lr=0.01, or",
    "training.weight_noise=null training.noises=null": "training.weight_noise and training.noises are both null",
    "training.weight_decay=null training.decays=3": "training.decays is 3, expected its settings; override one of them",
    "cell=lstm budget=table1": "Table 1 has no size for cell lstm: it has rnn, gru and lstm_peephole",
    "search.epochs=0": "search.epochs is 0, expected a whole number from 1",
    "study=demo task=nottingham": "this study says nothing of nottingham: give it an entry under arms: in its yaml",
    "task=tony": "unknown task 'tony'; did you mean 'tiny'?",
    "budget=parameters_20": "unknown budget 'parameters_20'; did you mean 'parameters_20k'?",
    "training=modem": "unknown training 'modem'; did you mean 'modern'?",
    "study=jbs": "unknown study 'jbs'; did you mean 'jsb'?",
    "engine=refrence": "unknown engine 'refrence'; did you mean 'reference'?",
    "engine.name=refrence": "refrence",
    "engine.threads=0": "engine.threads is 0, expected",
    "engine=fused_cqu": "unknown engine 'fused_cqu'; did you mean 'fused_cpu'?",
    "device=cdu": "device is 'cdu', expected cpu or cuda",
    "device=null": "device is None, expected cpu or cuda",
    "task.dataset=tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "task.predict=next_stp": "next_stp",
    "task.likelihood=bernouli": "bernouli",
    "cell=[": "'['",
    "gru": "'gru'",
    "population.seeds=[]": "population.seeds is [], expected",
    "population.seeds=[1,1]": "population.seeds is [1, 1], expected",
    "population.seeds=[0]": "population.seeds is [0], expected",
    "population.seeds=[a]": "population.seeds is ['a'], expected",
    "population.max=0": "population.max is 0, expected",
    "budget.parameters=10": "a budget of 10 parameters is too small: one unit takes",
    "budget.parameters=-5": "budget.parameters is -5, expected",
    "budget.parameters=inf": "budget.parameters is inf, expected",
    "budget.parameters=nan": "budget.parameters is nan, expected",
    "budget.parameters=null": "a budget needs exactly one of",
    "budget=units_64 budget.units=0": "budget.units is 0, expected",
    "cell=lstm_augmented cell.window=ahead cell.length=2": "use cell.window=past",
    "model.bidirectional=true": "would read the very step that task tiny has it predict",
    "model.layers=0": "model.layers is 0, expected a whole number from 1",
    "model.layer=2": "unknown setting 'model.layer'; did you mean 'model.layers'?",
    "training.dropout=1": "training.dropout is 1, expected a number from 0 and below 1",
    "cell=lstm_augmented cell.gate=3": "option 'gate' of cell lstm_augmented is 3, expected true or false",
    "name=a/b": "name is 'a/b', expected",
    "name=a,b": "name and results must be one for the whole sweep",
    "publish=perhaps": "publish is 'perhaps', expected true or false",
}


@pytest.mark.parametrize("overrides", MISTAKES)
def test_a_mistake_in_a_sweep_is_one_line_and_leaves_nothing(gatebench: Command, overrides: str):
    assert MISTAKES[overrides] in gatebench.refuses("sweep", *LEAST, *overrides.split())


@pytest.mark.parametrize("words", ["sweep trainig.batch=3", "sweep cell=[", "count gruu --inputs 2 --units 2"])
def test_the_installed_command_says_the_same(home: Tiny, gatebench: Command, tmp_path: Path, words: str):
    said = real(home, gatebench.folder, *words.split())
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err == gatebench.refuses(*words.split())


def test_a_mistyped_launcher_is_one_line(gatebench: Command):
    said = gatebench("sweep", *LEAST, "hydra/launcher=locl")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("gatebench: ")
    assert "locl" in said.err


@pytest.mark.parametrize(
    "words",
    ["sweep --dryrun", "swep study=jsb", "count gru", "count gru --inputs x --units 2", "data lst", "dashboard --port x"],
)
def test_words_that_no_command_knows_end_with_a_line_below_the_usage(gatebench: Command, words: str):
    said = gatebench(*words.split())
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: gatebench ")
    assert re.match(r"gatebench.*: error: ", said.err.splitlines()[-1])
    assert list(gatebench.folder.iterdir()) == []


OTHER_MISTAKES = {
    "compare tinny": "unknown task 'tinny'; did you mean 'tiny'? (there are: ",
    "compare mine": "for data of your own: gatebench data add PATH --name mine",
    "compare tiny --cells gru,lsmt": "--cells: unknown cell 'lsmt'; did you mean 'lstm'?",
    "compare tiny --cells gru": "--cells is gru, expected two or more different ones",
    "compare tiny --cells gru,gru": "--cells is gru,gru, expected two or more different ones",
    "compare tiny --minutes 0": "--minutes is 0, expected a positive number",
    "compare tiny --minutes nan": "--minutes is nan, expected a positive number",
    "compare tiny --minutes inf": "--minutes is inf, expected a positive number",
    "compare tiny --minutes 0.001": "0.001 minutes are over before anything is measured; give it more: --minutes M",
    "compare tiny --parameters 0": "--parameters is 0, expected a whole number from 1",
    "compare tiny --parameters 3": "a budget of 3 parameters is too small: one unit takes",
    "compare tiny --seeds 0": "--seeds is 0, expected a whole number from 1",
    "compare tiny --study a/b": "name is 'a/b', expected",
    "status noten": "no study 'noten' in results",
    "report noten": "no study 'noten' in results",
    "publish noten": "no study 'noten' in results",
    "publish": "nothing to publish: no study in 'results'",
    "dashboard": "no tracking store in 'results'",
    "data list tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data verify tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "sweep study=fair training.noises.low=0.1": "gives training.noises as a whole: training.noises={...}",
    "data baselines tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data baselines tiny --every 0": "--every and --hold are whole numbers from 1",
    "data baselines tiny --first 1": "--first one from 2",
    "data baselines speech_synthetic": "speech_synthetic is audio; expected piano rolls, which alone are altered",
    "data baselines tiny --every 1000": "dataset tiny: split 'train' is empty",
    "data alter speech_synthetic --every 2": "speech_synthetic is audio; expected piano rolls, which alone are altered",
    "data alter tinny --every 2": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data alter tiny": "nothing is altered; expected one of --every, --hold, --first, --sounding",
    "data alter tiny --hold 0": "--every and --hold are whole numbers from 1",
    "data alter tiny --every 2 --as tiny": "there is a data set 'tiny' already",
    "report noten --again results": "the folder of the first run; expected that of a second one",
    "count gruu --inputs 20 --units 5": "unknown cell 'gruu'; did you mean 'gru'?",
    "count gru gate=1 --inputs 20 --units 5": "cell gru has no option 'gate'",
    "count lstm_augmented gat=true --inputs 20 --units 5": "no option 'gat'; did you mean 'gate'?",
    "count lstm_augmented gate=maybe --inputs 20 --units 5": "is 'maybe', expected true or false",
    "count lstm_augmented projection=[ --inputs 20 --units 5": "projection",
    "count lstm_augmented projection=-1 --inputs 20 --units 5": "projection",
    "count gru --inputs 0 --units 5": "at least one input",
    "count gru --inputs 20 --units 0": "at least one input and one unit",
    "count gru --inputs 20 --outputs 0 --units 5": "output",
    "count gru --inputs 20 --parameters 5": "a budget of 5 parameters recurrent is too small",
    "count gru --inputs 20 --flops nan": "nan",
    "count gru --inputs 20 --parameters inf": "inf",
}


@pytest.mark.parametrize("words", OTHER_MISTAKES)
def test_a_mistake_in_another_command_is_one_line_and_leaves_nothing(gatebench: Command, words: str):
    assert OTHER_MISTAKES[words] in gatebench.refuses(*words.split())


def test_the_nearest_study_is_suggested(gatebench: Command):
    (gatebench.folder / "results" / "nottingham").mkdir(parents=True)
    (gatebench.folder / "results" / "nottingham" / "study.json").write_text('{"points": {}}')
    for command in ("status", "report"):
        assert "no study 'notingham' in results; did you mean 'nottingham'?" in gatebench.refuses(command, "notingham")


def test_results_below_a_file_are_refused(gatebench: Command):
    (gatebench.folder / "file").touch()
    assert "results folder 'file/below' cannot be written" in gatebench.refuses("sweep", *SMALL, "results=file/below")


@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_damaged_data_is_one_line(home: Tiny, gatebench: Command, tmp_path: Path, launcher: str):
    data = Path(shutil.copytree(home.data, tmp_path / "data"))
    mat = data / "music" / "tiny.mat"
    mat.write_bytes(mat.read_bytes()[:-10])
    damaged = {"GATEBENCH_DATA": str(data)}
    words = ["sweep", *SMALL, f"hydra/launcher={launcher}"]
    said = gatebench(*words, **damaged) if launcher == "basic" else real(home, tmp_path, *words, **damaged)
    assert said.code == 2
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith(f"gatebench: {mat} has SHA-256 ")
    assert not list(tmp_path.rglob("record.json"))


def test_a_data_folder_that_is_not_there_is_said(gatebench: Command):
    said = gatebench("sweep", *SMALL, "--dry-run", GATEBENCH_DATA="/nowhere")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "GATEBENCH_DATA is '/nowhere', which is not a folder" in said.err


def test_a_report_of_a_study_without_results_says_what_to_do(gatebench: Command):
    (gatebench.folder / "results" / "adhoc").mkdir(parents=True)
    (gatebench.folder / "results" / "adhoc" / "study.json").write_text('{"points": {}}')
    assert "has no confirmed trial yet; finish it: gatebench sweep" in gatebench.refuses("report", "adhoc")


# Counting

FIELDS = ["cell", "inputs", "units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size"]


def test_count_prints_what_others_rely_on(home: Tiny, tmp_path: Path):
    said = real(home, tmp_path, "count", "gru", "--inputs", "20", "--units", "227", "--json")
    assert (said.code, said.err) == (0, "")
    recurrent = 3 * (20 * 227 + 227 * 227 + 227)
    assert json.loads(said.out) == {
        "cell": "gru",
        "inputs": 20,
        "units": 227,
        "parameters_recurrent": recurrent,
        "parameters_total": recurrent + (227 + 1) * 20,
        "flops_per_step": 2 * 3 * (20 * 227 + 227 * 227),
        "state_size": 227,
    }
    assert list(json.loads(said.out)) == FIELDS


@pytest.mark.parametrize(
    ("size", "column", "budget"),
    [("--parameters", "parameters_recurrent", 20_000), ("--total-parameters", "parameters_total", 24_000),
     ("--flops", "flops_per_step", 40_000)],
)  # fmt: skip
def test_count_solves_the_size_for_each_kind_of_budget(gatebench: Command, size: str, column: str, budget: int):
    def count(*words: str) -> dict[str, float]:
        return json.loads(gatebench("count", "lstm", "--inputs", "88", *words, "--json").out)

    found = count(size, str(budget))
    error = abs(found[column] - budget)
    for units in (found["units"] - 1, found["units"] + 1):
        assert abs(count("--units", str(int(units)))[column] - budget) > error


def test_count_takes_options_and_several_widths(gatebench: Command):
    off = ["gate=false", "projection=null", "length=1"]
    vanilla = json.loads(gatebench("count", "lstm_sherstinsky", "--inputs", "10", "--units", "7", "--json").out)
    augmented = json.loads(gatebench("count", "lstm_augmented", *off, "--inputs", "10", "--units", "7", "--json").out)
    assert {**augmented, "cell": "lstm_sherstinsky"} == vanilla
    several = gatebench("count", "gru", "--inputs", "93", "96", "105", "108", "--units", "46", "--without-biases", "--json")
    assert json.loads(several.out)["parameters_recurrent"] == 3 * (100.5 * 46 + 46 * 46)


def test_count_in_words(gatebench: Command):
    said = gatebench("count", "gru", "--inputs", "20", "--units", "227")
    assert [line.split()[0] for line in said.out.splitlines()] == FIELDS
    assert said.out.splitlines()[3].split() == ["parameters_recurrent", "168,888"]


# What there is


def test_cells_are_listed_with_their_equations(gatebench: Command):
    listed = json.loads(gatebench("cells", "--json").out)
    assert [cell["cell"] for cell in listed] == sorted(registry.available("cells", ".py"))
    assert all(cell["title"] and cell["paper"] and cell["latex"] for cell in listed)
    printed = gatebench("cells").out
    assert all(f"{cell['cell']}: {cell['title']}\n    {cell['paper']}\n" in printed for cell in listed)


def test_data_sets_are_listed_with_size_and_licence(gatebench: Command):
    said = gatebench("data", "list")
    assert (said.code, said.err) == (0, "")
    assert "tiny: Tiny (synthetic)\n" in said.out
    assert "    sequences: train 13, valid 5, test 6; a step is a beat\n    licence: CC0\n" in said.out
    assert said.out.count("licence: ") == len(registry.available("datasets", ".yaml")) + 1
    assert gatebench("data").out == said.out


def test_data_is_listed_before_its_facts_are_known(home: Tiny, gatebench: Command):
    whole = home.yaml.read_text()
    for facts in ({}, {"train": 5}, {"train": {"sequences": "x"}}):
        home.edit(facts=facts)
        said = gatebench("data", "list", "tiny")
        assert "    sequences: train ?, valid ?, test ?; a step is a beat\n" in said.out
    home.yaml.write_text(whole)


def test_data_is_verified_against_its_card(home: Tiny, gatebench: Command):
    said = gatebench("data", "verify", "tiny")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("tiny: checksum right, ")
    assert gatebench("data", "fetch", "tiny").out == f"tiny: {home.mat}\n"


ALTERED = {
    "": lambda roll: roll,
    "--every 2": lambda roll: roll[::2],
    "--hold 3": lambda roll: np.repeat(roll, 3, axis=0),
    "--first 5": lambda roll: roll[:5],
    "--sounding": lambda roll: roll[roll.sum(1) > 0],
}


@pytest.mark.parametrize("how", ALTERED)
def test_floors_of_altered_data_are_those_of_the_altered_rolls(home: Tiny, gatebench: Command, how: str):
    said = gatebench("data", "baselines", "tiny", *how.split())
    rolls = {split: [ALTERED[how](roll) for roll in found] for split, found in home.rolls.items()}
    found = compute.piano_roll({split: [roll for roll in kept if len(roll) > 1] for split, kept in rolls.items()})
    score = found["markov"]["test"]
    assert (said.code, said.err) == (0, "")
    assert f"markov {score['nll']:.3f} per step, {score['nll_sequence_mean']:.3f} per sequence" in said.out
    assert how in ("", "--sounding") or said.out != gatebench("data", "baselines", "tiny").out  # no frame of it is silent


COMMANDS = [
    "sweep", "status", "report", "compare", "sample", "export", "speed", "publish", "dashboard", "count", "cells", "data",
    "completion",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(gatebench: Command, command: str):
    said = gatebench(command, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"usage: gatebench {command}")
    assert "==" not in said.out
    assert len(said.out) > 100


def test_help_lists_every_command(gatebench: Command):
    said = gatebench("--help")
    assert said.code == 0
    assert re.findall(r"^    (\w+)", said.out, re.MULTILINE) == COMMANDS


def test_help_of_a_sweep_lists_every_choice(gatebench: Command):
    said = gatebench("sweep", "--help")
    for group in GROUPS:
        for choice in registry.available("conf", ".yaml", group):
            assert choice in said.out


def test_help_and_tab_do_not_wait_for_torch(home: Tiny, tmp_path: Path):
    program = "import sys; from gatebench import cli; sys.argv = {}; cli.main()"
    slow = {"torch", "mlflow", "seaborn", "matplotlib", "pandas"}
    for words in (["gatebench", "--help"], ["gatebench", "completion", "--query"], ["gatebench", "sweep", "--help"]):
        told = program.format(words).replace(
            "cli.main()", "import atexit; atexit.register(lambda: print('+'.join(sys.modules))); cli.main()"
        )
        env = {**home.env, "COMP_LINE": "gatebench sweep cell=g", "COMP_POINT": "22"}
        run = subprocess.run([sys.executable, "-c", told], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert not slow & set(run.stdout.splitlines()[-1].split("+"))


# TAB

COMPLETED = {
    "gatebench sw": {"sweep"},
    "gatebench ": set(COMMANDS),
    "gatebench count g": {"gru", "gru_reset_after"},
    "gatebench count gru --un": {"--units"},
    "gatebench data ver": {"verify"},
    "gatebench data verify jsb": {"jsb_chorales"},
    "gatebench compare ti": {"tiny"},
    "gatebench compare tiny --mi": {"--minutes"},
    "gatebench sweep cell=g": {"cell=gru", "cell=gru_reset_after"},
    "gatebench sweep study=": {
        f"study={name}"
        for name in (
            "chung2014",
            "chung2014_speech",
            "compare",
            "demo",
            "fair",
            "fair_decay",
            "jsb",
            "speech",
            "speech_demo",
        )
    },
    "gatebench sweep cell=gru budget=u": {"budget=units_48", "budget=units_64"},
    "gatebench sweep training.bat": {"training.batch="},
    "gatebench report no": {"nottingham"},
    "gatebench status no": {"nottingham"},
    "gatebench sweep task=ti": {"task=tiny"},  # of a house of one's own
    "gatebench sweep --dr": {"--dry-run"},
}


@pytest.mark.parametrize("line", COMPLETED)
def test_tab_offers_what_fits(gatebench: Command, line: str):
    (gatebench.folder / "results" / "nottingham").mkdir(parents=True)
    (gatebench.folder / "results" / "nottingham" / "study.json").write_text('{"points": {}}')
    said = gatebench("completion", "--query", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert (said.code, said.err) == (0, "")
    offered = set(said.out.split())
    assert COMPLETED[line] <= offered if line.endswith(" ") else COMPLETED[line] == offered


def test_tab_looks_at_what_is_left_of_the_cursor(gatebench: Command):
    said = gatebench("completion", "--query", COMP_LINE="gatebench sw cell=lstm", COMP_POINT="12")
    assert said.out.split() == ["sweep"]


def test_tab_in_an_unknown_command_offers_nothing(gatebench: Command):
    said = gatebench("completion", "--query", COMP_LINE="gatebench swep cell=", COMP_POINT="20")
    assert (said.code, said.out.split(), said.err) == (0, [], "")


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
    assert (run.stdout, run.stderr) == ("cell=gru cell=gru_reset_after\n", "")


# A cell of one's own

MGU = '''"""Minimal gated unit: one gate forgets and resets.

Zhou et al. 2016, Eq. 6.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Zhou, Wu, Zhang, Zhou 2016 (arXiv 1603.09420)"


def step(x, h, *, W, U, b):
    f = sigmoid(W.f @ x + U.f @ h + b.f)
    h_tilde = tanh(W.h @ x + U.h @ (f * h) + b.h)
    h = (1 - f) * h + f * h_tilde
    return h
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A house with one more cell: a file of equations and a yaml."""
    settled = make_tiny(tmp_path_factory.mktemp("extended"))
    for file, text in (("cells/mgu.py", MGU), ("conf/cell/mgu.yaml", "name: mgu\n")):
        path = settled.plugin_folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return settled


def test_a_new_cell_is_counted(extended: Tiny, tmp_path: Path):
    said = real(extended, tmp_path, "count", "mgu", "--inputs", "20", "--units", "30", "--json")
    assert json.loads(said.out)["parameters_recurrent"] == 2 * (20 * 30 + 30 * 30 + 30)


def test_a_new_cell_is_trained_and_appears_in_every_figure(extended: Tiny, tmp_path: Path):
    sweep(extended, *SMALL, "cell=rnn,mgu", "name=mine", results=tmp_path / "results")
    said = real(extended, tmp_path, "report", "mine")
    assert (said.code, said.out, said.err) == (0, "results/mine/report.html\n", "")
    folder = tmp_path / "results" / "mine"
    for name in ("results", "curves", "tradeoff", "sensitivity", "scores", "table1"):
        assert set(pd.read_csv(folder / f"{name}.csv").cell) >= {"rnn", "mgu"}, name
    scores = pd.read_csv(folder / "scores.csv").set_index("cell")
    assert float(scores["recurrent parameters"]["mgu"]) == 2 * (12 * 6 + 6 * 6 + 6)
    assert "<h3>mgu</h3>" in (folder / "report.html").read_text()
