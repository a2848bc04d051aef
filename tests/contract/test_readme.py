"""What the README and the pages of published answers show is what the repository holds."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from support import first_page, published
from support.published import ROOT

README = (ROOT / "README.md").read_text()
FILE = re.compile(r"https://(?:github|raw\.githubusercontent)\.com/gatebench/gatebench/(?:blob/)?main/([^)\s]+)")


@pytest.mark.parametrize(("page", "marker"), published.TEXTS)
def test_a_text_is_that_of_the_results(page: str, marker: str):
    """After a redraw: ``python tests/support/published.py``."""
    _, shown, _ = published.parts(page, marker)
    assert shown == published.TEXTS[page, marker]()


def test_tables_are_whole():
    rows = {marker: text().count("\n") - 1 for (_, marker), text in published.TEXTS.items() if marker.startswith("table")}
    assert rows.pop("table: results/speed/updates.csv") == len(published.SPEED)
    assert list(rows.values()) == [7, 7, 18, 6, 6, 11, 17, 3, 9]


def test_it_fits_a_screen_or_two():
    assert len(README.split()) <= 900


def test_every_number_is_drawn_from_results():
    """Outside of what is written by command no result stands: a number with a decimal point."""
    before, _, after = published.parts("README.md", "answer: results/answer")
    assert re.findall(r"\d\.\d", re.sub(r"https://\S+", "", before + after)) == []


def test_links_are_addresses_of_files_that_are_there():
    """On PyPI a relative link leads nowhere."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not target.startswith("https://")] == []
    files = FILE.findall(README)
    assert len(files) >= 8
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert f"{yaml.safe_load((ROOT / 'CITATION.cff').read_text())['repository-code']}/blob/main/" in README


