"""Every mistake on the command line is one clear line, and leaves nothing behind."""

import re
import shutil
from pathlib import Path

import pytest

from support.command_line import CommandLine, run_installed
from support.commands import SMALL
from support.datasets import Tiny

LEAST = ["task=tiny", "training.epochs=1", "search.size=1", "population.seeds=[1]", "publish=false", "hydra/launcher=basic"]
"""Soon over, if a mistake should not be noticed."""
MISTAKES = {
    "trainig.batch=3": "unknown setting 'trainig.batch'; did you mean 'training.batch'?",
    "+serach.size=3": "unknown setting 'serach'; did you mean 'search'?",
    "cell=lstm_augmented cell.projecton=null": "unknown setting 'cell.projecton': the cell has no such option, or its yaml",
    "cel=gru": "unknown setting 'cel'; did you mean 'cell'?",
    "training.batch=abc": "training.batch is 'abc', expected",
    "training.batch=0": "training.batch is 0, expected",
    "training.batch=2.5": "training.batch is 2.5, expected",
    "training.constants.beta3=1": "unknown setting 'training.constants.beta3'; did you mean 'training.constants.beta2'?",
    "training.loss=mean": "training.loss is 'mean', expected one of 'step', 'sequence'",
    "training.lr=-0.1": "training.lr is -0.1, expected",
    "training.lr=abc": "training.lr is 'abc', expected",
    "training.clip_norm=0": "training.clip_norm is 0, expected",
    "training.ranges.lr={low:0.1,high:0.01}": "expected low <= high",
    "search.size=0": "search.size is 0, expected",
    "search.extend=-1": "search.extend is -1, expected a whole number from 0",
    "search.seed=-1": "search.seed is -1, expected a whole number from 0",
    "search.sampling=odd": "search.sampling is 'odd', expected one of 'even', 'independent'",
    "pipelines=0": "pipelines is 0, expected a whole number from 1",
    "pipelines=many": "pipelines is 'many', expected a whole number from 1",
    "pipelines=2 population.seeds=[1,1000]": "population.seeds has 1000, expected numbers below 1000 where there are",
    "cell=gruu": "unknown cell 'gruu'; did you mean 'gru'?",
    "cell=": "unknown cell '' (there are: ",
    "population.seeds=[1": "'population.seeds=[1' cannot be read (",
    "task.likelihood.name=gaussian_mixture": "for data of kind audio or reals, but the data is piano_roll",
    "task.likelihood.name=[1]": "unknown likelihood '[1]'",
    "task.likelihood=bernoulli": "task.likelihood is 'bernoulli', expected names, each with a value",
    "task.predict=next_block": "frames data of kind audio, but dataset tiny is piano_roll; use task.predict=next_step",
    "search=null": "search is None, expected its settings; override one of them, for example search.SETTING=VALUE",
    "training.ranges.lr=null": "training.lr and training.ranges.lr are both null: give a number, for example training.",
    "training.weight_noise=null training.ranges.weight_noise=null": "training.weight_noise and training.ranges.weight_noise",
    "training.weight_decay=null training.ranges.weight_decay=3": "training.ranges.weight_decay is 3, expected its settings;",
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
    "name=trials": "name is 'trials', expected letters, digits, '.', '_' and '-', at most 200 of them, and none of ch",
    "name=null": "name is null, expected a text; write name=\\'null\\' if a study shall be called so",
    "name=true": "name is true, expected a text; write name=\\'true\\'",
    "name=a,b": "name and results must be one for the whole sweep",
    "publish=perhaps": "publish is 'perhaps', expected true or false",
}


@pytest.mark.parametrize("overrides", MISTAKES)
def test_a_mistake_in_a_sweep_is_one_line_and_leaves_nothing(gatebench: CommandLine, overrides: str):
    assert MISTAKES[overrides] in gatebench.refuses("sweep", *LEAST, *overrides.split())


@pytest.mark.parametrize("words", ["sweep trainig.batch=3", "sweep cell=[", "count gruu --inputs 2 --units 2"])
def test_the_installed_command_says_the_same(home: Tiny, gatebench: CommandLine, tmp_path: Path, words: str):
    result = run_installed(home, gatebench.folder, *words.split())
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err == gatebench.refuses(*words.split())


