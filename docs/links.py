"""What stands on the site, and where: a link is written once, relative to its file, and works in the repository and there.

The pages of this folder stand at the top of the site. What they link to outside of it stands below ``repository/``, pages as
pages and all else as the file that it is. The README's links are addresses, since PyPI shows it too; on the site they lead
to the site's copies. A link to a source that a page is made from (`MADE_FROM`) leads to that page.
"""

import re
from collections.abc import Iterator
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?!#|\w+:)([^)#\s]+)")
"""Target of a relative link, without its anchor."""
ADDRESS = re.compile(
    r"(?<=\]\()https://(?:github\.com/gatebench/gatebench/blob|raw\.githubusercontent\.com/gatebench/gatebench)/main/([^)\s]+)"
)
"""Address of a file of this repository, as the README has it, which is also read where its links lead nowhere else."""
MADE_FROM = {
    "bench/gatebench/__init__.py": "api.md",
    "bench/gatebench/cli/parser.py": "commands.md",
    "bench/gatebench/graph/catalogue.py": "cells.md",
    "bench/gatebench/records/columns.py": "columns.md",
    "bench/gatebench/report/page/parts.py": "figures.md",
    "conf/config.yaml": "settings.md",
}
"""Source of this repository -> the page that is made from it and its like at each build."""
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
"""Code of a page, in which nothing is a link."""


def collect(made: dict[str, str]) -> tuple[dict[str, str], set[str]]:
    """Return the pages of the site, place -> text with links that fit it, and the paths of other files that they link to.

    ``made`` are the pages that are made at this build, place -> text with links relative to the site's top.
    """
    texts = {on_site(path.relative_to(ROOT).as_posix()): path.read_text() for path in (ROOT / "docs").glob("*.md")}
    waiting, files = (
        list(texts),
        {_in_repository(link) for text in made.values() for link in _linked(text) if _is_file(link)},
    )
    while waiting:
        source = _in_repository(waiting.pop())
        for target in _targets(source):
            page = on_site(target)
            if target in MADE_FROM or page in texts or not (ROOT / target).is_file():
                continue  # of what is not there, Sphinx will warn
            if target.endswith(".md"):
                texts[page] = (ROOT / target).read_text()
                waiting.append(page)
            else:
                files.add(target)
    return {page: _placed(text, page) for page, text in texts.items()} | made, files


def _is_file(link: str) -> bool:
    return link.startswith("repository/") and (ROOT / _in_repository(link)).is_file() and not link.endswith(".md")


def _linked(text: str) -> list[str]:
    """Return what a page at the site's top refers to, in Markdown and in the sources of its pictures."""
    return [*LINK.findall(text), *re.findall(r'src="(repository/[^"]+)"', text)]


def _placed(text: str, page: str) -> str:
    """Return the text of a page with its links as its place on the site asks."""
    source, folder = _in_repository(page), PurePosixPath(page).parent
    relative = _relative(text, source)
    placed = LINK.sub(lambda link: relpath(on_site(_target(source, link[1])), folder), FENCE.sub(_shielded, relative))
    return placed.replace("]\0(", "](")


def _shielded(fence: re.Match[str]) -> str:
    return fence[0].replace("](", "]\0(")


def _targets(source: str) -> Iterator[str]:
    text = FENCE.sub("", _relative((ROOT / source).read_text(), source))
    return (_target(source, link) for link in LINK.findall(text))


def _relative(text: str, source: str) -> str:
    """Return a text whose addresses of files of this repository are relative links."""
    return ADDRESS.sub(lambda link: relpath(link[1], PurePosixPath(source).parent), text)


def _target(source: str, link: str) -> str:
    return normpath(PurePosixPath(source).parent / link)


def on_site(path: str) -> str:
    """Return where a file of this repository stands on the site."""
    if path in MADE_FROM:
        return MADE_FROM[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def _in_repository(page: str) -> str:
    return page.removeprefix("repository/") if page.startswith("repository/") else f"docs/{page}"
