"""The figures and tables of a report: each drawn from the frame, with its files, by the module that defines it."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from pandas.api.types import is_numeric_dtype

from gatebench.core import registry
from gatebench.core.errors import BadInput, visible
from gatebench.records import names
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import families, style
from gatebench.report.page.drawing import inline_svg
from gatebench.report.words import listed

LAST = 1000
"""Place on the page of a figure that does not state its ``ORDER``."""
TAG = re.compile(r"<(?=[A-Za-z/!?])")
"""How an element of HTML begins."""
MOST_OF_A_TITLE = 70
"""Characters of a data set's title in a figure, which would have no place beside a longer one."""
LINK = re.compile(r"\](?=[(\[])")
"""How the address of a link or of a picture begins in Markdown."""
_DIGITS = 6
"""Digits of a place that are the same in every drawing, as a share of the figure."""
_ROUNDING = 1e-12
"""Relative difference up to which two numbers are the same but for rounding."""


@dataclass(frozen=True)
class PagePart:
    """What the page shows of one figure or table."""

    name: str
    """Name of the module, and of the files without their suffix."""
    title: str
    """Heading on the page."""
    caption: str
    """Text below the figure or table: what it shows and how to read it."""
    notes: list[str]
    """Sentences that stand below the caption as a list."""
    files: list[str]
    """Names of the files in the study's folder, to link to."""
    by_group: bool = False
    """Whether it is about each comparison group alone, so that it stands in the sections of these."""
    drawings: dict[ComparisonGroup, str] = field(default_factory=dict, repr=False)
    """Comparison group -> the figure of it alone, as SVG; empty for a table, and for a figure that is about all of them."""
    drawing: str = field(default="", repr=False)
    """SVG of a figure that is about all comparison groups; empty for a table."""
    table: pd.DataFrame | None = field(default=None, repr=False)
    """The table; None for a figure."""


def modules() -> list[tuple[str, ModuleType]]:
    """Return name and module of every figure and table in their order on the page.

    A module has ``TITLE`` and ``CAPTION``, and either ``table(frame)`` or both ``numbers(frame)`` and
    ``draw(numbers, frame)``. Its place is its ``ORDER``, a number; those that state none stand at the end by name.
    ``NOTES``, a list of sentences, stand below its caption, after those of ``notes(frame)``, which depend on the study.
    The words ``all pairs`` in its caption become the family of contrasts that the study declared; a caption that depends on
    more of the study is what ``caption(frame)`` returns.
    ``BY_GROUP = True`` says that it is about each comparison group alone; the page has it in the sections of these.
    ``files(numbers)`` splits such a figure: what the name of each file ends with -> the numbers in it.
    ``describe(numbers, frame)`` says of a figure what is to be seen in it, for those who do not see it.
    ``BadInput`` if one lacks what it must have.
    """
    loaded = []
    for name, path in registry.available("figures", ".py").items():
        module = registry.load_module("gatebench.report.figures", path)
        missing = [attribute for attribute in ("TITLE", "CAPTION") if not hasattr(module, attribute)]
        if not hasattr(module, "table"):
            missing += [attribute for attribute in ("numbers", "draw") if not hasattr(module, attribute)]
        if missing:
            raise BadInput(
                f"{path} has no {missing[0]}; expected TITLE, CAPTION and either table(frame), or numbers(frame) and "
                "draw(numbers, frame)"
            )
        loaded.append((name, module))
    return sorted(loaded, key=lambda named: (getattr(named[1], "ORDER", LAST), named[0]))


def write(name: str, module: ModuleType, frame: Frame, folder: Path) -> PagePart | None:
    """Write one figure or table with its numbers into a folder, and return what the page shows of it.

    None if the study has nothing for it.
    """
    return _write_table(name, module, frame, folder) if hasattr(module, "table") else _draw(name, module, frame, folder)


def _write_table(name: str, module: ModuleType, frame: Frame, folder: Path) -> PagePart | None:
    table = module.table(frame)
    if table is None:
        return None
    table = _with_texts(table, visible)
    inert(table).to_csv(folder / f"{name}.csv", index=False)
    (folder / f"{name}.md").write_text(_as_markdown(table) + "\n", encoding="utf-8")
    (folder / f"{name}.tex").write_text(_as_latex(table), encoding="utf-8")
    files = [f"{name}.{suffix}" for suffix in ("csv", "md", "tex")]
    return PagePart(
        name, module.TITLE, _caption(module, frame), _notes(module, frame), files, _by_group(module), table=table
    )


def _draw(name: str, module: ModuleType, frame: Frame, folder: Path) -> PagePart | None:
    from matplotlib import pyplot as plt

    numbers = module.numbers(frame)
    if numbers is None:
        return None
    write_numbers(numbers, folder / f"{name}.csv")
    by_group = _by_group(module)
    groups = comparison_groups(numbers) if by_group else []
    whole, files = "", []
    for ending, rows in _files(module, numbers).items():
        figure = _figure(module, rows, frame)
        bounds = _bounds(figure)
        file = f"{name}{ending}"
        figure.savefig(folder / f"{file}.png", bbox_inches=bounds, metadata={"Software": None})
        without_date = {"CreationDate": None, "Creator": None, "Producer": None}
        figure.savefig(folder / f"{file}.pdf", bbox_inches=bounds, metadata=without_date)
        files += [f"{file}.png", f"{file}.pdf"]
        if len(groups) <= 1:
            whole = inline_svg(figure, name, _seen(module, numbers, frame), bounds)
        plt.close(figure)
    part = PagePart(name, module.TITLE, _caption(module, frame), _notes(module, frame), [*files, f"{name}.csv"], by_group)
    if not part.by_group:
        return replace(part, drawing=whole)
    if len(groups) == 1:
        return replace(part, drawings={groups[0][0]: whole})
    return replace(
        part, drawings={group: _drawing(f"{name}-{i}", module, rows, frame) for i, (group, rows) in enumerate(groups)}
    )


