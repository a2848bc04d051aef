"""``gatebench cells``: the cells by kind, and some of them whole."""

import json

from gatebench.core import registry
from support.command_line import CommandLine

NAMES = sorted(registry.available("cells", ".py"))


def test_all_that_is_known_of_the_cells_as_json(gatebench: CommandLine):
    listed = json.loads(gatebench("cells", "--json").out)
    assert [cell["cell"] for cell in listed] == NAMES
    assert all(cell["title"] and cell["paper"] and cell["latex"] and cell["parameters"] for cell in listed)


def test_every_cell_stands_in_the_list_once_below_its_kind(gatebench: CommandLine):
    lines = gatebench("cells").out.splitlines()
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == NAMES
    assert [line for line in lines[:-1] if not line.startswith("  ")] == [
        "no gate:", "one gate:", "two gates:", "three gates or more:", "linear in time:",
    ]  # fmt: skip
    assert lines[-1].startswith(f"{len(NAMES)} cells; ")


def test_a_cell_is_printed_whole(gatebench: CommandLine):
    printed = gatebench("cells", "gru").out
    described = json.loads(gatebench("cells", "gru", "--json").out)[0]
    assert printed.startswith(f"gru: {described['title']}\n    {described['paper']}\n")
    for line in (
        "      z_t = σ(W_z x_t + U_z h_t-1 + b_z)",
        "    two gates",
        "    recurrent parameters: 3 X H + 3 H² + 3 H (X inputs, H units)",
        "    at 88 inputs and 20,000 recurrent parameters: 48 units, a state of 48 numbers, 39,168 FLOPs a time step",
    ):
        assert line in printed.splitlines()
    assert "    cell.projection=0.5" in gatebench("cells", "lstm_augmented").out.splitlines()


def test_cells_are_chosen_by_gates_and_by_being_linear(gatebench: CommandLine):
    def chosen(*words: str) -> set[str]:
        return {cell["cell"] for cell in json.loads(gatebench("cells", "--json", *words).out)}

    assert {"mgu", "mingru"} <= chosen("--gates", "1")
    assert chosen("--gates", "1", "--linear") == chosen("--gates", "1") & chosen("--linear") == {"mingru"}
    assert gatebench("cells", "--gates", "17").out == "no cell is of this kind\n"


def test_an_unknown_cell_is_refused_with_the_nearest_one(gatebench: CommandLine):
    result = gatebench("cells", "grruu")
    assert result.code == 2
    assert "unknown cell 'grruu'; did you mean 'gru'?" in result.err
