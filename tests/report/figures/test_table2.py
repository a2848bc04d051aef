"""Table 2 of Chung et al. 2014 beside ours."""

from gatebench.records.frame import Frame
from gatebench.report import published
from support.figures import FIGURES, HALF, MEAN
from support.frames import TRIALS, VARIANT, by_hand


def test_the_published_table_stands_beside_ours():
    trials = [(task.replace("music", "nottingham"), *rest) for task, *rest in TRIALS if task == "music"]
    frame = by_hand(trials)
    frame.datasets["nottingham"] = "Nottingham"
    table = FIGURES["table2"].table(frame).set_index("cell")
    assert table["published train / test"].to_dict() == {"gru": "2.79 / 3.23", VARIANT: "-", "novel": "-"}
    assert table["ours train / test"]["gru"] == f"2.40 / 3.200 [{MEAN - HALF:.3f}, {MEAN + HALF:.3f}]"
    assert table["markov baseline"]["gru"] == "6.25"


def test_a_study_of_none_of_the_papers_tasks_has_no_table_2(hand: Frame):
    assert FIGURES["table2"].table(hand) is None


def test_what_differs_from_the_paper_stands_below_the_table():
    assert FIGURES["table2"].NOTES == published.DEVIATIONS
