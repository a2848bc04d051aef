"""A figure of matplotlib as SVG inside a page: small, in the page's colours, with words for what is seen."""

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from gatebench.core.errors import visible
from gatebench.report import style

SMALLEST = 11.2
"""How large a figure is shown: its smallest letters have so many pixels."""
COLOURS = {
    "#000000": "currentColor", "#262626": "currentColor", "#ffffff": "var(--paper)", "#ededed": "var(--band)",
    to_hex(style.QUIET): "var(--quiet)",
}  # fmt: skip
"""Colours of matplotlib that are the page's: of letters and axes, of what is behind them, of a band of no difference."""
SETTINGS = {"svg.fonttype": "none", "path.simplify_threshold": 0.5}
"""Letters stay letters, which a reader can search for; a curve has no more points than can be seen."""
MANY = 2000
"""Number of marks from which on they are an image within the figure: as shapes, each would be a line of the page."""
_NAMESPACE = re.compile(r"\{[^}]*\}")
_DECIMALS = re.compile(r"(-?\d+\.\d)\d+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
_FONT = re.compile(r"font-family:[^;]*;?")
_FONT_SIZE = re.compile(r"font-size:([\d.]+)px")
_UNTURNED = "rotate(-0 "
_INHERITED = {"fill-opacity: 1", "stroke-opacity: 1", "stroke-linejoin: round", "stroke-linejoin: miter"}


def inline_svg(figure: Figure, name: str, seen: str, bounds: Bbox | None = None) -> str:
    """Return a figure as an element of HTML.

    Parameters
    ----------
    figure
        What matplotlib has drawn.
    name
        Of letters, digits and hyphens, another one for each figure of a page: names within the figure begin with it.
    seen
        What is to be seen in it, for those who do not see it.
    bounds
        What it takes up, in inches; None: to be measured.

    """
    for line in figure.findobj(Line2D):
        if isinstance(line, Line2D) and line.get_linestyle() == "None" and len(np.atleast_1d(line.get_xdata())) > MANY:
            line.set_rasterized(True)
    buffer = io.BytesIO()
    with rc_context(SETTINGS):  # pyright: ignore[reportArgumentType]
        without_date = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", bbox_inches=bounds, metadata=without_date)
    root = ElementTree.fromstring(buffer.getvalue())
    _simplify(root)
    _rename(root, name)
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    scale = SMALLEST / min((_size(text) for text in root.iter("text")), default=SMALLEST)
    root.attrib = {
        "class": "drawing",
        "role": "img",
        "aria-label": visible(seen),
        "viewBox": root.attrib["viewBox"],
        "width": f"{scale * width:.0f}",
        "height": f"{scale * height:.0f}",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _size(text: Element) -> float:
    """Return the size of a text's letters in points."""
    sizes = [float(size) for part in text.iter() for size in _FONT_SIZE.findall(part.get("style", ""))]
    return min(sizes, default=SMALLEST)


def _simplify(element: Element) -> None:
    """Leave out of an element and all in it what nothing is drawn from, and the digits that nobody sees."""
    element.tag = _NAMESPACE.sub("", element.tag)
    named = {_NAMESPACE.sub("", name): value for name, value in element.attrib.items()}
    attributes = {name: _attribute(name, value) for name, value in named.items()}
    element.attrib = {name: value for name, value in attributes.items() if value and not value.startswith(_UNTURNED)}
    if element.tag not in ("text", "tspan"):
        element.text = None
    element.tail = None
    for child in list(element):
        _simplify(child)
    element[:] = list(_without_wrapping(element))


def _without_wrapping(element: Element) -> Iterator[Element]:
    """Return the children of an element, those of a group that says nothing in its place."""
    for child in element:
        if child.tag in ("metadata", "style") or (child.tag in ("defs", "g") and not len(child)):
            continue
        if child.tag == "g" and not set(child.attrib) - {"id"}:
            yield from child
        else:
            yield child


def _attribute(name: str, value: str) -> str:
    if name == "style":
        return _style(value)
    if name == "href":
        return "".join(value.split())  # an image has line breaks
    return value if name in ("id", "viewBox") else _DECIMALS.sub(r"\1", " ".join(value.split()))


def _style(value: str) -> str:
    """Return a style with the page's colours and letters, without what holds anyway."""
    rules = (rule.strip() for rule in _FONT.sub("", value).split(";"))
    shown = [_DECIMALS.sub(r"\1", rule) if "opacity" not in rule else rule for rule in rules if rule not in _INHERITED]
    text = ";".join(re.sub(r": +", ":", rule) for rule in shown if rule)
    return re.sub(r"#[0-9a-f]{6}", lambda colour: COLOURS.get(colour[0], colour[0]), text)


def _rename(root: Element, prefix: str) -> None:
    """Give what is referred to names that no other figure of the page has, and take them from all else."""
    used = [reference for element in root.iter() for reference in _references(element)]
    names = {old: f"{prefix}-{i}" for i, old in enumerate(dict.fromkeys(used))}
    for element in root.iter():
        if "id" in element.attrib:
            old = element.attrib.pop("id")
            element.attrib |= {"id": names[old]} if old in names else {}
        for attribute, value in element.attrib.items():
            if attribute != "id":
                element.attrib[attribute] = _REFERENCE.sub(
                    lambda match: match[0].replace(match[1] or match[2], names[match[1] or match[2]]), value
                )


def _references(element: Element) -> Iterator[str]:
    for value in element.attrib.values():
        for match in _REFERENCE.finditer(value):
            yield match[1] or match[2]
