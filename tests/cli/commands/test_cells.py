"""``gatebench cells``: every cell with its equations."""

import json

from gatebench.core import registry
from support.command_line import CommandLine


def test_cells_are_listed_with_their_equations(gatebench: CommandLine):
    listed = json.loads(gatebench("cells", "--json").out)
    assert [cell["cell"] for cell in listed] == sorted(registry.available("cells", ".py"))
    assert all(cell["title"] and cell["paper"] and cell["latex"] for cell in listed)
    printed = gatebench("cells").out
    assert all(f"{cell['cell']}: {cell['title']}\n    {cell['paper']}\n" in printed for cell in listed)
