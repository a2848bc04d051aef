"""The table of cells over all tasks."""

from gatebench.records.frame import Frame
from support.figures import FIGURES, RANKED
from support.frames import by_hand, seeds


def test_cells_over_all_tasks_stand_between_the_baselines():
    frame = by_hand([
        *seeds("music", "gru", [3.5, 7.625]), *seeds("speech", "gru", [12.5, 9.75]),
        *seeds("music", "rnn", [9.0, 9.0]), *seeds("speech", "rnn", [18.0, 12.5]),
    ])  # fmt: skip
    frame.baselines.loc[frame.baselines.task == "speech", "nll"] *= 2  # from 18 to 12.5; on music from 9 to 6.25
    table = FIGURES["overall"].table(frame).set_index("cell")
    assert list(table.index) == ["rnn", "gru"]
    # Shares of the GRU: 2 and 0.5, 1 and 1.5.
    assert table["interquartile mean"]["gru"].startswith("1.250 [")
    assert (table["Some Music"]["gru"], table["Some Speech (synthetic)"]["gru"]) == ("1.250", "1.250")
    assert table["interquartile mean"]["rnn"].startswith("0.000 [")
    assert (table["Some Music"]["rnn"], table["Some Speech (synthetic)"]["rnn"]) == ("0.000", "0.500")
    assert list(table["runs"]) == ["4", "4"]


def test_over_all_tasks_a_single_run_on_one_of_them_has_no_interval():
    trials = [*RANKED, *seeds("music", "lstm", [1.0])]
    table = FIGURES["overall"].table(by_hand(trials)).set_index("cell")
    assert set(table.index) == {"rnn", "gru", "novel"}
    assert table["interquartile mean"]["novel"].endswith("(one seed)")


def test_a_study_of_one_task_in_common_has_nothing_over_all_tasks(hand: Frame):
    assert FIGURES["overall"].table(hand) is None
