"""Tables of a page."""

import re

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report.page import tables
from support.frames import BUDGET, MUSIC, TRAINING

TABLE = pd.DataFrame({
    "cell": ["gru", "<b>"], "nll": [0.1 + 0.2, 2.0], "data": ["Some Music", "Other"], "n": [3, 4],
    "training": TRAINING, "budget": BUDGET,
})  # fmt: skip


def test_what_a_row_is_of_stands_first():
    heads = re.findall(r'<th scope="col">(.*?)</th>', tables.as_html(TABLE, "x"))
    assert heads == ["data", "budget", "training", "cell", "nll", "n"]


def test_cells_name_their_rows_and_texts_are_texts():
    html = tables.as_html(TABLE, 'a "caption"')
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["gru", "&lt;b&gt;"]
    assert "<td>0.3</td><td>3</td></tr>" in html
    assert "<caption>a &quot;caption&quot;</caption>" in html


def test_words_have_a_second_line_and_numbers_have_none():
    table = pd.DataFrame({"data": ["LibriSpeech, 500 samples", "Music"], "lower by": ["0.036 [-0.367, 0.439]", "-"]})
    html = tables.as_html(table, "how")
    assert '<td class="words">LibriSpeech, 500 samples</td><td>0.036 [-0.367, 0.439]</td>' in html
    assert "<td>Music</td>" in html


def test_long_texts_have_several_lines():
    html = tables.as_html(pd.DataFrame({"verdict": ["undecided: " + "gru, " * 20, "better"]}), "x")
    assert html.count('<td class="long">') == 1


def test_rows_of_a_comparison_group_say_it_no_more(hand: Frame):
    rows = tables.of_group(TABLE, hand, MUSIC)
    assert rows is not None
    assert rows.to_dict("list") == {"cell": ["gru"], "nll": [0.1 + 0.2], "n": [3]}
    assert tables.of_group(TABLE, hand, ComparisonGroup("speech", BUDGET, TRAINING)) is None
    assert tables.of_group(TABLE.drop(columns="budget"), hand, MUSIC) is None
