"""The table of what became of earlier conclusions."""

from dataclasses import replace

import pandas as pd

from gatebench.records.former import CONCLUSIONS
from support.figures import FIGURES, THREE
from support.frames import BUDGET, TRAINING, by_hand

PLACE = ("music", BUDGET)
EARLIER = pd.DataFrame(
    [
        (*PLACE, TRAINING, "rnn", "gru", -0.5, -0.6, -0.4, "better", 10, "seeds"),
        (*PLACE, f"{TRAINING} epochs=2", "gru", "novel", -0.3, -0.5, -0.1, "better", 4, "seeds and sequences"),
        (*PLACE, TRAINING, "rnn", "novel", -0.1, -0.5, 0.3, "undecided", 10, "seeds"),
        (*PLACE, TRAINING, "rnn", "absent", -0.1, -0.2, -0.1, "better", 10, "seeds"),
    ],
    columns=CONCLUSIONS,
)
FRAME = replace(by_hand(THREE), former={"earlier": EARLIER})


def test_a_conclusion_stands_beside_what_is_now():
    first, second = FIGURES["conclusions"].table(FRAME).to_dict("records")
    differences = FIGURES["differences"].table(FRAME).set_index(["lower", "other"])
    low, high = differences["difference"]["gru", "rnn"].partition(" [")[2].rstrip("]").split(", ")
    assert first == {
        "study": "earlier", "data": "Some Music", "conclusion": "rnn better than gru", "was": "-0.500 [-0.600, -0.400]",
        "over": "10 seeds", "is": f"0.500 [{high.lstrip('-')}, {low.lstrip('-')}]", "over here": "3 seeds and sequences",
        "verdict here": "gru better", "became": "withdrawn", "budget": BUDGET, "training": TRAINING,
    }  # fmt: skip
    assert (second["conclusion"], second["became"]) == ("gru better than novel", "survived")
    assert second["training"] == f"{TRAINING} epochs=2 -> {TRAINING}"
    assert second["is"] == differences["difference"]["gru", "novel"]


def test_conclusions_are_counted_those_that_are_not_repeated_too():
    assert FIGURES["conclusions"].notes(FRAME) == [
        "Of 3 conclusions of earlier: 1 survived, 0 weakened, 1 withdrawn and 1 not repeated. Of 1 pairs that it left "
        "undecided and that are compared here, 1 differ and 0 are equivalent."
    ]


def test_without_earlier_studies_or_shared_cells_there_is_no_table():
    assert FIGURES["conclusions"].table(by_hand(THREE)) is None
    assert FIGURES["conclusions"].table(replace(FRAME, former={"earlier": EARLIER[3:]})) is None
