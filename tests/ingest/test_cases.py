"""Inputs of users' kinds, which lie beside the real data: each is read as it is meant, or one line says what to do."""

import os
import re
import shlex
import warnings
from pathlib import Path

import pytest

from gatebench.cli.parser import command_line_parser
from gatebench.core.errors import BadInput
from gatebench.data import cards

pytestmark = pytest.mark.data

CASES = Path(os.environ.get("GATEBENCH_DATA", ".")).resolve().parent / "cases"
TABLES, OTHER = "tables", "other/add"

# path, options -> sequences and steps of all splits, width of a step; then what is said, as patterns
READ: dict[str, tuple[int, int, int, list[str]]] = {
    "tables/X_2d.npy": (3, 40, 20, [r"one series of 40 steps of 20 column\(s\) \(40 series of 20 steps: --series-a-row"]),
    "tables/X_2d.npy --series-a-row --padding keep": (40, 800, 1, ["sequences: 40 of at most 20 steps"]),
    "tables/X_y_names.npz --padding cut": (40, 531, 2, ["target: y, a label of 2 classes"]),
    "tables/age_per_sequence.csv --label age": (40, 1200, 2, ["target: age, a label of 8 classes", "copies apart"]),
    "tables/bom.csv": (5, 120, 1, ["columns: größe"]),
    "tables/booleans.csv": (5, 120, 2, ["columns: open, y"]),
    "tables/category_covariate.csv": (5, 120, 4, [r"categories: weather of 3 \(rain, sun, fog\), one-hot \(--without"]),
    "tables/comment_header.csv": (5, 120, 1, ["comments: 2 line"]),
    "tables/constant_column.csv": (5, 120, 1, ["left out: site, which is 7 everywhere"]),
    "tables/date_and_hour.csv": (5, 120, 1, ["order: by columns date, hour"]),
    "tables/date_index.parquet": (5, 120, 1, ["order: by column date"]),
    "tables/date_named_ds.csv": (5, 120, 1, ["order: by column ds"]),
    "tables/date_named_month.csv": (5, 120, 1, ["order: by column month"]),
    "tables/date_quarter.csv": (5, 120, 1, [r"order: by column date \(--order COLUMN\), quarters"]),
    "tables/decimal_comma_iso.csv": (5, 120, 1, ["numbers: y, numbers with a decimal comma"]),
    "tables/demand.csv": (20, 600, 2, [r"columns: load, temp"]),
    "tables/duplicate_times.csv --order none": (5, 120, 1, []),
    "tables/empty_column.csv": (5, 120, 1, ["left out: empty, which is empty"]),
    "tables/first_axis_channels.npz": (40, 531, 2, ["sequences: 40 of at most 20 steps of 1 column"]),
    "tables/frame.csv.gz": (5, 120, 1, []),
    "tables/frame.feather": (5, 120, 1, []),
    "tables/gap_in_time.csv --gaps keep": (5, 120, 1, ["gaps: steps of 1, but 1 of up to 141"]),
    "tables/har": (24, 960, 3, ["folders: run 12, walk 12, which are the classes"]),
    "tables/index_column.csv": (5, 120, 1, ["which counts the steps"]),
    "tables/integer_codes.csv --codes state": (5, 120, 6, ["categories: state of 5"]),
    "tables/label_only_at_end.csv": (5, 120, 1, ["left out: fault, constant in train"]),
    "tables/labels_dirty.csv --label activity": (
        40, 800, 2, [r"^classes: train .*run \d+", r"' Walk' and 'walk' differ only in case or spaces"],
    ),
    "tables/latin1.csv": (5, 120, 1, ["encoding: Latin-1", "columns: größe"]),
    "tables/list_column.parquet --label label": (40, 531, 2, ["sequences: 40, a row each"]),
    "tables/lists.jsonl --label label": (40, 531, 2, ["sequences: 40, a row each"]),
    "tables/many_tiny.csv": (200, 500, 1, ["left out: 100 of 300 sequences, of fewer than 2 steps"]),
    "tables/missing_empty.csv --missing mask": (5, 120, 2, ["missing: 3 of 120 in column y", "beside says where"]),
    "tables/missing_NA.csv --missing last": (5, 120, 1, ["missing: 3 of 120 in column y, filled with the value before"]),
    "tables/missing_question.csv --missing drop": (5, 117, 1, ["3 rows are dropped"]),
    "tables/missing_minus999.csv --na=-999 --missing last": (5, 120, 1, ["missing: 3 of 120"]),
    "tables/nine_sequences_labelled.csv --label ill": (9, 540, 2, ["note: test has no '1'"]),
    "tables/notes.csv": (5, 120, 1, ["left out: notes"]),
    "tables/padded_nan.npz": (40, 531, 2, ["padding: NaN at the end of 35 of 40 sequences is cut off"]),
    "tables/panel_symbol.csv": (9, 120, 1, ["sequences: 3, by column symbol"]),
    "tables/panel_unit_number.csv": (12, 480, 1, ["sequences: 12, by column unit", "order: by column cycle"]),
    "tables/percent_unit.csv": (5, 120, 1, ["numbers with % behind them"]),
    "tables/semicolon_decimal_comma.csv": (5, 120, 2, ["dates, the day first", "wert, numbers with a decimal comma"]),
    "tables/sheet.xlsx": (5, 120, 1, ["order: by column date"]),
    "tables/split_column.csv --label y": (40, 800, 2, ["split: as given, train 28, test 12"]),
    "tables/timezones.csv": (5, 120, 1, ["order: by column time"]),
    "tables/unsorted_unnamed_time.csv --order ds": (5, 120, 1, ["order: by column ds"]),
    "tables/utf16.csv": (5, 120, 1, ["encoding: UTF-16"]),
    "tables/whitespace.csv": (5, 120, 1, ["header: none"]),
    "tables/wide_column_a_series.csv": (5, 120, 4, [r"series: one, of 4 columns \(4 series: --series-a-column\)"]),
    "tables/wide_row_a_series.csv --label label --series-a-row": (40, 1200, 2, ["sequences: 40, a row each, of 30 steps"]),
    "tables/wide_row_a_series.tsv --label column0 --series-a-row": (40, 1200, 2, ["sequences: 40, a row each, of 30"]),
    "tables/truth/nothing.csv --label label": (150, 3000, 2, ["target: label, a label of 2 classes"]),
    "tables/truth/order.csv --label first": (300, 9000, 3, ["target: first, a label of 2 classes"]),
    "tables/truth/random_walk.csv": (30, 3000, 1, []),
    "tables/truth/season24.csv": (30, 2400, 1, []),
    "tables/truth/subjects.csv --label ill": (168, 3360, 4, ["split: by group, 112/28/28"]),
    "tables/truth/trend_season.csv": (24, 720, 1, []),
    "other/add/words_ok.csv": (40, 800, 1, ["kind: symbols of 6"]),
    "other/add/words_null.csv": (40, 800, 1, ["kind: symbols of 6"]),
    "other/add/words_number.csv": (40, 800, 1, ["kind: symbols of 7"]),
    "other/add/c_nohead.csv": (5, 120, 2, ["header: none, so that columns are called column0 to column1"]),
    "other/add/c_semi.csv": (12, 480, 1, ["x, numbers with a decimal comma"]),
    "other/add/c_semi1.csv": (17, 480, 2, ["x, numbers with a decimal comma"]),
    "other/add/c_thou.csv --decimal point": (12, 480, 1, ["with commas between thousands"]),
    "other/add/c_tab.csv": (5, 100, 1, ["by column id"]),
    "other/add/c_latin.csv": (5, 101, 1, ["encoding: Latin-1", "left out: größe"]),
    "other/add/c_neg.csv": (7, 200, 1, [r"kind: symbols, since .* whole numbers \(--as reals\)"]),
    "other/add/t_latin1.txt": (57, 7000, 1, ["encoding: Latin-1"]),
    "other/add/t_utf16.txt": (57, 7000, 1, ["encoding: UTF-16"]),
    "other/add/t_bom.txt": (39, 4800, 1, ["kind: symbols of 9"]),
    "other/add/t_emoji.txt": (44, 5400, 1, ["characters: code points, of which 3 are marks that join others"]),
    "other/add/t_ar.txt": (70, 8700, 1, ["kind: symbols of 13"]),
    "other/add/t_crlf.txt": (49, 6000, 1, ["kind: symbols of 8"]),
    "other/add/t_line.txt": (2813, 360000, 1, ["window: 128 steps"]),
    "other/add/m_type2": (25, 600, 88, ["sequences: 5, a file each, or an independent track of one"]),
    "other/add/m_trip": (5, 101, 88, ["timing: 67% of onsets are moved by more than a tenth of a step .*--step 0.0833333"]),
    "other/add/m_trunc --skip-bad": (5, 120, 88, ["left out: .*a.mid cannot be read as MIDI"]),
    "other/add/n_bool.npy": (13, 400, 3, ["kind: binary"]),
    "other/add/n_f16.npy": (13, 400, 2, ["kind: reals"]),
    "other/add/n_nan.npy": (5, 100, 1, ["padding: NaN at the end of 1 of 1"]),
}  # fmt: skip
REFUSED: dict[str, str] = {
    "tables/X_y_names.npz": "35 of 40 sequences end in steps that are all 0.*--padding cut`; or .*--padding keep`",
    "tables/age_per_sequence.csv": "column age has one value a sequence.*--label age`",
    "tables/date_named_ds.csv --label ds": "120 of the 120 classes of the label occur once",
    "tables/date_named_month.csv --label month": "120 of the 120 classes of the label occur once",
    "tables/duplicate_times.csv": "60 times stand in several rows, at most 2; .*--sequence COLUMN.*--order none",
    "tables/frame.pkl": "is a pickle, which could run code.*convert it: python3 -c",
    "tables/list.pkl": "is a pickle, which could run code.*convert it: python3 -c",
    "tables/gap_in_time.csv": "1 of up to 141; choose one: .*--gaps cut`.*--gaps keep`.*--with-steps`",
    "tables/integer_codes.csv": r"5 different whole numbers \(100, .*--codes state`; or amounts: .*--numbers state`",
    "tables/label_only_at_end.csv --label fault": "the split 'train' has no '1' of the label, .*: train 0 84, 1 0; valid",
    "tables/missing_empty.csv": r"row 6, column y .*\(as row 61, row 62\); missing are 3 of 120.*--missing last.*mask",
    "tables/missing_minus999.csv": "-999 in 3 rows, far from all other.*--na=-999 --missing last`; or .*--na none`",
    "tables/object_array.npy": r"holds Python objects, which could run code.*np.savez\(file, \*sequences\)",
    "tables/three_sequences_one_label_each.csv --label kind": "3 of the 3 classes of the label occur once",
    "tables/time_restarts.csv": "20 times stand in several rows, at most 15; .*--sequence COLUMN",
    "tables/unsorted_unnamed_time.csv": "column ds has numbers that are all different.*--order ds`; or .*--order none",
    "tables/wide_row_a_series.csv": "40 rows of 30 like .*40 series of 30 steps, labelled by label: .*--series-a-row`",
    "tables/wide_row_a_series.csv --label label": "40 series of 30 steps, labelled by label: .*--label label --series",
    "tables/truth/persons_number.csv --label ill": "column person has one value a sequence.*--group person --label ill`",
    "other/add/c_thou.csv": "9,417 is 9.417: .*--decimal comma`; or 9,417 is 9417: .*--decimal point`",
    "other/add/c_dup.csv": "several columns called x; expected a name for each",
    "other/add/c_inf.csv": "row 6, column x .* infinite",
    "other/add/c_huge.csv": r"row 1, column x has 1e\+308, which is too large to be squared",
    "other/add/c_nul.csv": "line 2 has a NUL byte",
    "other/add/c_quote.csv": "string starting at row 1",
    "other/add/c_ragged.csv": "2 fields in line 3, saw 3",
    "other/add/c_head.csv": "has 0 rows of the columns a, b",
    "other/add/c_zero.csv": "c_zero.csv is empty",
    "other/add/t_one.txt": "has 1 character.*expected at least 40",
    "other/add/t_short.txt": "has 24 character.*expected at least 40",
    "other/add/t_same.txt": "but one symbol in train",
    "other/add/t_zero.txt": "t_zero.txt is empty",
    "other/add/t_nul.txt": "line 1 has a NUL byte",
    "other/add/t_surr.txt": r"is no text in UTF-8 \(near byte 4\)",
    "other/add/m_tpb0": "has 0 ticks in a quarter note",
    "other/add/m_hang": "has no notes",
    "other/add/m_long": "time steps; expected at most 100,000",
    "other/add/m_high": "no note between the pitches 21 and 108",
    "other/add/m_drums": "no notes but those of drums; read them as keys, --drums",
    "other/add/m_drums --drums": "all 88 columns are constant in train",
    "other/add/m_nonotes": "has no notes",
    "other/add/m_empty": "a.mid is empty",
    "other/add/m_smpte": "frames of film",
    "other/add/m_wav": "is no MIDI file",
    "other/add/m_trunc": "a.mid cannot be read as MIDI .*; or leave out what cannot be read: --skip-bad",
    "other/add/n_obj.npy": "holds Python objects, which could run code",
    "other/add/n_4d.npy": r"shape \(3, 4, 5\); expected \[steps, columns\]: reshape it",
    "other/add/n_str.npy": "holds <U1; expected numbers: convert it",
    "other/add/n_dt.npy": r"holds datetime64\[D\]; expected numbers: convert it",
    "other/add/n_cplx.npy": "holds complex128; expected numbers: convert it",
    "other/add/n_bad.npy": "cannot be read as arrays .*save it anew",
    "other/add/n_bad.npz": "cannot be read as arrays .*save it anew",
    "other/add/n_empty.npy": r"has 0 step\(s\); expected at least 2",
    "other/add/n_const.npy": "column 0, 1 is constant in train",
}
NO_CASES = {"README.txt", "make.py", "truth"}


