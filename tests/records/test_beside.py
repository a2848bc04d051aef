"""What others made of a study's tasks: tables in a folder, which are read whole or refused."""

from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.records import beside

ROWS = "task,method,metric,repetition,value,seconds\nmusic,mine,accuracy,1,0.5,3\nmusic,mine,accuracy,2,1,4\n"


def write(results: Path, name: str, text: str) -> None:
    file = beside.folder(results, "hand") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_files_are_read_in_order_and_columns_of_their_own_are_left_out(tmp_path: Path):
    assert beside.read(tmp_path, "hand").empty
    assert list(beside.read(tmp_path, "hand")) == beside.COLUMNS
    write(tmp_path, "b.csv", ROWS)
    write(tmp_path, "a.csv", "value,task,method,metric,repetition\n2,speech,theirs,mae,1\n")
    rows = beside.read(tmp_path, "hand")
    expected = [
        ("speech", "theirs", "mae", 1, 2.0), ("music", "mine", "accuracy", 1, 0.5), ("music", "mine", "accuracy", 2, 1.0),
    ]  # fmt: skip
    pd.testing.assert_frame_equal(rows, pd.DataFrame(expected, columns=beside.COLUMNS))


WRONG = {
    "a column is missing": ("task,method,metric,value\nmusic,mine,accuracy,1\n", "no table of scores"),
    "a word for a number": (ROWS.replace("0.5", "half"), "no table of scores"),
    "a number is missing": (ROWS.replace("0.5", ""), "a row without a number"),
    "nothing": ("", "no table of scores"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_table_of_scores_is_refused(tmp_path: Path, what: str):
    text, message = WRONG[what]
    write(tmp_path, "a.csv", text)
    with pytest.raises(BadInput, match=f"a.csv .*{message}"):
        beside.read(tmp_path, "hand")
