"""The site: ``python docs/build.py [FOLDER]`` makes it of the pages of this folder, of what they link to, and of the code.

Nothing is fetched, and a warning is an error.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import figures
import gallery
import links
import reference
from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
FIRST, README = "index.md", "repository/README.md"
PARTS = {
    "The answer": ["repository/README", "answers", "field", "table2"],
    "Tutorials": ["tutorial-data", "tutorial-chung", "cell"],
    "How to": ["own-data", "studies", "dataset", "figure", "slurm", "scaling"],
    "Reference": ["commands", "settings", "columns", "api", "results"],
    "How it works": ["protocol", "statistics", "engine", "speed", "robustness"],
    "Galleries": ["cells", "figures"],
}
"""The contents: part -> its pages, in their order."""


def main(out: Path) -> int:
    """Build the site in a folder; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        made = {
            "api.md": reference.api(),
            "cells.md": gallery.page(),
            "columns.md": reference.columns(),
            "commands.md": reference.commands(),
            "figures.md": figures.page(),
            "settings.md": reference.settings(),
        }
        pages, files = links.collect(made)
        listed = {f"{page}.md" for part in PARTS.values() for page in part} | {FIRST}
        # The first page is called gatebench already.
        pages[README] = pages[README].replace("# gatebench", "# The answer in brief", 1)
        if missing := listed - set(pages):
            raise SystemExit(f"docs/build.py names pages that are not there: {sorted(missing)}")
        for page, text in pages.items():
            path = source / page
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + _contents() if page == FIRST else text if page in listed else _aside(page, text))
        for file in files:
            path = source / links.on_site(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(links.ROOT / file)
        shutil.rmtree(out, ignore_errors=True)
        app = Sphinx(
            source, HERE, out, Path(folder) / "doctrees", "html", status=None, warning=sys.stderr, warningiserror=True,
        )  # fmt: skip
        app.build()
        for file in files:
            path = out / links.on_site(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(links.ROOT / file, path)
        return app.statuscode


def _contents() -> str:
    """Return what makes the contents at the side; it stands here and not in a page, which GitHub shows as well."""
    parts = [[f"```{{toctree}}\n:hidden:\n:caption: {part}\n", *pages, "```\n"] for part, pages in PARTS.items()]
    return "\n" + "\n".join(line for part in parts for line in part)


def _aside(page: str, text: str) -> str:
    """Return a page that the contents do not name: it says so, and has a heading."""
    heading = "" if text.lstrip().startswith("# ") else f"# {page.removeprefix('repository/')}\n\n"
    return f"---\norphan: true\n---\n\n{heading}{text}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else links.ROOT / "site").resolve()))