def run(case: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command line prints of a case; a warning of a library is an error."""
    path, *options = shlex.split(case)
    parsed = command_line_parser().parse_args(["data", "add", str(CASES / path), "--name", "mine", *options])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed.run(parsed)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("case", READ)
def test_a_case_is_read_as_it_is_meant(case: str, capsys: pytest.CaptureFixture[str]):
    sequences, steps, width, said = READ[case]
    lines = run(case, capsys)
    arrays = [array for of_split in cards.read_arrays(cards.load("mine")).values() for array in of_split]
    assert (len(arrays), sum(map(len, arrays)), arrays[0].shape[1]) == (sequences, steps, width)
    for pattern in said:
        assert any(re.search(pattern, line) for line in lines), pattern


@pytest.mark.parametrize("case", REFUSED)
def test_a_case_is_asked_about_or_refused_in_one_line(case: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(BadInput, match=REFUSED[case]) as error:
        run(case, capsys)
    assert "\n" not in str(error.value)
    assert not Path("gatebench_local").exists()


def test_every_case_is_here():
    there = {f"{folder}/{path.name}" for folder in (TABLES, OTHER, f"{TABLES}/truth") for path in (CASES / folder).iterdir()}
    here = {shlex.split(case)[0] for case in [*READ, *REFUSED]}
    assert {path for path in there if Path(path).name not in {*NO_CASES, "make_truth.py"}} == here
