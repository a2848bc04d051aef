"""The words of a sweep: what surely cannot be read is said in our words, and what Hydra can read is let through."""

import random

import pytest

from gatebench.cli import overrides
from gatebench.cli.configurations import GROUPS
from gatebench.core import registry
from gatebench.core.errors import BadInput
from support.command_line import CommandLine

UNREADABLE = {
    "cell=gru,": "'cell=gru,' cannot be read (a comma stands between two choices: cell=gru);",
    "cell=,": "'cell=,' cannot be read (a comma stands between two choices);",
    "cell=gru,,lstm": "(a comma stands between two choices: cell=gru,lstm);",
    "training.batch=,8": "(a comma stands between two choices: training.batch=8);",
    "cell=gru, lstm": "'cell=gru,' cannot be read (no blanks between choices: cell=gru,lstm);",
    "cell=gru, lstm, rnn name=a": "(no blanks between choices: cell=gru,lstm,rnn);",
    "cell=gru ,lstm": "',lstm' cannot be read (there is no '=' in it);",
    "population.seeds=[1, 2] name=a": "('[' is not closed; blanks need quotes: 'population.seeds=[1, 2]');",
    "population.seeds=[1 name=a": "'population.seeds=[1' cannot be read ('[' is not closed); expected SETTING=VALUE",
    "population.seeds=1]": "(']' closes nothing);",
    "training.ranges.lr={low:0.1]": "(']' closes nothing);",
    "gru": "'gru' cannot be read (there is no '=' in it);",
    "cell=gru,lsmt": "unknown cell 'lsmt'; did you mean 'lstm'?",
    "task=nottingam": "unknown task 'nottingam'; did you mean 'nottingham'?",
}
BY_HYDRA = {
    "+x": "'+x' cannot be read (there is no '=' in it);",
    "~cell": "'~cell' would delete a setting, and each is needed; give it a value: SETTING=VALUE",
    "~training.lr": "'~training.lr' would delete a setting",
    "cell==gru": "'cell==gru' cannot be read ('=' is not expected there);",
    "=3": "'=3' cannot be read (there is no setting before the '=');",
    "cell=null": "cell is null, expected one of its choices; leave it out for the usual one",
    "study=null": "study is null, expected one of its choices",
    "training.batch=foo(3)": "(there is no function 'foo');",
    "training.batch=int(1e400)": "('int(1e400)' has no value);",
    "results=~": "(a character is not expected there);",
    "population=[1]": "'population' cannot have this value; expected one as https://github.com/gatebench/gatebench/blob/main/conf/config.yaml",
    "study={}": "'study' is given something that it does not have; override one of its settings",
    "training.ranges.lr={low:1,high:2,mid:3}": "'training.ranges.lr' is given something that it does not have",
    "hydra=null": "Hydra cannot compose hydra=null (",
    "training.batch=1=2": "('=' is not expected there);",
    "training.batch=[1,2,]": "(nothing can be made of '[1,2,]');",
}
PIECES = ["cell", "=", ",", "gru", "[", "]", "{", "}", "(", ")", "a", ":", " ", "1", "-", "~", "'", "\\", "null", "range"]


@pytest.mark.parametrize("line", UNREADABLE)
def test_what_cannot_be_read_is_said_in_our_words(line: str):
    with pytest.raises(BadInput) as error:
        overrides.check(line.split(" "))
    assert UNREADABLE[line] in str(error.value)


@pytest.mark.parametrize("line", [*UNREADABLE, *BY_HYDRA])
def test_the_command_says_it_in_one_line_without_the_words_of_a_parser(gatebench: CommandLine, line: str):
    said = gatebench.refuses("sweep", *line.split(" "))
    assert {**UNREADABLE, **BY_HYDRA}[line] in said
    assert not {"EOF", "mismatched", "extraneous", "BRACKET_OPEN", "viable"} & set(said.replace("<", " ").split())


def test_every_choice_that_there_is_passes():
    for group in GROUPS:
        names = list(registry.available("conf", ".yaml", group))
        overrides.check([f"{group}={','.join(names)}", *(f"{group}={name}" for name in names)])


def test_a_flag_of_hydra_is_left_to_hydra(gatebench: CommandLine):
    overrides.check(["--confg", "job", "cell=gru,"])
    assert "--confg" in gatebench("sweep", "--confg", "job").err


def test_what_hydra_reads_is_not_called_unreadable():
    """Random words: whatever is refused for its form, Hydra's own parser refuses."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    draw, parser, refused, passed = random.Random(1), OverridesParser.create(), 0, 0
    for _ in range(3000):
        word = "a.b=" + "".join(draw.choices(PIECES, k=draw.randint(0, 6)))
        try:
            overrides.check([word])
            passed += 1
        except BadInput:
            refused += 1
            with pytest.raises(HydraException):
                parser.parse_overrides([word])
    assert min(refused, passed) > 500
