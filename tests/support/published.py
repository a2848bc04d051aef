"""Texts of the README and the pages that come from published results: read here, written by running this file.

After a study was redrawn, ``python tests/support/published.py`` writes them anew; a test compares them with the results.
"""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
RAW = "https://raw.githubusercontent.com/gatebench/gatebench/main"
"""Where the README's figures are, which PyPI shows too."""
DOCS = "https://github.com/gatebench/gatebench/blob/main/docs"
FAIR = ["cell", "JSB Chorales", "Piano-midi.de", "Nottingham", "MuseData", "units", "recurrent parameters"]
SPEECH = ["data", "cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"]
FIELD = ["lstm", "gru", "MiniRocket (baseline)", "ResNet", "InceptionTime", "ROCKET"]
"""Methods of the table of labelled sets."""
SPEED = [
    ("music", "rnn", 1), ("music", "gru", 1), ("music", "lstm", 1), ("music", "gru", 32), ("music", "lstm", 32),
    ("dense", "gru", 32), ("dense", "lstm_peephole", 32), ("speech_synthetic", "gru", 32),
]  # fmt: skip
"""Rows of the table of speed: data, cell and batch."""
PIPELINES = "answer", "parameters_20k"
"""The study that the README answers with, and its budget."""
WIDTH = 160
"""Of a line of the README."""
_UNBROKEN: Any = {"break_long_words": False, "break_on_hyphens": False}
MOST = 2
"""Cells that were not told apart from the lowest one and have their names; more of them are counted."""


def listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def answer(results: Path = RESULTS, conf: Path = ROOT / "conf") -> str:
    """The README's answer: GRU or LSTM, then each task, then what is not trained, then the figure."""
    study, budget = PIPELINES
    pairs = pd.read_csv(results / study / "differences.csv", dtype=str)
    pairs = pairs[pairs.budget == budget].reset_index(drop=True)
    of_data = {str(data): part for data, part in pairs.groupby("data", sort=False)}
    decided = pd.read_csv(results / study / "decision.csv", dtype=str)
    decided = decided[decided.budget == budget].set_index("data")
    bullets = [f"- **{data}**: {_lowest(data, part, decided)}. {_pair_said(part)}." for data, part in of_data.items()]
    counts = sorted({int(count) for text in pairs.n for count in re.findall(r"\d+", text)})
    pipelines = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    cells = list(dict.fromkeys([*pairs.lower, *pairs.other]))
    missing = [_name(title) for title in _titles(study, conf) if title not in of_data]
    size = f"{int(budget.split('_')[1][:-1])},000 recurrent parameters"
    how = (
        f"Nats per time step on the test split, {len(cells)} cells of about {size}. "
        f"For each cell the whole procedure was repeated {pipelines} times: settings drawn, searched, selected "
        "on validation, trained anew. Brackets are 95% intervals for new repetitions and new sequences; verdicts count "
        f"{_family(results, study)}."
    )
    if missing:
        how += f" Not trained yet in this way: {listed(missing)}."
    of_what = f"{len(cells)} cells from the GRU on {listed([_name(data) for data in of_data])}"
    figure = f"![Distance of {of_what}, with 95% intervals]({RAW}/results/{study}/answer.png)"
    first = f"**GRU or LSTM? {_gru_or_lstm(of_data)}**"
    unit = f"At about {size}, in nats on the test split (lower is better), with 95% intervals:"
    each = "\n".join(textwrap.fill(one, WIDTH, subsequent_indent="  ", **_UNBROKEN) for one in bullets)
    return "\n\n".join(
        [_filled(first), _filled(unit), each, _filled(f"**Which is faster?** {faster()}"), _filled(how), figure]
    )


