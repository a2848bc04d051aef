"""Blank lines between the rows of a table: asked whether they part sequences, unless a column says it."""

from pathlib import Path

import numpy as np
import pytest

from support import kinds
from support.adding import add, add_table, arrays, asked, refused, same, whole

RANDOM = np.random.default_rng(0)
BLOCKS = [[f"{x:.3f}" for x in RANDOM.standard_normal((length, 2)).ravel()] for length in RANDOM.integers(8, 15, 12)]
SEQUENCES = [np.array(block, float).reshape(-1, 2) for block in BLOCKS]


def written(header: str = "", columns: str = "{x},{y}", between: str = "\n\n") -> str:
    """A table of blocks, of whose rows ``columns`` says how they are written."""
    rows = [
        [columns.format(block=number, t=t, x=x, y=y) for t, (x, y) in enumerate(zip(block[::2], block[1::2], strict=True))]
        for number, block in enumerate(BLOCKS)
    ]
    return header + between.join("\n".join(block) for block in rows) + "\n\n\n"


TABLES = {
    "a header": written("x,y\n"),
    "a blank line below the header": written("x,y\n\n"),
    "no header": written(),
    "times that begin anew": written("t,x,y\n", "{t},{x},{y}"),
    "white space in blank lines": written("x;y\n", "{x};{y}", "\n  \n\t\n"),
    "quoted cells": written("x,y\n", '"{x}","{y}"'),
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_blocks_of_rows_are_asked_about(text: str):
    commands = asked(text)
    assert [command.partition("--name mine ")[2] for command in commands] == ["--sequence blank", "--sequence none"]
    lines = add_table(text, sequence="blank")
    assert "sequences: 12, a block between blank lines each (--sequence none)" in lines
    assert same(arrays(), SEQUENCES)


def test_blocks_may_be_one_series():
    add_table(TABLES["a header"], sequence="none")
    assert whole().tolist() == np.concatenate(SEQUENCES).tolist()


def test_numbers_alone_in_a_text_are_asked_about(home: Path):
    text = written(columns="{x} {y} ")
    (home / "ae.txt").write_text(text)
    assert "blank lines part 127 rows into 12 blocks" in refused(home / "ae.txt")
    add(home / "ae.txt", sequence="blank")
    assert same(arrays(), SEQUENCES)


def test_blocks_of_one_column_are_asked_about():
    text = "x\n" + "\n\n".join("\n".join(block) for block in BLOCKS)
    assert "--sequence blank" in asked(text)[0]
    add_table(text, sequence="blank")
    assert same(arrays(), [np.array(block, float)[:, None] for block in BLOCKS])
    lines = add_table(text, "series", missing="last")
    assert any(line.startswith("missing: 11 of 265 in column x") for line in lines)


def test_blocks_of_the_files_of_a_split_stay_in_it(home: Path):
    (home / "x").mkdir()
    for split in ("train", "test"):
        (home / "x" / f"{split}.csv").write_text(TABLES["times that begin anew"])
    lines = add(home / "x", sequence="blank")
    assert any(line.startswith("split: as given, train 12, test 12") for line in lines)


def test_blank_lines_say_nothing_where_columns_say_more(home: Path):
    days = [f"{day.date()},{y}" for day, y in zip(kinds.DAYS, kinds.Y, strict=True)]
    add_table("\n".join(["day,y", *days[:50], "", *days[50:90], "", *days[90:]]), "time")
    assert whole("time")[:, 0].tolist() == kinds.Y.tolist()
    lines = add_table(written("run,t,x,y\n", "{block},{t},{x},{y}"), "key")
    assert any(line.startswith("sequences: 12, by column run") for line in lines)
    texts = [f'"{y}","a\n\nb{i}"' for i, y in enumerate(kinds.Y)]
    add_table("\n".join(["y,note", *texts]), "quoted")
    assert whole("quoted")[:, 0].tolist() == kinds.Y.tolist()
    assert "--sequence blank is no column" in refused(home / "x.csv", "other", sequence="blank")
