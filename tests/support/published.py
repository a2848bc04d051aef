"""Texts of the README and the pages that come from published results: read here, written by running this file.

After a study was redrawn, ``python tests/support/published.py`` writes them anew; a test compares them with the results.
"""

import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it

from gatebench.report import style
from support.first_page import RESULTS, ROOT, answer, filled, listed, markdown, title

FAIR = ["cell", "JSB Chorales", "Piano-midi.de", "Nottingham", "MuseData", "units", "recurrent parameters"]
SPEECH = ["data", "cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"]
FIELD = [
    "lstm", "gru", "plain torch.nn.LSTM", "plain torch.nn.GRU", "MiniRocket (baseline)", "ResNet", "InceptionTime", "ROCKET",
]  # fmt: skip
"""Methods of the table of labelled sets."""
SPEED = [
    ("music", "rnn", 1), ("music", "gru", 1), ("music", "lstm", 1), ("music", "gru", 32), ("music", "lstm", 32),
    ("dense", "gru", 32), ("dense", "lstm_peephole", 32), ("speech_synthetic", "gru", 32),
]  # fmt: skip
"""Rows of the table of speed: data, cell and batch."""


def table_of(source: str, columns: list[str], training: str = "") -> str:
    """A table of a published study, as Markdown."""
    rows = pd.read_csv(RESULTS / source, dtype=str).fillna("")
    if training:
        rows = rows[(rows.budget == "parameters_20k") & (rows.training == training)]
    names = {"total parameters": "with readout", "test NLL": "test NLL [95% interval]", "n": "seeds"}
    header = [names.get(column, column) for column in columns]
    return markdown([header, ["---"] * len(columns), *rows[columns].to_numpy().tolist()])


def speed_table() -> str:
    """The table of speed, from its numbers: a row for each of `SPEED`, a column for each machine."""
    rows = pd.read_csv(RESULTS / "speed" / "updates.csv")
    rows = rows[(rows.engine == "fused_cpu") & (rows.population == 10) & (rows.layers == 1) & ~rows.bidirectional]
    rows = rows[(rows.work == "update") & (rows.steps <= 250)]
    machines = list(dict.fromkeys(rows.machine))
    shown = [["cell, units", "reads, batch, steps", *machines], ["---"] * (2 + len(machines))]
    for data, cell, batch in SPEED:
        part = rows[(rows.data == data) & (rows.cell == cell) & (rows.batch == batch)]
        if part.empty:
            continue
        numbers = {
            one.machine: f"{one.ratio:.1f} ({one.beside_ms:.3g} / {one.ms_per_update_per_member:.3g} ms)"
            for one in part.itertuples()
        }
        first = part.iloc[0]
        shown.append(
            [f"`{cell}` {first.units}", f"{data}, {batch}, {first.steps}", *(numbers.get(name, "") for name in machines)]
        )
    return markdown(shown)


def field_table() -> str:
    """The table of labelled sets: accuracy of the cell with the highest mean, and of some methods with intervals."""
    rows = pd.read_csv(RESULTS / "own" / "field.csv")
    methods = [method for method in FIELD if method in set(rows.method)]
    shown = [["data", "highest of the cells", *methods], ["---"] * (2 + len(methods))]
    for data, part in rows.groupby("data", sort=False):
        of_method = {row.method: _accuracy(row) for row in part.itertuples()}
        cells = part[part.by == "cell"]
        highest = cells.loc[cells.accuracy.idxmax()]
        shown.append(
            [str(data), f"`{highest.method}` {highest.accuracy:.3f}", *(of_method.get(name, "") for name in methods)]
        )
    return markdown(shown)


def _accuracy(row: Any) -> str:
    interval = "" if pd.isna(row.low) else f" [{row.low:.3f}, {row.high:.3f}]"
    return f"{row.accuracy:.3f}{interval}"