def test_its_commands_are_those_of_the_ten_minutes():
    """Which a test runs."""
    (block,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    install, *commands = block.splitlines()
    assert install == "pip install gatebench"
    (journey,) = re.findall(
        r"<!-- journey: .* -->\n```sh\n(.*?)```", (ROOT / "docs" / "tutorial-data.md").read_text(), re.DOTALL
    )
    assert len(commands) == 3
    assert journey.endswith("\n".join([*commands, ""]))


def pairs(data: str, *rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["lower", "other", "difference", "verdict"])
    p = {"p": "0.0029", "p, Holm": "0.0601"}
    return table.assign(data=data, budget="parameters_20k", n="8, 8", margin="0.050", **p)


def trials(best_epochs: list[int], task: str = "jsb_chorales") -> pd.DataFrame:
    """Confirming trials of 20 epochs."""
    table = pd.DataFrame({"task": task, "best_epoch": best_epochs, "epochs": 20})
    return table.assign(budget="parameters_20k", stage="confirm", split="test", status="finished")


def answer_of(folder: Path, *tables: pd.DataFrame) -> str:
    (folder / "answer").mkdir(exist_ok=True)
    pd.concat(tables).to_csv(folder / "answer" / "differences.csv", index=False)
    decision = {"kind": "music", "data": "Piano-midi.de", "cell": "gru", "budget": "parameters_20k", "lost at most": "0.100"}
    pd.DataFrame([decision]).to_csv(folder / "answer" / "decision.csv", index=False)
    short_of = [trials([12], task) for task in ("jsb_chorales", "piano_midi", "nottingham")]
    pd.concat(short_of).to_csv(folder / "answer" / "trials.csv", index=False)
    return " ".join(first_page.answer(folder).split())


JSB = pairs(
    "JSB Chorales",
    ("lstm", "gru", "-0.020 [-0.061, 0.020]", "undecided"),
    ("lstm", "rnn", "-0.202 [-0.290, -0.113]", "better"),
    ("gru", "rnn", "-0.181 [-0.274, -0.088]", "better"),
)
PIANO = pairs(
    "Piano-midi.de",
    ("gru", "rnn", "-0.005 [-0.010, 0.001]", "equivalent"),
    ("gru", "lstm", "-0.085 [-0.120, -0.050]", "better"),
)


def test_an_answer_of_one_task_says_what_was_not_trained(tmp_path: Path):
    text = answer_of(tmp_path, JSB)
    assert (
        "**GRU or LSTM? No difference could be shown on JSB Chorales, which does not say that they are equal.** At " in text
    )
    row = (
        "| JSB Chorales | | | `lstm`: better than `rnn` by 0.202 [0.113, 0.290], `gru` undecided | -0.020 [-0.061, 0.020]: "
    )
    assert f"{row}undecided | **At other" in text
    assert "Not trained yet in this way: Piano-midi.de, Nottingham, MuseData, LibriSpeech" in text


def test_a_further_task_is_a_redraw_and_no_rewrite(tmp_path: Path):
    text = answer_of(tmp_path, JSB, PIANO)
    assert "**GRU or LSTM? No difference could be shown on JSB Chorales, which does not say that they are equal; " in text
    assert "; the GRU is better on Piano-midi.de.**" in text
    row = "| Piano-midi.de | `gru` | 0.100 | `gru`: better than `lstm` by 0.085 [0.050, 0.120], `rnn` equivalent | 0.085 "
    assert f"{row}[0.050, 0.120]: GRU better |" in text
    none = {
        "kind": "music, whole",
        "data": "JSB Chorales",
        "cell": "none",
        "budget": "parameters_20k",
        "verdict": "not shown to be below x, 1.2",
    }
    pd.DataFrame([none]).to_csv(tmp_path / "answer" / "decision.csv", index=False)
    without = " ".join(first_page.answer(tmp_path).split())
    not_below = "| JSB Chorales | none is shown to be below the baseline x, 1.2 | | `lstm`: better"
    assert not_below in without
    assert "in nats per time step, on JSB Chorales per sequence, on the test split (lower is better)" in without
    pd.DataFrame([{**none, "verdict": "all above x, 1.2"}]).to_csv(tmp_path / "answer" / "decision.csv", index=False)
    without = " ".join(first_page.answer(tmp_path).split())
    assert "| JSB Chorales | none: all are above the baseline x, 1.2 | | `lstm`: better" in without
    assert "in nats per time step on the test split (lower is better)" in text
    assert "Not trained yet in this way: Nottingham, " in text
    assert "from the GRU on 2 data sets, with 95% intervals](https://raw." in text


def test_the_smallest_and_the_largest_size_are_compared(tmp_path: Path):
    small = pairs(
        "JSB Chorales",
        ("rnn", "lstm", "-0.145 [-0.220, -0.071]", "better"),
        ("rnn", "lstm layers=2", "-0.279 [-0.360, -0.199]", "better"),
        ("rnn", "gru", "-0.090 [-0.168, -0.012]", "undecided"),
        ("gru", "lstm", "-0.056 [-0.092, -0.019]", "better"),
    )
    large = pairs("JSB Chorales", ("lstm", "gru", "-0.119 [-0.239, 0.001]", "undecided"))
    sizes = [small.assign(budget="parameters_5k"), JSB, large.assign(budget="parameters_320k")]
    (tmp_path / first_page.SIZES).mkdir()
    pd.concat(sizes).to_csv(tmp_path / first_page.SIZES / "differences.csv", index=False)
    said = first_page.at_sizes(tmp_path)
    assert said.startswith(
        "On JSB Chorales (3 cells, one layer, 8 repetitions), at 5,000 parameters `rnn` is lowest, better than `lstm` by "
        "0.145 [0.071, 0.220]; at 320,000 `lstm`, not shown to be better than the others ([all sizes]("
    )


@pytest.mark.parametrize("verdict", ["undecided", "equivalent", "not tested"])
def test_many_of_one_verdict_are_counted(tmp_path: Path, verdict: str):
    others = [("lstm", cell, "-0.020 [-0.061, 0.020]", verdict) for cell in ("gru", "mgu", "janet")]
    text = answer_of(tmp_path, pairs("JSB Chorales", *others))
    assert f"| `lstm`: 3 {verdict} |" in text
    beaten = ("lstm", "rnn", "-0.202 [-0.290, -0.113]", "better")
    text = answer_of(tmp_path, pairs("JSB Chorales", *others, beaten))
    assert f"| `lstm`: better than `rnn` by 0.202 [0.113, 0.290], 3 {verdict} |" in text
    text = answer_of(tmp_path, pairs("JSB Chorales", *others[:2], beaten))
    assert f"[0.113, 0.290], `gru` and `mgu` {verdict} |" in text


def test_an_interval_without_zero_that_shows_no_difference_says_why(tmp_path: Path):
    text = answer_of(tmp_path, pairs("JSB Chorales", ("gru", "lstm", "-0.067 [-0.109, -0.025]", "undecided")))
    assert "| 0.067 [0.025, 0.109]: undecided (p 0.003 for this pair alone, 0.060 among 1) |" in text


def test_an_equivalence_says_within_what(tmp_path: Path):
    text = answer_of(tmp_path, pairs("JSB Chorales", ("lstm", "gru", "-0.014 [-0.021, -0.006]", "equivalent")))
    assert "**GRU or LSTM? The two are equivalent on JSB Chorales.**" in text
    assert "| -0.014 [-0.021, -0.006]: equivalent within 0.050 |" in text


def test_which_is_faster_is_said_from_the_table_of_speed():
    rows = pd.read_csv(ROOT / "results" / "speed" / "cells.csv")
    rows = rows[(rows.engine == "fused_cpu") & (rows.data == "music") & (rows.cell == "lstm")]
    text = first_page.faster()
    assert all(f"{1 / row.ratio:.2f} (batch {row.batch})" in text for row in rows.itertuples())
    assert text.startswith("On one engine neither by much: ")
    assert text.endswith("In `torch.nn` the LSTM is there 4 and 13 times as fast as the GRU.")


def test_data_on_which_training_ended_early_are_named(tmp_path: Path):
    answer_of(tmp_path, JSB, PIANO)
    for best_epochs, said in (
        ([20] * 8, "On JSB Chorales all were best in the last of 20 epochs."),
        ([20, *[11] * 7], "On JSB Chorales 1 of 8 were best in the last of 20 epochs."),
        ([20, *[11] * 19], ""),
    ):
        both = pd.concat([trials(best_epochs), trials([3] * 8, "piano_midi")])
        both.to_csv(tmp_path / "answer" / "trials.csv", index=False)
        text = " ".join(first_page.answer(tmp_path).split())
        assert f"of a task (Holm).{f' {said}' if said else ''} Not trained yet" in text


def test_the_cheapest_of_equivalent_cells_is_taken_and_why_is_said(tmp_path: Path):
    answer_of(tmp_path, PIANO)
    decision = pd.read_csv(tmp_path / "answer" / "decision.csv", dtype=str).assign(cell="rnn")
    decision.to_csv(tmp_path / "answer" / "decision.csv", index=False)
    taken = "| Piano-midi.de | `rnn`, the cheapest of equivalent ones | 0.100 | `gru`: better than"
    assert taken in " ".join(first_page.answer(tmp_path).split())


def test_pipelines_are_counted_on_most_of_the_data_and_where_there_are_others(tmp_path: Path):
    nottingham = pairs("Nottingham", ("gru", "lstm", "-0.067 [-0.109, -0.025]", "undecided"))
    assert "was repeated 8 times: settings" in answer_of(tmp_path, JSB, PIANO)
    assert "was repeated 7 to 8 times: settings" in answer_of(tmp_path, JSB.assign(n="8, 7"))
    of_three = answer_of(tmp_path, JSB.assign(n="4, 4"), PIANO, nottingham)
    assert "was repeated 8 times, 4 times on JSB Chorales: settings" in of_three
    of_three = answer_of(tmp_path, JSB, PIANO.assign(n="8, 7"), nottingham.assign(n="3, 3"))
    assert "was repeated 8 times, 7 to 8 times on Piano-midi.de and 3 times on Nottingham: settings" in of_three


def test_writing_changes_what_stands_between_the_markers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copy(ROOT / "README.md", tmp_path / "README.md")
    monkeypatch.setattr(published, "ROOT", tmp_path)
    before, _, after = published.parts("README.md", "answer: results/answer")
    published.write("README.md", "answer: results/answer", "**GRU")  # which also stands elsewhere
    assert (tmp_path / "README.md").read_text() == f"{before}**GRU{after}"
