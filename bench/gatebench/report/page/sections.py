"""The sections of a page: one for each comparison group, with its verdict, what is missing from it, its figures and rows."""

from dataclasses import dataclass

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import comparisons, style, verdict
from gatebench.report.findings import findings
from gatebench.report.page import tables
from gatebench.report.page.parts import PagePart
from gatebench.report.words import listed

ANSWER = "answer"
"""Part whose figures stand above the sections."""
LSTMS = ("lstm", "lstm_peephole")
"""Cells that stand for the LSTM beside the GRU, the first one where there are both."""
SAID = {
    "gru": "The GRU is better",
    "lstm": "The LSTM is better",
    "equivalent": "The two are equivalent",
    "undecided": "No difference could be shown",
}
"""What is said of the two in a comparison group, in its order."""


@dataclass(frozen=True)
class GroupPart:
    """What a section shows of one part of the page: a figure, or the rows of a table."""

    part: PagePart
    html: str


@dataclass(frozen=True)
class Section:
    """A comparison group as the page shows it."""

    anchor: str
    """Name to link to."""
    title: str
    """Its data set; budget and protocol where they differ."""
    verdict: list[str]
    """The lines that ``gatebench compare`` would print."""
    finding: str
    """What its numbers say in sentences, with those of the baselines."""
    absent: str
    """Which cells of the study are missing from it, and why; empty where none is."""
    shared: str
    """How many of its confirming trials are those of another comparison group; empty where none is."""
    answer: str
    """The figure of the distances from the GRU; empty where there is a single cell."""
    shown: list[GroupPart]
    """Its other figures, and its rows of tables."""


def of_study(frame: Frame, parts: list[PagePart]) -> list[Section]:
    """Return a section for each comparison group that has a confirmed trial."""
    groups = comparison_groups(frame.confirmed("test"))
    short = titles(frame)
    return [
        _section(frame, f"group-{number}", group, short[group], finding, parts)
        for number, ((group, _), finding) in enumerate(zip(groups, findings(frame), strict=True), 1)
    ]


def titles(frame: Frame) -> dict[ComparisonGroup, str]:
    """Return a title for each comparison group, of the fewest parts that tell it from the others: its data set first.

    Budget and protocol are left out where they say nothing, since all have the same, or each data set has only one.
    """
    groups = [group for group, _ in comparison_groups(frame.confirmed("test"))]
    labels_of = {group: {"budget": frame.budget(group.budget, group.task), "training": group.training} for group in groups}
    names: dict[ComparisonGroup, str] = {}
    for parts in ((), ("budget",), ("training",), ("budget", "training")):
        names = {
            group: ", ".join([frame.datasets[group.task], *(labels[part] for part in parts)])
            for group, labels in labels_of.items()
        }
        if len(set(names.values())) == len(groups):
            break
    return names


def _section(frame: Frame, anchor: str, group: ComparisonGroup, title: str, finding: str, parts: list[PagePart]) -> Section:
    cells = style.cells(_in_group(frame.trials, group))
    return Section(
        anchor=anchor,
        title=title,
        verdict=verdict.lines(frame, group, cells),
        finding=finding,
        absent=absent(frame, group),
        shared=shared(frame, group),
        answer=next((part.drawings[group] for part in parts if part.name == ANSWER and group in part.drawings), ""),
        shown=[shown for part in parts if (shown := _shown(frame, group, part))],
    )


def _shown(frame: Frame, group: ComparisonGroup, part: PagePart) -> GroupPart | None:
    if part.name == ANSWER:
        return None
    if group in part.drawings:
        return GroupPart(part, part.drawings[group])
    if not part.by_group or part.table is None:
        return None
    rows = tables.of_group(part.table, frame, group)
    return None if rows is None else GroupPart(part, tables.as_html(rows, f"{part.title}: {frame.title(group)}"))


def _in_group(trials: pd.DataFrame, group: ComparisonGroup) -> pd.DataFrame:
    return trials[(trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)]


def absent(frame: Frame, group: ComparisonGroup) -> str:
    """Say which cells of the study have no score in a comparison group, and why: empty where all have one."""
    in_group = _in_group(frame.trials, group)
    scored = set(_in_group(frame.scored(), group).cell)
    by_reason: dict[str, list[str]] = {}
    for cell in style.cells(frame.trials):
        if cell not in scored:
            by_reason.setdefault(_reason(in_group[in_group.cell == cell]), []).append(cell)
    reasons = [f"{listed(cells)} ({reason})" for reason, cells in by_reason.items()]
    return f"Missing here: {'; '.join(reasons)}." if reasons else ""


def _reason(trials: pd.DataFrame) -> str:
    """Say why a cell has no score, from its trials in a comparison group."""
    if trials.empty:
        return "not trained"
    confirmed = trials[trials.stage == "confirm"]
    if confirmed.empty:
        diverged = bool((trials.status == "diverged").all())
        return "every setting of the search diverged" if diverged else "searched, not confirmed yet"
    statuses = confirmed[confirmed.status != "finished"].drop_duplicates("key").status.value_counts()
    return ", ".join(f"{count} confirming {status}" for status, count in statuses.items()) or "a run without a score"


def shared(frame: Frame, group: ComparisonGroup) -> str:
    """Say how many confirming trials of a comparison group are those of an earlier one: its models have the same sizes."""
    of_groups = {group: _confirming(frame, group) for group in titles(frame)}
    own = of_groups[group]
    sentences = []
    for earlier, keys in of_groups.items():
        if earlier == group:
            break
        if both := len(own & keys):
            count = "All" if both == len(own) else f"{both} of {len(own)}"
            sentences.append(
                f"{count} confirming trials are those of {frame.title(earlier)} as well: the models have the same size."
            )
    return " ".join(sentences)


def _confirming(frame: Frame, group: ComparisonGroup) -> set[str]:
    return set(_in_group(frame.confirmed("test"), group).key)


def headline(frame: Frame) -> str:
    """Say what a study of many comparison groups answers; empty where nothing fits all of it."""
    cells = style.cells(frame.confirmed("test"))
    if len(cells) == 1:
        count = len(titles(frame))
        return (
            f"No cells are compared here: {cells[0]} is alone, in {count} comparison groups, of which each says its score."
        )
    return gru_or_lstm(frame)


def gru_or_lstm(frame: Frame) -> str:
    """Say in which comparison groups the GRU or the LSTM is the better one; empty where none tests both.

    A group of which all trials are those of an earlier one says nothing new and is not counted.
    """
    pairs = {(pair.group, frozenset((pair.lower, pair.other))): pair for pair in comparisons.pairs(frame)}
    short = titles(frame)
    names_of: dict[str, list[str]] = {what: [] for what in ("gru", "lstm", "equivalent", "undecided")}
    counted: list[set[str]] = []
    for group, _ in comparison_groups(frame.confirmed("test")):
        keys = _confirming(frame, group)
        if any(keys <= others for others in counted):
            continue
        counted.append(keys)
        both = [pairs[name] for lstm in LSTMS if (name := (group, frozenset(("gru", lstm)))) in pairs]
        if both and both[0].tested:
            better = "gru" if both[0].lower == "gru" else "lstm"
            names_of[better if both[0].verdict == "better" else both[0].verdict].append(short[group])
    count = sum(map(len, names_of.values()))
    said = [f"{SAID[what]} in {len(names)}: {'; '.join(names)}." for what, names in names_of.items() if names]
    return (
        f"GRU or LSTM? {count} comparison group{' has' if count == 1 else 's have'} both. {' '.join(said)}" if said else ""
    )