def forecasts_table() -> str:
    """The table of forecasts: two metrics of each data set, of cells, of baselines and of what was run beside them."""
    rows = pd.read_csv(RESULTS / "own_forecast" / "metrics.csv", dtype=str).fillna("")
    columns = [(str(data), metric) for data in rows.data.unique() for metric in ("standardised RMSE", "MASE")]
    methods = [name for name in rows.cell.unique() if name != "(seasonal naive)"]  # which is a baseline of the study too
    numbers = {(row["data"], row["cell"]): row for row in rows.to_dict("records")}
    shown = [["method", *(f"{data}: {metric}" for data, metric in columns)], ["---"] * (1 + len(columns))]
    for method in methods:
        values = [re.sub(r" (\?|best)$", "", numbers[data, method][metric]) for data, metric in columns]
        shown.append([method.strip("[]()") if method[0] in "[(" else f"`{method}`", *values])
    return markdown(shown)


def rru_table() -> str:
    """The table beside the study of the RRU: ours in its windows, what it published, and the bias of choosing on test."""
    rows, bias = (pd.read_csv(RESULTS / "rru" / f"{name}.csv") for name in ("windows", "choosing_on_test"))
    bias = bias[bias["of"] == "all"].sort_values("settings").groupby("cell").last()
    header = [
        "cell",
        "parameters with readout",
        "nats per step [95% interval]",
        "n",
        "published there",
        "lower, if chosen on test",
    ]
    shown = [header, ["---"] * len(header)]
    for row in rows.to_dict("records"):
        theirs = row.get(f"published {str(row['cell']).upper()}", "")
        lower = f"{bias.bias[row['cell']]:.3f} (best of {bias.settings[row['cell']]})"
        shown.append(
            [f"`{row['cell']}`", *(str(row[name]) for name in ("parameters", "per step", "n")), f"{theirs:.2f}", lower]
        )
    return markdown(shown)


