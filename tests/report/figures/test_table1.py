"""Table 1 of Chung et al. 2014 beside ours."""

from gatebench.records.frame import Frame
from support.figures import FIGURES
from support.frames import VARIANT, everything


def test_data_of_somebody_else_are_not_beside_it(hand: Frame):
    assert FIGURES["table1"].table(hand) is None


def test_sizes_stand_beside_the_published_ones():
    table = FIGURES["table1"].table(everything())
    row = table[(table["of"] == "paper, speech") & (table["cell"] == "gru")].iloc[0]
    assert (row["units"], row["recurrent parameters"]) == (227, "168.9e3")
    ours = table[table["of"] == "ours, Some Music"].set_index("cell")
    assert ours["recurrent parameters"].to_dict() == {"gru": "20,000", VARIANT: "20,000", "novel": "20,000"}
