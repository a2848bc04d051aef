"""The machine's columns, and tables of several machines."""

import pandas as pd
import torch

from gatebench.speed import machine

HERE = {"machine": "here", "vector_bits": 512, "threads": 2, "torch": "2.13.0", "date": "2026-11-29"}


def table(file, **columns):
    pd.DataFrame(columns).to_csv(file, index=False)
    return file


def test_names_of_processors_lose_what_says_nothing():
    for model, name in (
        ("Intel(R) Xeon(R) Platinum 8488C", "Intel Xeon Platinum 8488C"),
        ("Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz", "Intel Core i7-9750H"),
        ("AMD EPYC 9R14 96-Core Processor", "AMD EPYC 9R14"),
        ("", "unknown"),
    ):
        assert machine.processor_name(model) == name


def test_a_machine_is_described_by_all_columns():
    described = machine.describe("mine")
    assert list(described) == machine.COLUMNS
    assert (described["machine"], described["torch"]) == ("mine", torch.__version__)
    assert described["vector_bits"] in {128, 256, 512}
    assert machine.describe(None)["machine"] not in {"", "mine"}


def test_rows_of_this_machine_are_replaced_in_their_place_and_others_stay(tmp_path):
    file = table(
        tmp_path / "t.csv", machine=["there", "here", "there", "third"], threads=2, torch=["2.10", "2.1", "2.10", None],
        ms=["1.25", "2", "3", "4"],
    )  # fmt: skip
    before = pd.read_csv(file, dtype=str)
    merged = machine.merged(pd.DataFrame({"ms": [7.5, 8.5]}), HERE, file)
    merged.to_csv(file, index=False)
    after = pd.read_csv(file, dtype=str)
    assert after.machine.tolist() == ["there", "there", "here", "here", "third"]
    for name in ("there", "third"):
        of_machine = [rows[rows.machine == name][before.columns].reset_index(drop=True) for rows in (before, after)]
        assert of_machine[0].drop(columns="ms").equals(of_machine[1].drop(columns="ms"))
        assert of_machine[0].ms.astype(float).equals(of_machine[1].ms.astype(float))
    assert after[after.machine == "here"].ms.tolist() == ["7.5", "8.5"]
    assert after[after.machine == "here"].vector_bits.astype(float).tolist() == [512, 512]


def test_a_first_table_and_one_of_an_earlier_version(tmp_path):
    rows = pd.DataFrame({"ms": [7.5]})
    expected = rows.assign(**HERE)[[*machine.COLUMNS, "ms"]]
    assert machine.merged(rows, HERE, tmp_path / "none.csv").equals(expected)
    assert machine.merged(rows, HERE, table(tmp_path / "old.csv", ms=[1.0])).equals(expected)