def sizes_table() -> str:
    """The table of sizes: a row for each cell and number of layers, a column for each number of recurrent parameters."""
    rows = pd.read_csv(RESULTS / "answer_sizes" / "sizes.csv")
    budgets = sorted(rows.budget.unique(), key=lambda budget: int(re.sub(r"\D", "", budget)))
    numbers = {(row.cell, row.budget): f"{row.nll:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in rows.itertuples()}
    names = [f"{budget.removeprefix('parameters_').replace('k', ',000')} parameters" for budget in budgets]
    shown = [["cell", "layers", *names], ["---"] * (2 + len(budgets))]
    for cell in style.cells(rows):
        name, _, layers = str(cell).partition(" layers=")
        shown.append([f"`{name}`", layers or "1", *(numbers.get((cell, budget), "") for budget in budgets)])
    return markdown(shown)


def epochs_table() -> str:
    """The table of the protocol of Chung et al., over as many epochs as a study has, and over the 500 of their code."""
    few, many = (pd.read_csv(RESULTS / study / "table2.csv") for study in ("chung2014", "chung2014_500"))
    header = ["data", "cell", "published, test", "fewer epochs [95% interval]", "500 epochs [95% interval]"]
    shown = [header, ["---"] * len(header)]
    for data in (data for data in few.data.unique() if data in set(many.data)):
        for cell in few[few.data == data].cell.unique():
            of_cell = [
                part[(part.data == data) & (part.cell == cell) & (part.training == "chung2014")] for part in (few, many)
            ]
            ours = [str(part["ours train / test"].item()).split(" / ")[1] for part in of_cell]
            published = str(of_cell[0]["published train / test"].item()).split(" / ")[1]
            shown.append([str(data), f"`{cell}`", published, *ours])
    return markdown(shown)


def zoo() -> str:
    """Which cells are better and worse than the GRU on each task of the study of all cells, the furthest first."""
    rows = pd.read_csv(RESULTS / "zoo" / "across.csv")
    bullets = []
    for task, part in rows.groupby("task", sort=False):
        others = part[part.cell != part.beside].sort_values("difference")
        shown = others[others.verdict == "better"]
        lower, higher = shown[shown.difference < 0], shown[shown.difference > 0].iloc[::-1]
        sides = [
            f"{len(side)} {'is' if len(side) == 1 else 'are'} {word}: {listed([_by(row) for row in side.itertuples()])}"
            for side, word in ((lower, "better"), (higher, "worse"))
            if len(side)
        ]
        said = (
            f"of {len(others)} other cells {'. '.join(sides)}"
            if sides
            else f"of none of {len(others)} is a difference shown"
        )
        bullets.append(f"- **{title(str(task))}**: {said}.")
    return "\n".join(filled(one, "  ") for one in bullets)


def _by(row: Any) -> str:
    return f"`{row.cell}` by {abs(row.difference):.3f}" + (
        f" [{-row.high:.3f}, {-row.low:.3f}]" if row.difference < 0 else f" [{row.low:.3f}, {row.high:.3f}]"
    )


def conclusions() -> str:
    """How many earlier conclusions the study of the first page upholds, on each set."""
    rows = pd.read_csv(RESULTS / "answer" / "conclusions.csv")
    upheld = rows.became == "survived"
    of_sets = [f"{upheld[part.index].sum()} of {len(part)} on {data}" for data, part in rows.groupby("data", sort=False)]
    return filled(
        f"**Of {len(rows)} pairs that `fair` had decided on data that `answer` has too, {upheld.sum()} are decided there "
        f"as well** ({listed(of_sets)}). The others are undecided once whole searches are repeated. "
        "Each stands in [results/answer/conclusions.md](../results/answer/conclusions.md)."
    )


def cells_table() -> str:
    """The table of cells at the shape at which minGRU is published as faster than a GRU."""
    rows = pd.read_csv(RESULTS / "speed" / "cells.csv")
    rows = rows[rows.data == "numbers"]
    header = ["machine", "cell", "recurrent parameters", "engine", "ms an update", "times as fast as the fused GRU"]
    shown = [header, ["---"] * len(header)]
    for row in rows.itertuples():
        numbers = f"{row.parameters:,}", str(row.engine), f"{row.ms_per_update_per_member:.3g}", f"{row.ratio:.2g}"
        shown.append([str(row.machine), f"`{row.cell}`", *numbers])
    return markdown(shown)


TEXTS = {
    ("README.md", "answer: results/answer"): answer,
    ("docs/answers.md", "table: results/fair/summary.csv, modern"): lambda: table_of("fair/summary.csv", FAIR, "modern"),
    ("docs/answers.md", "table: results/fair/summary.csv, modern_decay"): lambda: table_of(
        "fair/summary.csv", FAIR, "modern_decay"
    ),
    ("docs/answers.md", "table: results/speech/scores.csv"): lambda: table_of("speech/scores.csv", SPEECH),
    ("docs/answers.md", "table: results/answer_sizes/sizes.csv"): sizes_table,
    ("docs/answers.md", "table: results/chung2014_500/table2.csv"): epochs_table,
    ("docs/answers.md", "conclusions: results/answer/conclusions.csv"): conclusions,
    ("docs/answers.md", "zoo: results/zoo/across.csv"): zoo,
    ("docs/field.md", "table: results/own/field.csv"): field_table,
    ("docs/field.md", "table: results/own_forecast/metrics.csv"): forecasts_table,
    ("docs/field.md", "table: results/rru/windows.csv"): rru_table,
    ("docs/speed.md", "table: results/speed/cells.csv"): cells_table,
    ("docs/speed.md", "table: results/speed/updates.csv"): speed_table,
}
"""Page and marker -> what makes the text between the marker and the end of it."""


def parts(page: str, marker: str) -> tuple[str, str, str]:
    """What stands in a page before the end of a marker, from there to the marker's end, and after that."""
    begin, end = f"<!-- {marker} -->\n", f"\n<!-- end of {marker.partition(':')[0]} -->\n"
    whole = (ROOT / page).read_text()
    assert whole.count(begin) == 1, (page, marker)
    before, _, rest = whole.partition(begin)
    assert end in rest, (page, marker)
    shown, _, after = rest.partition(end)
    return before + begin, shown, end + after


def write(page: str, marker: str, text: str) -> None:
    """Put a text between a marker of a page and the marker's end."""
    before, _, after = parts(page, marker)
    (ROOT / page).write_text(before + text + after)


if __name__ == "__main__":
    for place, text_of in TEXTS.items():
        write(*place, text_of())
