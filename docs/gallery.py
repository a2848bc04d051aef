"""The gallery of cells: one page with what every cell is, made anew from the cells at each build."""

import csv
import re
from html import escape
from pathlib import Path

from latex2mathml.converter import convert

from gatebench.core.typesetting import typeset
from gatebench.graph import catalogue, diagram, trace
from gatebench.graph.cost import count
from gatebench.report.words import fixed

ZOO = Path(__file__).resolve().parents[1] / "results" / "zoo" / "across.csv"
"""Results of all cells, once they are published."""
SAID = {"equivalent": "equivalent", "undecided": "undecided", "untested": "not tested", "": "one seed"}
"""Verdict of the file -> what the page says of it; of one that is better, which of the two is lower."""
TESTS = Path(__file__).resolve().parents[1] / "tests" / "cells"
INPUTS, PARAMETERS = 88, 20_000
ORACLES = {
    r'torchrecurrent_outputs\(\s*"(\w+)"': "`{}` of torchrecurrent",
    r"\b(nn\.(?:RNN|GRU|LSTM))\b": "`torch.{}`",
    r"def test_it_is_torch_(gru)": "`torch.nn.GRU`",
    r"from torch.nn.functional import (layer_norm)": "`torch.nn.functional.{}`",
    r"from support.greff import .*(vanilla|recurrence)_outputs": "`PeepholeLSTMCell` of torchrecurrent",
    r"torchrecurrent.cells.(rhn)_cell": "`RHNCell` of torchrecurrent",
    r"from (xlstm).blocks.slstm": "the authors' `{}`",
    r"from (sru) import SRUCell": "`SRUCell` of the authors' `{}`",
    r"from torch.nn.functional import (conv1d)": "`torch.nn.functional.{}`",
    r"from minGRU_pytorch.\w+ import (\w+)": "`{}` of mingru-pytorch",
    r"\b(complex128)\b": "complex numbers of torch",
}
"""What a cell's test reads where it compares with what others wrote -> its name on the page."""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines())


def _lines() -> list[str]:
    cells = catalogue.describe_cells()
    lines = [
        "# Gallery of cells",
        "",
        f"{len(cells)} cells, each one file of equations in `bench/gatebench/cells/`. From that file follow its code, its",
        "costs, its equations and its drawing: matrices are boxes, elementwise operations circles, biases stand inside.",
        "`gatebench cells NAME` prints one, `gatebench cells --gates 1` and `--linear` list some.",
        "[What is not here](#what-is-not-here), and why.",
        "",
    ]
    for kind in catalogue.KINDS:
        of_kind = [cell for cell in cells if cell.kind == kind]
        lines += [f"## {kind.capitalize()}", "", ", ".join(f"[{c.name}](#{c.name})" for c in of_kind), ""]
        for cell in of_kind:
            lines += _cell(cell)
    return [*lines, *NOT_HERE]


def _cell(cell: catalogue.CellDescription) -> list[str]:
    graph = trace.load(cell.name)
    cost = count(graph, INPUTS, parameters=PARAMETERS)
    size = f"{cost.units} units, a state of {cost.state_size:,} numbers, {cost.flops_per_step:,} FLOPs a step"
    options = ", ".join(f"`cell.{name}={'null' if value is None else value}`" for name, value in cell.options.items())
    return [
        f"### {cell.name}", "", f"**{cell.title}.** {escape(' '.join(cell.text.split()))}", "",
        *(f'<p class="equation">{convert(typeset(line))}</p>' for line in cell.equations), "",
        _scrolling(cell.name, diagram.svg(graph)), "",
        "| | |", "| --- | --- |",
        f"| from | {cell.paper} |",
        f"| recurrent parameters | {cell.parameters} |",
        f"| at {INPUTS} inputs, {PARAMETERS:,} parameters | {size} |",
        f"| compared with | its equations in NumPy{_oracles(cell.name)} |",
        *([f"| options | {options} |"] if options else []),
        *([f"| in the study `zoo` | {zoo} |"] if (zoo := _zoo(cell.name)) else []), "",
    ]  # fmt: skip


def _zoo(name: str) -> str:
    """Return what a cell scored on each task of the study, beside the reference; nothing while it is not published."""
    if not ZOO.is_file():
        return ""
    with ZOO.open() as file:
        return "; ".join(map(_on_task, (row for row in csv.DictReader(file) if row["cell"] == name)))


def _on_task(row: dict[str, str]) -> str:
    mean, low, high = (float(row[column]) for column in ("difference", "low", "high"))
    score = f"`{row['task']}` NLL {fixed(float(row['nll']))}"
    if row["beside"] == row["cell"]:
        return score
    said = SAID.get(row["verdict"]) or ("lower" if mean < 0 else "higher")
    return f"{score}, {fixed(mean, sign='+')} [{fixed(low)}, {fixed(high)}] beside {row['beside']} ({said})"


def _scrolling(name: str, drawing: str) -> str:
    """Return a drawing that keeps its size where the page is narrow: its letters stay readable, and it scrolls."""
    return f'<div class="wide" tabindex="0" role="region" aria-label="Drawing of {name}">{drawing}</div>'


def _oracles(name: str) -> str:
    test = TESTS / f"test_{name}.py"
    text = test.read_text() if test.is_file() else ""
    names = {shown.format(found[1]) for pattern, shown in ORACLES.items() if (found := re.search(pattern, text))}
    return "".join(f", {name}" for name in sorted(names))


NOT_HERE = """
## What is not here

- Memories that are matrices (mLSTM, DeltaNet, fast weights): a state is a vector here, and so is every value of a step.
- Cells that read a clock (phased LSTM, time-aware cells): the time between two steps can be an input
  (`gatebench data add --with-steps`), and then any cell reads it.
- Cells whose weights are made at each step (hypernetworks), or that stop by themselves (adaptive computation time).
- Convolutions over space, attention over earlier steps: a step sees its input, a window of inputs, and the states.
""".splitlines()
"""What the words of a cell's text cannot say, for the end of the page."""
