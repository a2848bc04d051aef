"""The answer on the README, from the results of the study that it answers with."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from gatebench.core.documentation import address

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
RAW = "https://raw.githubusercontent.com/gatebench/gatebench/main"
"""Where the README's figures are, which PyPI shows too."""
PIPELINES = "answer", "parameters_20k"
"""The study that the README answers with, and its budget."""
SIZES = "answer_sizes"
"""The study of other sizes."""
WIDTH = 160
"""Of a line of a page."""
UNFINISHED = 0.05
"""Share of confirming trials that are best in their last epoch, from which on the page says so."""
HEADER = ["data", "take", "above the best by at most", "lowest mean, and the others", "LSTM minus GRU"]
"""Of the table of the answer."""
MOST = 2
"""Cells that are not shown to differ from the lowest one, or are equivalent to it, and are named; more are counted."""


def listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def title(task: str) -> str:
    """The title of the data set of a task."""
    dataset = yaml.safe_load((ROOT / "conf" / "task" / f"{task}.yaml").read_text())["dataset"]
    return yaml.safe_load((ROOT / "datasets" / f"{dataset}.yaml").read_text())["title"]


def markdown(rows: list[list[str]]) -> str:
    """Rows as Markdown; a narrow column breaks no interval, and leaves no mark behind one alone on a line."""
    whole = [[re.sub(r"(?<=,) (?=-?[\d.]+\])|(?<=\)) (?=[=?]$)", "\xa0", text) for text in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in whole)


def filled(text: str, indent: str = "") -> str:
    """A text in lines of a page; those after the first begin with the indent."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def answer(results: Path = RESULTS, conf: Path = ROOT / "conf") -> str:
    """The README's answer: GRU or LSTM, then each task, then what is not trained, then the figure."""
    study, budget = PIPELINES
    pairs = pd.read_csv(results / study / "differences.csv", dtype=str)
    pairs = pairs[pairs.budget == budget].reset_index(drop=True)
    of_data = {str(data): part for data, part in pairs.groupby("data", sort=False)}
    decided = pd.read_csv(results / study / "decision.csv", dtype=str)
    decided = decided[decided.budget == budget].set_index("data")
    rows = [[data, *_taken(data, part, decided), _lowest(part), _pair_said(part)] for data, part in of_data.items()]
    cells = list(dict.fromkeys([*pairs.lower, *pairs.other]))
    missing = [_name(title) for title in _titles(study, conf) if title not in of_data]
    how = (
        f"{len(cells)} cells. For each the whole procedure was repeated {_repeated(of_data)}: settings drawn, searched, "
        "selected on validation, trained anew. Brackets are 95% intervals for new repetitions and new sequences; "
        f"verdicts count {_family(results, study)} of a task (Holm)."
    )
    how += _unfinished(pd.read_csv(results / study / "trials.csv"), budget, of_data)
    if missing:
        how += f" Not trained yet in this way: {listed(missing)}."
    of_what = f"{len(cells)} cells from the GRU on {len(of_data)} data sets"
    figure = f"![Distance of {of_what}, with 95% intervals]({RAW}/results/{study}/answer.png)"
    first = f"**GRU or LSTM? {_gru_or_lstm(of_data)}**"
    whole = [_short(data) for data in of_data if str(decided.kind.get(data, "")).endswith(", whole")]
    per = f"nats per time step{f', on {listed(whole)} per sequence,' if whole else ''}"
    size = f"{int(budget.split('_')[1][:-1])},000 recurrent parameters"
    unit = f"At about {size} (readout not counted), in {per} on the test split (lower is better), with 95% intervals:"
    table = markdown([HEADER, ["---"] * len(HEADER), *rows])
    said = [f"**At other sizes?** {at_sizes()}", f"**Which is faster?** {faster()}", how]
    return "\n\n".join([filled(first), filled(unit), table, *map(filled, said), figure])


def at_sizes(results: Path = RESULTS) -> str:
    """Which cell of one layer is lowest at the smallest and at the largest size, and which it is shown to be better than."""
    rows = pd.read_csv(results / SIZES / "differences.csv", dtype=str)
    rows = rows[~(rows.lower.str.contains(" ") | rows.other.str.contains(" "))]
    budgets = sorted(rows.budget.unique(), key=lambda budget: int(re.sub(r"\D", "", budget)))
    parts = []
    for budget in (budgets[0], budgets[-1]):
        best = str(rows[rows.budget == budget].lower.iloc[0])
        of_best = rows[(rows.budget == budget) & (rows.lower == best)]
        better = [f"`{row.other}` by {_lower_by(row)}" for _, row in of_best.iterrows() if row.verdict == "better"]
        shown = f", better than {listed(better)}" if better else ", not shown to be better than the others"
        size = budget.split("_")[1].replace("k", ",000")
        parts.append(f"at {size} `{best}`{shown}" if parts else f"at {size} parameters `{best}` is lowest{shown}")
    (data,), (count,) = rows.data.unique(), {number for text in rows.n for number in re.findall(r"\d+", text)}
    more = f"[all sizes]({address('docs/answers.md')})"
    cells = len({*rows.lower, *rows.other})
    return f"On {data} ({cells} cells, one layer, {count} repetitions), {'; '.join(parts)} ({more})."


def faster() -> str:
    """How long an update of the LSTM takes beside one of the GRU, on one engine in one run, at 20,000 parameters."""
    all_rows = pd.read_csv(RESULTS / "speed" / "cells.csv")
    rows = all_rows[(all_rows.engine == "fused_cpu") & (all_rows.data == "music")]
    times = [f"{1 / row.ratio:.2f} (batch {row.batch})" for row in rows[rows.cell == "lstm"].itertuples()]
    of_gru = rows.groupby("batch").gru_ms  # timed anew beside each cell
    varies = f"{100 * (of_gru.std() / of_gru.mean()).max():.0f}%"
    library = all_rows[(all_rows.engine == "torch.nn") & (all_rows.data == "music")]
    lstm, gru = (library[library.cell == cell].set_index("batch") for cell in ("lstm", "gru_reset_after"))
    as_fast = [f"{gru.ms_per_update_per_member[batch] / row.ms_per_update_per_member:.0f}" for batch, row in lstm.iterrows()]
    return (
        "On one engine neither by much: a training update of the LSTM takes "
        f"{listed(times)} times as long as the GRU's, give or take {varies} ({listed(list(dict.fromkeys(rows.machine)))}; "
        f"[every cell]({address('docs/speed.md')})). "
        f"In `torch.nn` the LSTM is there {listed(as_fast)} times as fast as the GRU."
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


def _repeated(of_data: dict[str, pd.DataFrame]) -> str:
    """How many pipelines a cell has, as on most of the data, and on which data it has others."""
    data_of: dict[str, list[str]] = {}
    for data, pairs in of_data.items():
        counts = sorted({int(count) for text in pairs.n for count in re.findall(r"\d+", text)})
        data_of.setdefault(" to ".join(map(str, dict.fromkeys([counts[0], counts[-1]]))), []).append(_short(data))
    most, *others = sorted(data_of, key=lambda count: -len(data_of[count]))
    less = [f"{count} times on {listed(data_of[count])}" for count in others]
    return ", ".join([f"{most} times", *([listed(less)] if less else [])])


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
        "undecided": "no difference could be shown on {}, which does not say that they are equal",
        "equivalent": "the two are equivalent on {}",
        "not tested": "the two are not tested on {}",
    }
    return _sentence([words.get(verdict, f"the {verdict} on {{}}").format(listed(names)) for verdict, names in said.items()])


def _pair_said(pairs: pd.DataFrame) -> str:
    """The mean of the LSTM minus that of the GRU on a task, and what that shows."""
    pair = _of_both(pairs)
    is_first = pair.lower == "lstm"
    difference = str(pair.difference) if is_first else _lower_by(pair)
    leaves_zero_out = ", -" in str(pair.difference)  # the lower one has the first place, so that both ends are below zero
    alone = f" (p {float(pair.p):.3f} for this pair alone, {float(pair['p, Holm']):.3f} among {len(pairs)})"
    shown = {
        "better": f"{str(pair.lower).upper()} better",
        "equivalent": f"equivalent within {pair.margin}",
        "undecided": f"undecided{alone if leaves_zero_out else ''}",
        "not tested": "not tested",
    }[str(pair.verdict)]
    return f"{difference}: {shown}"


def _lowest(pairs: pd.DataFrame) -> str:
    """Which cell has the lowest mean, which it is shown to be better than, and how many others there are of each verdict."""
    best = str(pairs.lower.iloc[0])
    of_best = pairs[pairs.lower == best]
    parts = []
    for verdict in ("better", "equivalent", "undecided", "not tested"):
        of_verdict = of_best[of_best.verdict == verdict]
        names = [
            f"`{row.other}`{f' by {_lower_by(row)}' if verdict == 'better' else ''}" for _, row in of_verdict.iterrows()
        ]
        if verdict == "better" and names:
            parts.append(f"better than {listed(names)}")
        elif names:
            parts.append(f"{listed(names) if len(names) <= MOST else len(names)} {verdict}")
    return f"`{best}`: {', '.join(parts)}"


def _taken(data: str, pairs: pd.DataFrame, decided: pd.DataFrame) -> tuple[str, str]:
    """Which cell to take, and how far above the best it may be; or that none is below a baseline."""
    if data not in decided.index:
        return "", ""
    row = decided.loc[data]
    if row.cell == "none":
        said = row.verdict.replace("not shown to be below", "none is shown to be below the baseline")
        return said.replace("all above", "none: all are above the baseline"), ""
    cheapest = "" if row.cell == str(pairs.lower.iloc[0]) else ", the cheapest of equivalent ones"
    return f"`{row.cell}`{cheapest}", str(row["lost at most"])


def _unfinished(trials: pd.DataFrame, budget: str, of_data: dict[str, pd.DataFrame]) -> str:
    """On which data many confirming trials were best in their last epoch, so that longer training could say otherwise."""
    of_tasks = {title(task): task for task in trials.task.unique()}
    names_of: dict[str, list[str]] = {}
    for data in of_data:
        rows = trials[(trials.task == of_tasks[data]) & (trials.budget == budget) & (trials.stage == "confirm")]
        rows = rows[(rows.split == "test") & (rows.status == "finished")]
        last = rows[rows.best_epoch >= rows.epochs]
        if len(last) > UNFINISHED * len(rows):
            count = "all" if len(last) == len(rows) else f"{len(last)} of {len(rows)}"
            names_of.setdefault(f"{count} were best in the last of {rows.epochs.max()} epochs", []).append(_short(data))
    return "".join(f" On {listed(names)} {said}." for said, names in names_of.items())


def _titles(study: str, conf: Path) -> list[str]:
    """Titles of all the tasks that a study has, those of its further sweeps included."""

    def settings(name: str) -> dict[str, Any]:
        return yaml.safe_load((conf / "study" / f"{name}.yaml").read_text())

    words = [word.partition("=") for part in settings(study).get("parts", []) for word in part]
    studies = [study, *(value for name, _, value in words if name == "study")]
    texts = [settings(name)["hydra"]["sweeper"]["params"]["task"] for name in dict.fromkeys(studies)]
    texts += [value for name, _, value in words if name == "task"]
    tasks = dict.fromkeys(task.strip() for text in texts for task in text.split(","))
    return [title(task) for task in tasks]


def _name(title: str) -> str:
    """A title within a list: what follows a comma of it stands in parentheses."""
    name, _, rest = title.partition(", ")
    return f"{name} ({rest})" if rest else name


def _short(title: str) -> str:
    """A title where it stands again: without what says of what kind or size the data is."""
    return re.split(r", | \(", title)[0]
