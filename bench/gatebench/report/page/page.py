"""The report of a study: every figure and table below ``results/<study>/``, and one self-contained page."""

import html
import io
import time
from collections.abc import Sequence
from pathlib import Path

from gatebench.core.errors import BadInput, visible
from gatebench.core.files import write_errors
from gatebench.core.typesetting import typeset
from gatebench.records import collection, samples, study_file
from gatebench.records import frame as frames
from gatebench.records.former import folder as former_folder
from gatebench.records.frame import Frame
from gatebench.records.names import is_equation
from gatebench.records.stacking import AT_ONCE
from gatebench.records.store import Store
from gatebench.report import conclusions, families, margins, style
from gatebench.report.findings import limitations
from gatebench.report.page import glossary, parts, sections, tables
from gatebench.report.page.drawn_samples import DrawnSample, drawn_samples
from gatebench.report.page.parts import PagePart
from gatebench.report.stats import looks

PICTURES_PER_REPORT = 40
"""Number of simple pictures that take as long to draw as the report of one comparison group, with a margin."""

FIRST = "decision"
"""Table that stands right below the verdict."""
WITH_ALL_LINES = 2
"""Number of comparison groups up to which all lines of their verdicts stand at the top of the page."""


def estimate_seconds() -> float:
    """Return about how many seconds a report of one comparison group takes on this machine, by drawing a picture."""
    from matplotlib import pyplot as plt

    style.apply_style()
    started = time.perf_counter()
    figure, axis = plt.subplots()
    axis.plot([0, 1], [0, 1])
    for suffix in ("png", "pdf"):
        figure.savefig(io.BytesIO(), format=suffix)
    plt.close(figure)
    return PICTURES_PER_REPORT * (time.perf_counter() - started)


def write(
    results: Path,
    study: str,
    replication: Path | None = None,
    pipelines: int | None = None,
    former: Sequence[str] = (),
) -> Path:
    """Draw all figures and tables of a study from its records, and return the path of its page.

    Parameters
    ----------
    results
        Folder with the study's folder and its records.
    study
        Name of the study.
    replication
        Another results folder, in which the study was computed a second time; a copy is kept beside this one.
    pipelines
        How many of the pipelines the report is about, from the first one; None: all. Records of others are kept as well.
    former
        Names of earlier studies in the same results folder; what they say of every two cells is kept beside this one.

    Raises
    ------
    BadInput
        If the study has no confirmed trial, or the replication has no finished one or is this very folder, or an earlier
        study compares no cells or is this very one.

    """
    if replication is not None:
        if replication.resolve() == results.resolve():
            raise BadInput(f"--replication is {replication}, the folder of the first run; expected that of a second one")
        study_file.read(results, study)  # the first run must be there
        _keep_replication(results / study, replication, study)
    _keep_conclusions(results, study, former)
    frame = frames.load(results, study, pipelines)
    if frame.confirmed("test").empty:
        raise BadInput(f"study '{study}' has no confirmed trial yet; finish it: gatebench sweep study={study}")
    folder = results / study
    style.apply_style()
    with write_errors(folder):
        parts.inert(frame.trials).to_csv(folder / "trials.csv", index=False)
        frame.curves.to_parquet(folder / "curves.parquet", index=False)
        _keep_records(folder, results, study)
        written = [parts.write(name, module, frame, folder) for name, module in parts.modules()]
        page = folder / "report.html"
        drawn = drawn_samples(frame, samples.folder(results, study))
        page.write_text(visible(_html(study, frame, [part for part in written if part], drawn)), encoding="utf-8")
    return page


def _keep_records(folder: Path, results: Path, study: str) -> None:
    """Add the records of a study that are finished to the file in a folder; those that it has are not read again.

    Those of searches are without what only results are asked for, which is most of a record: predictions, and what metrics
    are computed from.
    """
    path = folder / collection.NAME
    present = set(collection.read_keys(path)) if path.is_file() else set()
    points = study_file.read(results, study)
    keys, confirming = dict.fromkeys(study_file.keys(points)), {key for point in points for key in point.confirm}
    store, missing = Store(results), [key for key in keys if key not in present]
    parts = (missing[first : first + AT_ONCE] for first in range(0, len(missing), AT_ONCE))
    read = (record for part in parts for record in store.read(part).values())
    collection.add(path, (record if record.key in confirming else collection.of_search(record) for record in read))


