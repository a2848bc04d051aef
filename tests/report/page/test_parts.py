"""The parts of a page: their order, and the files that are written of each."""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from gatebench.core.errors import BadInput
from gatebench.report import repetitions
from gatebench.report.page import parts
from support.figures import FIGURES
from support.frames import TRIALS, by_hand, everything, seeds

PLUGIN = """
import pandas as pd
TITLE = "Mine"
CAPTION = "A table of my own."
def table(frame):
    return pd.DataFrame({"n": [len(frame.trials)]})
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin folder's ``figures/`` with one table, ``mine``."""
    folder = tmp_path / "plugin" / "figures"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(PLUGIN)
    monkeypatch.setenv("GATEBENCH_PATH", str(folder.parent))
    return folder


def test_every_figure_of_the_package_states_its_place_and_the_answer_is_first():
    assert all(hasattr(module, "ORDER") for module in FIGURES.values())
    names = [name for name, _ in parts.modules()]
    assert set(names) == set(FIGURES)
    assert names[0] == "answer"
    assert [FIGURES[name].ORDER for name in names] == sorted(module.ORDER for module in FIGURES.values())


def test_a_figure_of_a_plugin_folder_stands_last_or_where_it_says(plugin: Path):
    assert parts.modules()[-1][0] == "mine"
    (plugin / "mine.py").write_text(f"ORDER = 11\n{PLUGIN}")
    assert [name for name, _ in parts.modules()][:2] == ["answer", "mine"]


@pytest.mark.parametrize(
    ("without", "missing"), [("TITLE = ", "TITLE"), ("CAPTION = ", "CAPTION"), ("def table(", "numbers")]
)
def test_a_figure_that_lacks_what_it_must_have_is_refused_in_one_line(plugin: Path, without: str, missing: str):
    (plugin / "mine.py").write_text(PLUGIN.replace(without, f"x_{without}" if " = " in without else "def other("))
    with pytest.raises(BadInput, match=rf"mine.py has no {missing}; expected TITLE, CAPTION and either table\(frame\)"):
        parts.modules()


def test_notes_of_a_figure_are_those_of_its_module(plugin: Path, tmp_path: Path):
    (plugin / "mine.py").write_text(f'NOTES = ["Read it twice."]\n{PLUGIN}')
    part = parts.write("mine", dict(parts.modules())["mine"], by_hand(TRIALS), tmp_path)
    assert part is not None
    assert (part.title, part.notes, part.files) == ("Mine", ["Read it twice."], ["mine.csv", "mine.md", "mine.tex"])
    frame = everything()
    scores, table_1 = (parts.write(name, FIGURES[name], frame, tmp_path) for name in ("scores", "table1"))
    assert scores is not None
    assert table_1 is not None
    assert (scores.notes, table_1.notes) == ([repetitions.note(frame.confirmed("test"))], [])


def test_notes_that_depend_on_the_study_stand_first(plugin: Path, tmp_path: Path):
    says = 'def notes(frame):\n    return [f"{len(frame.trials)} rows."]\n'
    (plugin / "mine.py").write_text(f'NOTES = ["Read it twice."]\n{PLUGIN}{says}')
    part = parts.write("mine", dict(parts.modules())["mine"], by_hand(TRIALS), tmp_path)
    assert part is not None
    assert part.notes == [f"{3 * len(TRIALS)} rows.", "Read it twice."]