def _bounds(figure: Figure) -> Bbox:
    """Lay a figure out and return what it takes up, in inches, with a margin; each format would do both anew."""
    figure.set_dpi(mpl.rcParams["savefig.dpi"])
    figure.draw_without_rendering()
    figure.set_layout_engine(None)
    for part in figure.subfigs:
        _round(part.bbox_relative)
        for axis in part.axes:
            place = axis.get_position()
            _round(place)
            axis.set_position(place)
    return figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])


def _round(place: Bbox) -> None:
    """Round a place in a figure: what a solver lays out differs in its last digits from one drawing to the next."""
    place.set_points(np.round(place.get_points(), _DIGITS))


def _files(module: ModuleType, numbers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what the name of each file of a figure ends with -> the numbers that it shows, whole comparison groups."""
    return module.files(numbers) if _by_group(module) and hasattr(module, "files") else {"": numbers}


def _figure(module: ModuleType, numbers: pd.DataFrame, frame: Frame) -> Figure:
    titles = {task: _literal(_cut(title)) for task, title in frame.datasets.items()}
    return module.draw(_with_texts(numbers, _literal), replace(frame, datasets=titles))


def _drawing(name: str, module: ModuleType, numbers: pd.DataFrame, frame: Frame) -> str:
    """Return the figure of some of its numbers as SVG."""
    from matplotlib import pyplot as plt

    figure = _figure(module, numbers, frame)
    drawing = inline_svg(figure, name, _seen(module, numbers, frame))
    plt.close(figure)
    return drawing


def _by_group(module: ModuleType) -> bool:
    return getattr(module, "BY_GROUP", False)


def _seen(module: ModuleType, numbers: pd.DataFrame, frame: Frame) -> str:
    """Say what is to be seen in a figure: what its module says, or else its title and what is compared in it."""
    if hasattr(module, "describe"):
        return module.describe(numbers, frame)
    where = set(ComparisonGroup._fields) <= set(numbers.columns)
    groups = [frame.title(group) for group, _ in comparison_groups(numbers)] if where else []
    cells = style.cells(numbers) if "cell" in numbers.columns else []
    return ": ".join([module.TITLE, *([listed(groups)] if groups else []), *([listed(cells)] if cells else [])])


def _caption(module: ModuleType, frame: Frame) -> str:
    """Return what stands below a figure or table, with the family of contrasts that the study declared."""
    return families.named(module.caption(frame) if hasattr(module, "caption") else module.CAPTION, frame)


def _notes(module: ModuleType, frame: Frame) -> list[str]:
    return [*(module.notes(frame) if hasattr(module, "notes") else []), *getattr(module, "NOTES", [])]


def write_numbers(numbers: pd.DataFrame, path: Path) -> None:
    """Write the numbers of a figure as CSV, unless the file holds them already but for rounding.

    Processors differ in the last digit of an exponential: a published file stays as it is where nothing else differs.
    """
    text = inert(numbers).to_csv(index=False)
    try:
        current = pd.read_csv(path)
    except (OSError, ValueError):  # there is none, or it is no table
        current = None
    if current is None or not _same_but_for_rounding(pd.read_csv(io.StringIO(text)), current):
        path.write_text(text, encoding="utf-8")


def _same_but_for_rounding(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    if list(a.columns) != list(b.columns) or list(a.dtypes) != list(b.dtypes) or len(a) != len(b):
        return False
    return all(
        np.allclose(a[column], b[column], rtol=_ROUNDING, atol=0, equal_nan=True)
        if a[column].dtype.kind == "f"
        else a[column].equals(b[column])
        for column in a.columns
    )


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of which a spreadsheet computes nothing: an apostrophe stands before what begins like a formula."""
    return _with_texts(table, names.inert)


def _as_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, in which a text of it is neither the end of a cell nor HTML nor a link."""
    table = _with_texts(table, _in_markdown)
    return table.to_markdown(index=False, disable_numparse=True)


def _in_markdown(text: str) -> str:
    text = LINK.sub(r"]\\", TAG.sub("&lt;", " ".join(text.splitlines())))
    return re.sub(r"(\\*)\|", r"\1\1\\|", text)  # a backslash before one that is there would show itself alone


def _as_latex(table: pd.DataFrame) -> str:
    styled = table.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    return styled.to_latex(hrules=True)


def _cut(title: str) -> str:
    return title if len(title) <= MOST_OF_A_TITLE else f"{title[:MOST_OF_A_TITLE]}..."


def _literal(text: str) -> str:
    """Return a text for matplotlib, which takes what stands between two dollars for a formula."""
    return visible(text).replace("$", r"\$")


def _with_texts(table: pd.DataFrame, changed: Callable[[str], str]) -> pd.DataFrame:
    """A table whose texts, names of columns included, are changed."""
    texts = {
        str(name): column.map({text: changed(text) if isinstance(text, str) else text for text in column.unique()})
        for name, column in table.items()
        if not is_numeric_dtype(column)
    }
    return table.assign(**texts).rename(columns=changed)


def in_base64(path: Path) -> str:
    """Return a file as text that a page can carry; ``BadInput`` if it cannot be read."""
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); draw the samples anew: gatebench sample STUDY") from error