def _keep_replication(folder: Path, results: Path, study: str) -> None:
    """Copy a study's points and records from another results folder into a study's folder."""
    points = study_file.read(results, study)
    if not Store(results).finished() & set(study_file.keys(points)):
        raise BadInput(f"{results} has no finished trial of study '{study}'")
    study_file.add_points(folder, frames.REPLICATION, points)
    _keep_records(folder / frames.REPLICATION, results, study)


def _keep_conclusions(results: Path, study: str, former: Sequence[str]) -> None:
    """Write down what earlier studies say of every two of their cells, in a study's folder."""
    if former:
        study_file.read(results, study)  # it must be there
    for name in former:
        if name == study:
            raise BadInput(f"--former is '{name}', the study of the report; expected an earlier one")
        said = conclusions.of_study(frames.load(results, name))
        if said.empty:
            raise BadInput(f"study '{name}' compares no cells, so that there are no conclusions of it; name another one")
        folder = former_folder(results, study)
        with write_errors(folder):
            folder.mkdir(exist_ok=True)
            parts.inert(said).to_csv(folder / f"{name}.csv", index=False)


def _html(study: str, frame: Frame, shown: list[PagePart], drawn: list[DrawnSample]) -> str:
    from jinja2 import Environment

    here = Path(__file__)
    template = Environment(autoescape=True).from_string(here.with_name("page.html.j2").read_text(encoding="utf-8"))
    cells = [cell for cell in style.cells(frame.trials) if cell in frame.equations]
    groups = sections.of_study(frame, shown)
    first = [part for part in shown if part.name == FIRST]
    return template.render(
        css=here.with_name("page.css").read_text(encoding="utf-8"),
        script=here.with_name("page.js").read_text(encoding="utf-8"),
        study=study,
        lead=lead(frame),
        headline=sections.headline(frame) if len(groups) > WITH_ALL_LINES else "",
        with_all_lines=len(groups) <= WITH_ALL_LINES,
        sections=groups,
        first=first,
        parts=[part for part in shown if part not in first],
        as_html=lambda table, caption: tables.as_html(tables.in_words(table, frame), caption),
        looks=frame.looks,
        look_factor=f"{1 / looks.level(frame.looks, 1.0):.0f}",
        margins=margins.RULE,
        family=families.counted(frame),
        declared=families.note(frame),
        labels=glossary.explained(frame.trials),
        limitations=limitations(frame),
        drawn=drawn,
        steps=[(frame.datasets[task], step) for task, step in frame.steps.items()],
        equations=[(cell, [_typeset(line) for line in frame.equations[cell]]) for cell in cells],
        machines=frame.machines,
    )


def _typeset(line: str) -> str:
    """Return an equation as MathML, but as its text where it has what no equation of ours has: a browser could run it."""
    from latex2mathml.converter import convert

    return convert(typeset(line)) if is_equation(line) else f"<p>{html.escape(line)}</p>"


def lead(frame: Frame) -> str:
    """Return the first sentences of the page: how many trials of how many cells on which data, and which are left out."""
    test = frame.confirmed("test")
    cells = test.cell.nunique()
    between = "; " if any("," in title for title in frame.datasets.values()) else ", "
    data = between.join(frame.datasets.values())
    trials = f"{frame.trials.key.nunique()} trials of {cells} cell{'s' if cells != 1 else ''} on {data}."
    if not frame.left_out:
        return trials
    return (
        f"{trials} {frame.left_out} more are left out: they are of pipelines that were not finished for every cell "
        "when gatebench compare gave its verdict. That verdict is about the same pipelines as this page."
    )
