"""A hyperparameter that is declared is tuned, trained, recorded and printed without being named again."""

from dataclasses import fields

import pandas as pd

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.records.frame import IDENTITY
from gatebench.training.protocol import Member, Training


def test_each_tunable_hyperparameter_reaches_training_and_the_table_of_trials() -> None:
    declared = {field.name for field in fields(Hyperparameters)}
    assert declared == set(TUNABLE)
    assert declared - {"lr"} <= {field.name for field in fields(Training)}, (
        "a training acts by it; the learning rate is a member's alone"
    )
    assert declared <= {field.name for field in fields(Member)}, "members of a population may differ in it"
    assert declared <= set(IDENTITY), "trials of a study differ in it"


def test_a_member_says_what_was_tuned_of_it() -> None:
    member = Member("k", lr=0.01, seed=3, weight_noise=0.075)
    assert member.hyperparameters == Hyperparameters(lr=0.01, weight_noise=0.075)
    assert pd.Series(vars(member.hyperparameters)).index.tolist() == list(TUNABLE)
