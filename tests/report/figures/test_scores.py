"""The table of results, baselines included."""

from gatebench.records.frame import Frame
from gatebench.report.stats.estimates import mean_interval
from support.figures import FIGURES, HALF, MEAN
from support.frames import VARIANT, by_hand, seeds


def test_scores_are_those_numbers_in_words(hand: Frame):
    table = FIGURES["scores"].table(hand)
    gru = table[(table["data"] == "Some Music") & (table["cell"] == "gru")].iloc[0]
    assert gru["test NLL"] == f"3.200 [{MEAN - HALF:.3f}, {MEAN + HALF:.3f}]"
    assert gru["test NLL, mean of sequences"] == f"4.200 [{MEAN + 1 - HALF:.3f}, {MEAN + 1 + HALF:.3f}]"
    assert gru["valid NLL"].startswith("2.900 [")
    assert gru["train NLL"].startswith("2.400 [")
    assert (gru["n"], gru["learning rate"], gru["units"], gru["diverged"]) == ("3", "0.01", "13", "0")
    assert (gru["total parameters"], gru["FLOPs per step"], gru["core-seconds"]) == ("24,000", "39,000", "6.0")
    single = table[table["cell"] == VARIANT].iloc[0]
    assert single["test NLL"] == "2.600 (one seed)"


def test_every_data_set_has_its_baselines_before_its_cells(hand: Frame):
    table = FIGURES["scores"].table(hand)
    assert list(table["cell"]) == ["[unigram]", "[markov]", "gru", VARIANT, "novel", "[unigram]", "[markov]", "gru"]
    assert list(table["data"]) == ["Some Music"] * 5 + ["Some Speech (synthetic)"] * 3
    assert table["test NLL"][1] == "6.250"


def test_of_several_pipelines_each_counts_once_and_has_its_setting():
    frame = by_hand(seeds("music", "gru", [3.0, 3.2, 3.4, 4.0]))
    pipeline = (frame.trials.seed + 1) // 2
    frame.trials["pipeline"], frame.trials["lr"] = pipeline, 0.01 * pipeline
    (row,) = FIGURES["scores"].table(frame).query("cell == 'gru'").to_dict("records")
    assert (row["test NLL"], row["n"]) == (str(mean_interval([3.1, 3.7])), "2")
    assert row["test NLL, mean of sequences"] == str(mean_interval([4.1, 4.7]))
    assert (row["learning rate"], row["weight noise"]) == ("0.01 to 0.02", "0.075")