def test_a_mistyped_launcher_is_one_line(gatebench: CommandLine):
    result = gatebench("sweep", *LEAST, "hydra/launcher=locl")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert result.err.startswith("gatebench: ")
    assert "locl" in result.err


@pytest.mark.parametrize(
    "words",
    ["sweep --dryrun", "count gru", "count gru --inputs x --units 2", "data lst", "dashboard --port x"],
)
def test_words_that_no_command_knows_end_with_a_line_below_the_usage(gatebench: CommandLine, words: str):
    result = gatebench(*words.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("usage: gatebench ")
    assert re.match(r"gatebench.*: error: ", result.err.splitlines()[-1])
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
    "compare tiny --pipelines 0": "--pipelines is 0, expected a whole number from 1",
    "compare tiny --study a/b": "name is 'a/b', expected",
    "status noten": "no study 'noten' in results",
    "report noten": "no study 'noten' in results",
    "publish noten": "no study 'noten' in results",
    "publish": "nothing to publish: no study in 'results'",
    "dashboard": "no tracking store in 'results'",
    "data list tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data verify tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "sweep study=fair training.ranges.weight_noise.low=0.1": "gives training.ranges.weight_noise as a whole: training.",
    "data baselines tinny": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data baselines tiny --every 0": "--every is 0, expected a whole number from 1",
    "data baselines tiny --first 1": "frames: first is 1, expected a whole number from 2",
    "data baselines speech_synthetic": "speech_synthetic is audio; expected piano rolls, which alone are altered",
    "data baselines tiny --every 1000": "dataset tiny: split 'train' is empty",
    "data alter speech_synthetic --every 2": "speech_synthetic is audio; expected piano rolls, which alone are altered",
    "data alter tinny --every 2": "unknown dataset 'tinny'; did you mean 'tiny'?",
    "data alter tiny": "nothing is altered; expected one of --every, --hold, --first, --sounding",
    "data alter tiny --hold 0": "--hold is 0, expected a whole number from 1",
    "data alter tiny --hold 2000": "frames: hold is 2000, expected a whole number from 1 to 1,000",
    "data alter tiny --every 2 --as tiny": "there is a data set 'tiny' already",
    "report noten --replication results": "the folder of the first run; expected that of a second one",
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
def test_a_mistake_in_another_command_is_one_line_and_leaves_nothing(gatebench: CommandLine, words: str):
    assert OTHER_MISTAKES[words] in gatebench.refuses(*words.split())


def test_the_nearest_study_is_suggested(gatebench: CommandLine):
    (gatebench.folder / "results" / "nottingham").mkdir(parents=True)
    (gatebench.folder / "results" / "nottingham" / "study.json").write_text('{"points": {}}')
    for command in ("status", "report"):
        assert "no study 'notingham' in results; did you mean 'nottingham'?" in gatebench.refuses(command, "notingham")


def test_results_below_a_file_are_refused(gatebench: CommandLine):
    (gatebench.folder / "file").touch()
    assert "results folder 'file/below' cannot be written" in gatebench.refuses("sweep", *SMALL, "results=file/below")


@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_damaged_data_is_one_line(home: Tiny, gatebench: CommandLine, tmp_path: Path, launcher: str):
    data = Path(shutil.copytree(home.data, tmp_path / "data"))
    mat = data / "music" / "tiny.mat"
    mat.write_bytes(mat.read_bytes()[:-10])
    damaged = {"GATEBENCH_DATA": str(data)}
    words = ["sweep", *SMALL, f"hydra/launcher={launcher}"]
    result = gatebench(*words, **damaged) if launcher == "basic" else run_installed(home, tmp_path, *words, **damaged)
    assert result.code == 2
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith(f"gatebench: {mat} has SHA-256 ")
    assert not list(tmp_path.rglob("record.json"))


def test_a_data_folder_that_is_not_there_is_said(gatebench: CommandLine):
    result = gatebench("sweep", *SMALL, "--dry-run", GATEBENCH_DATA="/nowhere")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "GATEBENCH_DATA is '/nowhere', which is not a folder" in result.err


def test_a_report_of_a_study_without_results_says_what_to_do(gatebench: CommandLine):
    (gatebench.folder / "results" / "adhoc").mkdir(parents=True)
    (gatebench.folder / "results" / "adhoc" / "study.json").write_text('{"points": {}}')
    assert "has no confirmed trial yet; finish it: gatebench sweep" in gatebench.refuses("report", "adhoc")
