"""The gallery of figures: every figure and table of a report, each with an example from a published study."""

import re
from html import escape
from pathlib import Path
from types import ModuleType

from links import ROOT

from gatebench.report import style
from gatebench.report.page import parts

STUDIES = ["fair", "answer", "own", "chung2014", "speech", "jsb", "table2"]
"""Published studies, in the order in which an example is looked for."""
ROWS = 6
"""Lines of an example of a table, its head included."""
LETTERS = 11.1
"""Size of the smallest letters of a figure as the pages show it, in pixels."""


def page() -> str:
    """Return the page as Markdown."""
    modules = [(name, module) for name, module in parts.modules()]
    lines = [
        "# Gallery of figures", "",
        f"{len(modules)} figures and tables; a report has those that its study has something for. Each is one file in",
        "`bench/gatebench/report/figures/`. [Add a figure](figure.md) says how one of yours gets here.", "",
        ", ".join(f"[{name}](#{name})" for name, _ in modules), "",
    ]  # fmt: skip
    return "\n".join([*lines, *(line for name, module in modules for line in _part(name, module))])


def _part(name: str, module: ModuleType) -> list[str]:
    return [f"## {name}", "", f"**{escape(module.TITLE)}.** {escape(module.CAPTION)}", "", *_example(name, module.TITLE)]


def shown_width(figure: Path) -> int:
    """Return how wide a figure of a report is shown, in pixels: a page that is narrower scrolls it."""
    width = int.from_bytes(figure.read_bytes()[16:20], "big")  # where PNG has it
    return round(width * LETTERS / (style.SMALLEST * style.SETTINGS["savefig.dpi"] / 72))


def _example(name: str, title: str) -> list[str]:
    for study in STUDIES:
        folder = ROOT / "results" / study
        from_report = f"From [the report of `{study}`](repository/results/{study}/report.html#{name})."
        if (folder / f"{name}.png").is_file():
            picture = f"repository/results/{study}/{name}.png"
            alt = f"{escape(title)}: the figure of the study {study}"
            width = shown_width(folder / f"{name}.png")
            return [
                f'<p><img class="figure" src="{picture}" alt="{alt}" width="{width}" loading="lazy"></p>',
                "",
                from_report,
                "",
            ]
        if (folder / f"{name}.md").is_file():
            table = (folder / f"{name}.md").read_text().splitlines()
            more = f"{len(table) - ROWS} more rows are left out. " if len(table) > ROWS else ""
            return [*(re.sub(r"-{4,}", "---", row) for row in table[:ROWS]), "", f"{more}{from_report}", ""]
    return ["No published study has something for it.", ""]
