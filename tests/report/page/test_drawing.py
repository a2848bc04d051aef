"""A figure inside a page: what is drawn stays, its colours are the page's, its names nobody else's."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from gatebench.report import style
from gatebench.report.page.drawing import MANY, SMALLEST, inline_svg


@pytest.fixture(autouse=True)
def styled():
    with plt.rc_context():
        style.apply_style()
        yield
    plt.close("all")


def figure(count: int = 3, title: str = "On <b>music</b> & speech") -> Figure:
    drawn, axis = plt.subplots(figsize=(4, 3))
    axis.plot(range(count), range(count), ls="", marker="s", color="#0072B2", mec="#ffffff")
    axis.plot([0, 1], [1, 0], color="#000000")
    axis.set_title(title, fontsize=8)
    return drawn


def test_words_are_words_and_harm_nobody():
    root = ElementTree.fromstring(inline_svg(figure(), "one", 'a "b" <c>'))
    texts = [text.text for text in root.iter("text")]
    assert "On <b>music</b> & speech" in texts
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "b" <c>')
    assert not any("{" in element.tag or "xlink" in name for element in root.iter() for name in element.attrib)
    assert not list(root.iter("metadata"))
    assert not list(root.iter("style"))


@pytest.mark.parametrize("points", [6, 8])
def test_it_is_as_large_as_its_smallest_letters_ask(points: int):
    drawn = figure()
    drawn.axes[0].title.set_fontsize(points)
    root = ElementTree.fromstring(inline_svg(drawn, "one", "x"))
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    scale = SMALLEST / points
    assert SMALLEST >= 11
    assert (float(root.attrib["width"]), float(root.attrib["height"])) == pytest.approx(
        (scale * width, scale * height), abs=0.5
    )


def test_black_and_white_are_the_colours_of_the_page_and_others_stay():
    text = inline_svg(figure(), "one", "x")
    assert "stroke:currentColor" in text
    assert "var(--paper)" in text
    assert "#0072b2" in text
    assert not re.search("#000000|#262626|#ffffff", text)


def test_letters_that_are_quiet_are_those_of_the_page():
    """Grey on a dark page has a contrast of 3, of which WCAG asks for 4.5."""
    drawn, axis = plt.subplots()
    style.absent(axis, "nothing to compare")
    (text,) = (text for text in ElementTree.fromstring(inline_svg(drawn, "one", "x")).iter("text"))
    assert "fill:var(--quiet)" in text.attrib["style"]


def test_names_are_of_one_figure_alone_and_lead_somewhere():
    texts = [inline_svg(figure(), name, "x") for name in ("one", "two")]
    names = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    assert names[0]
    assert not names[0] & names[1]
    for text, there in zip(texts, names, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) == there


def test_marks_stand_where_matplotlib_put_them():
    root = ElementTree.fromstring(inline_svg(figure(), "one", "x"))
    squares = [use for use in root.iter("use") if "#0072b2" in use.get("style", "")]
    x, y = (np.array([float(use.attrib[name]) for use in squares]) for name in "xy")
    assert len(squares) == 3
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0], atol=0.2)
    assert (np.diff(y) < 0).all()
    assert all(re.fullmatch(r"-?\d+\.\d", use.attrib[name]) for use in squares for name in "xy")


def test_very_many_marks_are_one_image():
    root = ElementTree.fromstring(inline_svg(figure(MANY + 1), "one", "x"))
    (image,) = root.iter("image")
    assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/=]+", image.attrib["href"])
    assert not [use for use in root.iter("use") if "#0072b2" in use.get("style", "")]
    assert not list(ElementTree.fromstring(inline_svg(figure(MANY), "one", "x")).iter("image"))


def test_a_figure_twice_is_the_same():
    assert inline_svg(figure(), "one", "x") == inline_svg(figure(), "one", "x")
