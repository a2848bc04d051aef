"""The report of a study: every figure and table below ``results/<study>/``, and one self-contained page."""

import base64
import io
import time
from pathlib import Path
from typing import Any

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.core.files import write_errors
from gatebench.records import frame, samples, study_file
from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.records.record import Record, Store, write_compact
from gatebench.report import comparisons, published, style

FIRST = [
    "answer", "summary", "results", "scores", "differences", "table2", "overall", "ranks", "budgets", "tradeoff",
    "curves", "effort", "sensitivity", "conventions", "again", "units", "spectrum", "fairness", "spent", "table1",
]  # fmt: skip
"""Order on the page; figures that it does not name follow by name."""

PICTURES = 30
"""As long as to draw so many takes the report of one panel, with a margin."""


def pace() -> float:
    """Seconds that a report of one panel takes on this machine, from a picture that is drawn for it."""
    from matplotlib import pyplot as plt

    style.use()
    started = time.perf_counter()
    figure, axis = plt.subplots()
    axis.plot([0, 1], [0, 1])
    for ending in ("png", "pdf"):
        figure.savefig(io.BytesIO(), format=ending)
    plt.close(figure)
    return PICTURES * (time.perf_counter() - started)


def write(results: Path, study: str, again: Path | None = None) -> Path:
    """Draw all of a study's figures and tables and return the page. Needs records only.

    ``again``: another results folder, in which the study was computed a second time; it is kept beside this one.
    """
    if again is not None:
        if again.resolve() == results.resolve():
            raise BadInput(f"--again is {again}, the folder of the first run; expected that of a second one")
        study_file.read(results, study)  # the first run must be there
        _keep(frame.AGAIN, results / study, again, study)
    found = frame.load(results, study)
    if found.confirmed("test").empty:
        raise BadInput(f"study '{study}' has no confirmed trial yet; finish it: gatebench sweep study={study}")
    folder = results / study
    style.use()
    with write_errors(folder):
        found.trials.to_csv(folder / "trials.csv", index=False)
        found.curves.to_parquet(folder / "curves.parquet", index=False)
        write_compact(folder / "records.parquet", _records(results, study))
        parts = [part for name, path in _ordered() if (part := _part(name, path, found, folder))]
        page = folder / "report.html"
        page.write_text(_page(study, found, parts, _drawn(found, samples.folder(results, study))))
    return page


def _records(results: Path, study: str) -> list[Record]:
    keys = study_file.keys(study_file.read(results, study))
    return list(Store(results).read(list(dict.fromkeys(keys))).values())


def _keep(name: str, folder: Path, results: Path, study: str) -> None:
    """A study and its records, taken from another results folder, under a name below a folder."""
    records = _records(results, study)
    if not records:
        raise BadInput(f"{results} has no finished trial of study '{study}'")
    study_file.write_points(folder, name, study_file.read(results, study))
    write_compact(folder / name / "records.parquet", records)


def _ordered() -> list[tuple[str, Path]]:
    known = registry.available("figures", ".py")
    rest = [name for name in known if name not in FIRST]
    return [(name, known[name]) for name in [*FIRST, *rest]]


def _part(name: str, path: Path, found: Frame, folder: Path) -> dict[str, Any] | None:
    """Write one figure or table with its numbers, and hand back what the page shows; None if the study has none of it."""
    module = registry.load_module("gatebench.report.figures", path)
    part = {"name": name, "title": module.TITLE, "caption": module.CAPTION}
    if hasattr(module, "table"):
        table = module.table(found)
        if table is None:
            return None
        table.to_csv(folder / f"{name}.csv", index=False)
        (folder / f"{name}.md").write_text(table.to_markdown(index=False, disable_numparse=True) + "\n")
        (folder / f"{name}.tex").write_text(table.style.hide(axis="index").format(escape="latex").to_latex(hrules=True))
        notes = published.DEVIATIONS if name == "table2" else []
        files = [f"{name}.{suffix}" for suffix in ("csv", "md", "tex")]
        return {**part, "html": table.to_html(index=False, border=0), "notes": notes, "files": files}
    from matplotlib import pyplot as plt

    numbers = module.numbers(found)
    if numbers is None:
        return None
    numbers.to_csv(folder / f"{name}.csv", index=False)
    figure = module.draw(numbers, found)
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    plt.close(figure)
    return {
        **part,
        "image": _inside(folder / f"{name}.png"),
        "files": [f"{name}.{suffix}" for suffix in ("png", "pdf", "csv")],
    }


def _drawn(found: Frame, folder: Path) -> list[dict[str, Any]]:
    """Sequences drawn from trials, to look at and to listen to."""
    shown = []
    for row in found.samples.itertuples():
        heard = str(row.sound).endswith(".wav")
        panel = found.title(ComparisonGroup(str(row.task), str(row.budget), str(row.training)))
        shown.append({
            "title": f"{row.cell}: {panel}",
            "text": f"{row.primed:,} {'samples' if heard else 'frames'} of the validation split, then"
            f" {row.drawn:,} drawn by trial {row.key}."
            + (f" Log-spectral distance from the validation split: {row.distance:.1f} dB." if heard else ""),
            "sound": _inside(folder / str(row.sound)) if heard else None,
            "file": f"{folder.name}/{row.sound}",
            "picture": _inside(folder / str(row.picture)),
        })  # fmt: skip
    return shown


def _inside(path: Path) -> str:
    """A file as text that a page can carry."""
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); draw the samples anew: gatebench sample STUDY") from error


def _page(study: str, found: Frame, parts: list[dict[str, Any]], drawn: list[dict[str, Any]]) -> str:
    from jinja2 import Environment
    from latex2mathml.converter import convert

    template = Environment(autoescape=True).from_string(Path(__file__).with_name("page.html.j2").read_text())
    cells = [cell for cell in style.cells(found.trials) if cell in found.equations]
    return template.render(
        study=study,
        lead=lead(found),
        verdict=comparisons.verdict(found),
        untested=comparisons.untested(found),
        parts=parts,
        drawn=drawn,
        steps=[(found.datasets[task], step) for task, step in found.steps.items()],
        equations=[(cell, [convert(line) for line in found.equations[cell]]) for cell in cells],
        machines=found.machines.to_html(index=False, border=0),
    )


def lead(found: Frame) -> str:
    """What was done, in a sentence."""
    test = found.confirmed("test")
    return f"{found.trials.key.nunique()} trials of {test.cell.nunique()} cells on {', '.join(found.datasets.values())}."
