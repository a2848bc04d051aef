"""The drawing of a cell: everything in it, nothing over anything else."""

import re
from xml.etree import ElementTree

import pytest

from gatebench.core import registry
from gatebench.graph import diagram, trace

SVG = "{http://www.w3.org/2000/svg}"
NAMES = list(registry.available("cells", ".py"))


def drawn(name):
    return ElementTree.fromstring(diagram.svg(trace.load(name)))


def texts(root):
    return ["".join(text.itertext()).replace("\u200b", "") for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", NAMES)
def test_every_matrix_state_and_row_is_drawn(name):
    graph, words = trace.load(name), texts(drawn(name))
    for parameter in graph.parameters:
        assert any(parameter.replace("_", "") in word.replace("_", "") for word in words), parameter
    for state in graph.states:
        assert f"{state}t" in words
        assert (f"{state}t−1" in words) == any(node.op == "state" and node.label == state for node in graph.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_boxes_lie_within_the_drawing_and_not_on_one_another(name):
    root = drawn(name)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [[float(box.attrib[side]) for side in ("x", "y", "width", "height")] for box in root.iter(f"{SVG}rect")]
    for x, y, w, h in boxes:
        assert 0 <= y <= y + h <= height
        assert -w <= x <= x + w <= width + w
    rows = [(x + w / 2, y) for x, y, w, h in boxes]
    for i, (x, y) in enumerate(rows):
        assert all(abs(y - other_y) >= diagram.HEIGHT for other_x, other_y in rows[:i] if abs(x - other_x) < 1)
    for i, (x, y, w, h) in enumerate(boxes):
        assert [
            1 for at, top, wide, high in boxes[:i] if x < at + wide and at < x + w and y < top + high and top < y + h
        ] == []


@pytest.mark.parametrize("name", NAMES)
def test_letters_can_be_read(name):
    """Whether they have room in their boxes, a browser tells: ``tests/cluster/test_site.py``."""
    sizes = [float(part.attrib["font-size"]) for part in drawn(name).iter() if "font-size" in part.attrib]
    assert len(sizes) > 3
    assert min(sizes) >= 11


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_reached_from_what_goes_in(name):
    """Each box but inputs and states has a line that ends in it."""
    root = drawn(name)
    ends = {tuple(map(int, re.findall(r"-?\d+", path.attrib["d"])[-2:])) for path in root.iter(f"{SVG}path")}
    sources = {text for text in texts(root) if text.endswith("t−1") or text.startswith("xt")}
    graph = trace.load(name)
    inner = [i for i, node in enumerate(graph.nodes) if any(graph.nodes[a].op not in diagram.INSIDE for a in node.args)]
    assert sources
    assert len(ends) >= len(inner) + len(graph.updates)