@pytest.mark.parametrize("name", ["tradeoff", "answer"])  # with a legend beside it; as its axes are
def test_each_format_of_a_figure_shows_as_much_of_it_as_if_it_were_measured_by_itself(name: str, tmp_path: Path):
    frame = everything()
    module = FIGURES[name]
    assert parts.write(name, module, frame, tmp_path) is not None
    figure = module.draw(module.numbers(frame), frame)
    for suffix in ("png", "pdf"):
        figure.savefig(tmp_path / f"alone.{suffix}")
    plt.close(figure)
    assert plt.imread(tmp_path / f"{name}.png").shape == plt.imread(tmp_path / "alone.png").shape
    ours, alone = (
        [float(number) for number in re.findall(rb"[\d.]+", re.findall(rb"/MediaBox \[(.*?)\]", path.read_bytes())[0])]
        for path in (tmp_path / f"{name}.pdf", tmp_path / "alone.pdf")
    )
    margin = 72 * mpl.rcParams["savefig.pad_inches"]
    assert ours == pytest.approx(alone, abs=margin), "letters are about as wide as on a screen, and none is cut"


def test_a_figure_of_several_files_has_the_groups_of_each_in_its_own_and_all_on_the_page(tmp_path: Path):
    frame = by_hand([
        trial
        for budget in ("parameters_20k", "flops_40k", "flops_80k")
        for cell, nll in (("gru", 3.0), ("rnn", 3.3))
        for trial in seeds("music", cell, [nll, nll + 0.1], budget)
    ])  # fmt: skip
    part = parts.write("answer", FIGURES["answer"], frame, tmp_path)
    assert part is not None
    assert part.files == ["answer.png", "answer.pdf", "answer_budgets.png", "answer_budgets.pdf", "answer.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(part.files)
    assert [group.budget for group in part.drawings] == ["parameters_20k", "flops_40k", "flops_80k"]
    one, two = (plt.imread(tmp_path / f"{name}.png").shape[1] for name in ("answer", "answer_budgets"))
    assert one < two, "one panel, and two beside each other"


def test_what_a_solver_laid_out_stands_at_round_places():
    """Or else two drawings of one figure would differ in a few pixels."""
    figure = plt.figure(layout="constrained")
    for part in figure.subfigures(1, 3, width_ratios=[1, 2, 4]):
        part.subplots(2, 1)[0].set_ylabel("NLL")
    parts._bounds(figure)
    places = [place for part in figure.subfigs for place in (part.bbox_relative, *(a.get_position() for a in part.axes))]
    plt.close(figure)
    assert len(places) == 9
    assert all((place.get_points() == np.round(place.get_points(), 6)).all() for place in places)


NUMBERS = pd.DataFrame({"cell": ["gru", "rnn"], "nll": [8.4, np.nan], "n": [3, 4]})


@pytest.mark.parametrize("other", [8.4 * (1 + 1e-9), 8.3, np.nan])
def test_numbers_that_differ_are_written(tmp_path: Path, other: float):
    path = tmp_path / "x.csv"
    parts.write_numbers(NUMBERS, path)
    changed = NUMBERS.assign(nll=[other, np.nan])
    parts.write_numbers(changed, path)
    pd.testing.assert_frame_equal(pd.read_csv(path), changed)


@pytest.mark.parametrize(
    "changed", [NUMBERS.rename(columns={"n": "m"}), NUMBERS[:1], NUMBERS.assign(cell=["gru", "lstm"]), NUMBERS.assign(n=5)]
)
def test_columns_rows_and_words_that_differ_are_written(tmp_path: Path, changed: pd.DataFrame):
    path = tmp_path / "x.csv"
    parts.write_numbers(NUMBERS, path)
    parts.write_numbers(changed, path)
    assert path.read_text() == changed.to_csv(index=False)


def test_a_last_digit_that_another_processor_rounded_stays(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text("cell,nll,n\ngru,8.400000000000002,3\nrnn,,4\n")
    before = path.read_text()
    parts.write_numbers(NUMBERS, path)
    assert path.read_text() == before


@pytest.mark.parametrize("damaged", ["", "a,b\n1\n1,2,3\n", "\0"])
def test_a_file_that_is_no_table_is_written_anew(tmp_path: Path, damaged: str):
    path = tmp_path / "x.csv"
    path.write_text(damaged)
    parts.write_numbers(NUMBERS, path)
    pd.testing.assert_frame_equal(pd.read_csv(path), NUMBERS)