def faster() -> str:
    """How long an update of the LSTM takes beside one of the GRU, on one engine in one run, at 20,000 parameters."""
    rows = pd.read_csv(RESULTS / "speed" / "cells.csv")
    rows = rows[(rows.engine == "fused_cpu") & (rows.data == "music") & rows.cell.isin(["gru", "lstm"])]
    flops = {row.cell: f"{row.flops_per_step:,}" for row in rows.itertuples()}
    lstm = rows[rows.cell == "lstm"]
    times, percent = [f"{1 / row.ratio:.2f} (batch {row.batch})" for row in lstm.itertuples()], 100 / lstm.ratio - 100
    return (
        f"The {'GRU' if percent.min() > 0 else 'LSTM'}, by {percent.abs().min():.0f} to {percent.abs().max():.0f}%: a "
        f"training update of the LSTM takes {listed(times)} times as long, both on gatebench's own engine "
        f"({listed(list(dict.fromkeys(rows.machine)))}; [every cell]({DOCS}/speed.md)). A step on the music costs "
        f"{flops['gru']} FLOPs for the GRU and {flops['lstm']} for the LSTM."
    )


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _lower_by(pair: pd.Series) -> str:
    """By how much the lower cell of a pair is lower: the table has the difference the other way round."""
    mean, low, high = (float(number) for number in re.findall(r"-?\d+\.\d+", str(pair.difference)))
    places = len(str(pair.difference).partition(" ")[0].partition(".")[2])
    return f"{-mean:.{places}f} [{-high:.{places}f}, {-low:.{places}f}]".replace("[-0.000,", "[0.000,")


def _family(results: Path, study: str) -> str:
    """What is counted by Holm, as the study declared it: all pairs, or fewer, and whether that was said in time."""
    file = results / study / "study.json"
    content = json.loads(file.read_text()) if file.is_file() else {}
    contrasts = content.get("contrasts", {})
    listed_pairs = [f"{a} with {b}" for a, b in contrasts.get("pairs", [])]
    family = (
        f"every cell against {contrasts['against']}" if contrasts.get("against") else listed(listed_pairs or ["all pairs"])
    )
    return f"{family}{' (declared post hoc)' if 'contrasts_before_results' in content else ''}"


def _of_both(pairs: pd.DataFrame) -> pd.Series:
    """The pair of GRU and LSTM."""
    (_, pair), = pairs[pairs.apply(lambda row: {row.lower, row.other} == {"gru", "lstm"}, axis=1)].iterrows()  # fmt: skip
    return pair


def _gru_or_lstm(of_data: dict[str, pd.DataFrame]) -> str:
    """What is said of GRU and LSTM on all tasks, in a sentence."""
    said: dict[str, list[str]] = {}
    for data, pairs in of_data.items():
        pair = _of_both(pairs)
        verdict = f"{str(pair.lower).upper()} is better" if pair.verdict == "better" else str(pair.verdict)
        said.setdefault(verdict, []).append(_name(data))
    words = {
        "undecided": "no difference could be shown on {} (which does not say that they are equal)",
        "equivalent": "the two are equivalent on {}",
        "not tested": "the two are not tested on {}",
    }
    return _sentence([words.get(verdict, f"the {verdict} on {{}}").format(listed(names)) for verdict, names in said.items()])


def _pair_said(pairs: pd.DataFrame) -> str:
    """By how much GRU or LSTM is lower on a task, and what that shows."""
    pair = _of_both(pairs)
    by = _lower_by(pair)
    counted = "" if by.partition("[")[2].startswith("-") else f": p is {pair['p, Holm']} once all pairs are counted"
    shown = {
        "better": "",
        "equivalent": ", which is equivalent",
        "undecided": f", which shows no difference{counted}",
        "not tested": ", which is not tested",
    }[str(pair.verdict)]
    other = str(pair.other).upper()
    return f"The {str(pair.lower).upper()} is lower than the {other} by {by}{shown}"


def _lowest(data: str, pairs: pd.DataFrame, decided: pd.DataFrame) -> str:
    """Which cell has the lowest mean, what it beats, what is lost at most with it, and whether none is below a baseline."""
    best = str(pairs.lower.iloc[0])
    of_best = pairs[pairs.lower == best]
    said = {
        verdict: [f"`{row.other}`{f' by {_lower_by(row)}' if verdict == 'better' else ''}" for _, row in part.iterrows()]
        for verdict, part in of_best.groupby("verdict", sort=False)
    }
    if len(said.get("undecided", [])) > MOST:
        rest = len(said["undecided"])
        said["undecided"] = [f"any of the {rest} others" if rest == len(of_best) else f"{rest} others"]
    parts = [
        f"{words} {listed(said[verdict])}"
        for verdict, words in (
            ("better", "better than"),
            ("equivalent", "equivalent to"),
            ("undecided", "not told apart from"),
            ("not tested", "not tested beside"),
        )
        if verdict in said
    ]
    start, but = f"the lowest mean is that of `{best}`", " and ".join(parts)
    if data not in decided.index:
        return f"{start}, {but}"
    row = decided.loc[data]
    if row.cell == "none":
        return f"{row.verdict.replace('not below', 'no cell is below the baseline')}; {start}, {but}"
    taken = f"take `{row.cell}`, with which at most {row['lost at most']} is lost"
    return f"{taken}; its mean is the lowest, {but}" if row.cell == best else f"{taken}; {start}, {but}"


