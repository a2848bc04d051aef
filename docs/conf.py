"""Settings of Sphinx, which makes the site; `docs/build.py` starts it."""

from os.path import relpath
from pathlib import Path, PurePosixPath

from docutils import nodes
from figures import shown_width
from sphinx import addnodes
from sphinx.application import Sphinx

project = "gatebench"
html_title = "gatebench"
root_doc = "index"
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # a link's anchor is the one that GitHub makes
suppress_warnings = ["myst.header"]  # tables of results begin with a heading of their own level

default_role = "literal"  # in docstrings, `name` is a name
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True

smartquotes = False  # --name is a flag

html_theme = "furo"
html_show_copyright = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
highlight_language = "text"
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # it would be fetched, which a file cannot
html_permalinks_icon = "#"
html_use_index = True


def _open_in_place(app: Sphinx, doctree: nodes.document) -> None:
    """Make links to files plain ones, which a browser opens: Sphinx would copy each to a folder of downloads."""
    folder = PurePosixPath(app.env.docname).parent
    for node in list(doctree.findall(addnodes.download_reference)):
        target = PurePosixPath(node["reftarget"])
        path = target.relative_to("/") if target.is_absolute() else folder / target
        link = nodes.reference("", "", *node.children, refuri=relpath(path, folder), internal=True)
        node.replace_self(link)


def _show_figures_whole(app: Sphinx, doctree: nodes.document) -> None:
    """Show figures of reports at a size at which their letters can be read."""
    for image in doctree.findall(nodes.image):
        if image["uri"].endswith(".png"):
            image["width"] = f"{shown_width(Path(app.srcdir) / image['uri'])}px"
            image["classes"].append("figure")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add what this site does besides."""
    app.connect("doctree-read", _open_in_place, priority=100)
    app.connect("doctree-read", _show_figures_whole)
    return {"parallel_read_safe": True}
