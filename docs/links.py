"""A hook of mkdocs: what pages link to outside of this folder goes into the site, below ``repository/``.

So a link is written once, relative to the file that it stands in, and works in the repository and on the site. The README's
links are addresses, since PyPI shows it too; on the site they lead to the site's copies.
"""

import re
from collections.abc import Iterator
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?!#|\w+:)([^)#\s]+)")
"""Target of a relative link, without its anchor."""
ADDRESS = re.compile(
    r"(?<=\]\()https://(?:github\.com/gatebench/gatebench/blob|raw\.githubusercontent\.com/gatebench/gatebench)/main/([^)\s]+)"
)
"""Address of a file of this repository, as the README has it, which is also read where its links lead nowhere else."""


def on_files(files: Files, config: Any) -> Files:
    """Add what is linked to, and what that links to in turn."""
    waiting = [_in_repository(file.src_uri) for file in files.documentation_pages()]
    while waiting:
        for target in _targets(waiting.pop()):
            page = _on_site(target)
            if page not in files.src_uris and (ROOT / target).is_file():  # of what is not there, mkdocs will warn
                whole = (ROOT / target).as_posix()
                files.append(File.generated(config, page, abs_src_path=whole, inclusion=InclusionLevel.NOT_IN_NAV))
                waiting += [target] if target.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links of a page, as its place on the site asks."""
    folder = PurePosixPath(page.file.src_uri).parent
    source = _in_repository(page.file.src_uri)
    return LINK.sub(lambda link: relpath(_on_site(_target(source, link[1])), folder), _relative(markdown, source))


def _targets(source: str) -> Iterator[str]:
    return (_target(source, link) for link in LINK.findall(_relative((ROOT / source).read_text(), source)))


def _relative(text: str, source: str) -> str:
    """Return a text whose addresses of files of this repository are relative links."""
    return ADDRESS.sub(lambda link: relpath(link[1], PurePosixPath(source).parent), text)


def _target(source: str, link: str) -> str:
    return normpath(PurePosixPath(source).parent / link)


def _on_site(path: str) -> str:
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def _in_repository(page: str) -> str:
    return page.removeprefix("repository/") if page.startswith("repository/") else f"docs/{page}"
