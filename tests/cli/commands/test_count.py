"""``gatebench count``: what it prints can be relied on."""

import json
from pathlib import Path

import pytest

from support.command_line import CommandLine, run_installed
from support.datasets import Tiny

FIELDS = ["cell", "inputs", "units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size"]


def test_count_prints_what_others_rely_on(home: Tiny, tmp_path: Path):
    result = run_installed(home, tmp_path, "count", "gru", "--inputs", "20", "--units", "227", "--json")
    assert (result.code, result.err) == (0, "")
    recurrent = 3 * (20 * 227 + 227 * 227 + 227)
    assert json.loads(result.out) == {
        "cell": "gru",
        "inputs": 20,
        "units": 227,
        "parameters_recurrent": recurrent,
        "parameters_total": recurrent + (227 + 1) * 20,
        "flops_per_step": 2 * 3 * (20 * 227 + 227 * 227),
        "state_size": 227,
    }
    assert list(json.loads(result.out)) == FIELDS


@pytest.mark.parametrize(
    ("size", "column", "budget"),
    [("--parameters", "parameters_recurrent", 20_000), ("--total-parameters", "parameters_total", 24_000),
     ("--flops", "flops_per_step", 40_000)],
)  # fmt: skip
def test_count_solves_the_size_for_each_kind_of_budget(gatebench: CommandLine, size: str, column: str, budget: int):
    def count(*words: str) -> dict[str, float]:
        return json.loads(gatebench("count", "lstm", "--inputs", "88", *words, "--json").out)

    nearest = count(size, str(budget))
    error = abs(nearest[column] - budget)
    for units in (nearest["units"] - 1, nearest["units"] + 1):
        assert abs(count("--units", str(int(units)))[column] - budget) > error


def test_count_takes_options_and_several_widths(gatebench: CommandLine):
    off = ["gate=false", "projection=null", "length=1"]
    vanilla = json.loads(gatebench("count", "lstm_sherstinsky", "--inputs", "10", "--units", "7", "--json").out)
    augmented = json.loads(gatebench("count", "lstm_augmented", *off, "--inputs", "10", "--units", "7", "--json").out)
    assert {**augmented, "cell": "lstm_sherstinsky"} == vanilla
    several = gatebench("count", "gru", "--inputs", "93", "96", "105", "108", "--units", "46", "--without-biases", "--json")
    assert json.loads(several.out)["parameters_recurrent"] == 3 * (100.5 * 46 + 46 * 46)


def test_count_in_words(gatebench: CommandLine):
    result = gatebench("count", "gru", "--inputs", "20", "--units", "227")
    assert [line.split()[0] for line in result.out.splitlines()] == FIELDS
    assert result.out.splitlines()[3].split() == ["parameters_recurrent", "168,888"]