def _titles(study: str, conf: Path) -> list[str]:
    """Titles of all the tasks that a study has, those of its further sweeps included."""

    def settings(name: str) -> dict[str, Any]:
        return yaml.safe_load((conf / "study" / f"{name}.yaml").read_text())

    words = [word.partition("=") for part in settings(study).get("parts", []) for word in part]
    studies = [study, *(value for name, _, value in words if name == "study")]
    texts = [settings(name)["hydra"]["sweeper"]["params"]["task"] for name in dict.fromkeys(studies)]
    texts += [value for name, _, value in words if name == "task"]
    tasks = dict.fromkeys(task.strip() for text in texts for task in text.split(","))
    datasets = [yaml.safe_load((conf / "task" / f"{task}.yaml").read_text())["dataset"] for task in tasks]
    return [yaml.safe_load((ROOT / "datasets" / f"{dataset}.yaml").read_text())["title"] for dataset in datasets]


def _name(title: str) -> str:
    """A title within a list: what follows a comma of it stands in parentheses."""
    name, _, rest = title.partition(", ")
    return f"{name} ({rest})" if rest else name


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, **_UNBROKEN)


def table_of(source: str, columns: list[str], training: str = "") -> str:
    """A table of a published study, as Markdown."""
    rows = pd.read_csv(RESULTS / source, dtype=str).fillna("")
    if training:
        rows = rows[(rows.budget == "parameters_20k") & (rows.training == training)]
    names = {"total parameters": "with readout", "test NLL": "test NLL [95% interval]", "n": "seeds"}
    header = [names.get(column, column) for column in columns]
    return _markdown([header, ["---"] * len(columns), *rows[columns].to_numpy().tolist()])


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
    return _markdown(shown)


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
    return _markdown(shown)


def _accuracy(row: Any) -> str:
    interval = "" if pd.isna(row.low) else f" [{row.low:.3f}, {row.high:.3f}]"
    return f"{row.accuracy:.3f}{interval}"


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
    return _markdown(shown)


def zoo() -> str:
    """Which cells are better and worse than the GRU on each task of the study of all cells, the furthest first."""
    rows = pd.read_csv(RESULTS / "zoo" / "across.csv")
    titles = {row.task: row.data for row in _datasets("zoo").itertuples()}
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
        bullets.append(f"- **{titles[task]}**: {said}.")
    return "\n".join(textwrap.fill(one, WIDTH, subsequent_indent="  ", **_UNBROKEN) for one in bullets)


def _datasets(study: str) -> pd.DataFrame:
    """Task and title of each task of a published study."""
    tasks = dict.fromkeys(pd.read_csv(RESULTS / study / "trials.csv", usecols=["task"]).task)
    titles = [yaml.safe_load((ROOT / "conf" / "task" / f"{task}.yaml").read_text())["dataset"] for task in tasks]
    names = [yaml.safe_load((ROOT / "datasets" / f"{name}.yaml").read_text())["title"] for name in titles]
    return pd.DataFrame({"task": list(tasks), "data": names})


def _by(row: Any) -> str:
    return f"`{row.cell}` by {abs(row.difference):.3f}" + (
        f" [{-row.high:.3f}, {-row.low:.3f}]" if row.difference < 0 else f" [{row.low:.3f}, {row.high:.3f}]"
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
    return _markdown(shown)


def _markdown(rows: list[list[str]]) -> str:
    """Rows as Markdown; a narrow column breaks no interval, and leaves no mark behind one alone on a line."""
    whole = [[re.sub(r"(?<=,) (?=-?[\d.]+\])|(?<=\)) (?=[=?]$)", "\xa0", text) for text in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in whole)


TEXTS = {
    ("README.md", "answer: results/answer"): answer,
    ("docs/answers.md", "table: results/fair/summary.csv, modern"): lambda: table_of("fair/summary.csv", FAIR, "modern"),
    ("docs/answers.md", "table: results/fair/summary.csv, modern_decay"): lambda: table_of(
        "fair/summary.csv", FAIR, "modern_decay"
    ),
    ("docs/answers.md", "table: results/speech/scores.csv"): lambda: table_of("speech/scores.csv", SPEECH),
    ("docs/answers.md", "zoo: results/zoo/across.csv"): zoo,
    ("docs/field.md", "table: results/own/field.csv"): field_table,
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
