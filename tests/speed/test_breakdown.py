"""The parts of an update: what has a clock, and that they add up."""

import time

import pytest

from gatebench.speed import breakdown, data
from gatebench.speed.cases import POPULATION, Case
from gatebench.training import regularisation

GRU = Case(data.music, "gru", 5, 2, 7)
AROUND = {"weight noise", breakdown.CALLS, breakdown.BETWEEN}


def none(_):
    pass


def test_every_part_of_every_shape_has_a_row():
    rows = breakdown.measure_breakdown(1, none)
    assert list(rows.columns) == breakdown.COLUMNS
    for _, part in rows.groupby(["data", "cell", "units", "batch", "steps"]):
        assert set(part.part[~part.is_code]) == AROUND
        assert {"likelihood", "elementwise", "gradients of weights", "norm and clipping", "optimizer"} <= set(
            part.part[part.is_code]
        )
        assert (part.ms_per_update_per_member >= 0).all()
    assert len(rows.groupby(["data", "cell"])) == 2
    table = breakdown.side_by_side(rows).set_index("part")
    assert list(table.columns) == ["gru 5, music, 1 x 7", "gru 4, speech_synthetic, 3 x 7"]
    of_speech = rows[rows.data == "speech_synthetic"].set_index("part").ms_per_update_per_member
    assert table.iloc[:, 1].dropna().to_dict() == of_speech.to_dict()


def slowed(function):
    def call(*arguments):
        time.sleep(0.003)
        return function(*arguments)

    return call


@pytest.mark.parametrize(("part", "owner", "name", "calls"), [
    ("weight noise", regularisation, "weight_noise", POPULATION), (breakdown.CALLS, breakdown.FusedCpu, "update", 1),
])  # fmt: skip
def test_what_takes_longer_is_told(monkeypatch, part, owner, name, calls):
    monkeypatch.setattr(owner, name, slowed(getattr(owner, name)))
    seconds = breakdown.parts(GRU, 1)
    assert seconds[part] >= 0.003 * calls
    assert seconds[breakdown.BETWEEN] >= 0


def test_parts_add_up_to_an_update(monkeypatch):
    rounds = []

    def three_updates(run, least):
        started = time.perf_counter()
        for _ in range(3):
            run.call()
        rounds.append(time.perf_counter() - started)
        return 3, rounds[-1]

    monkeypatch.setattr(breakdown.timing, "repeated", three_updates)
    assert sum(breakdown.parts(GRU, 1).values()) == pytest.approx(rounds[-1] / 3, rel=1e-9)
    assert len(rounds) == 2  # the first is not counted


def test_of_rounds_that_of_median_length_counts(monkeypatch):
    seconds = iter([9.0, 3.0, 2.0, 7.0])  # the first is not counted
    monkeypatch.setattr(breakdown.timing, "repeated", lambda run, least: (1, next(seconds)))
    assert sum(breakdown.parts(GRU, 3).values()) == pytest.approx(3.0)


def test_rows_are_milliseconds_of_a_member(monkeypatch):
    monkeypatch.setattr(breakdown, "parts", lambda case, rounds: {f"{breakdown.CODE}readout": 0.02, "between": 0.01})
    rows = breakdown.measure_breakdown(1, none)
    assert rows.ms_per_update_per_member.tolist()[:2] == pytest.approx([20 / POPULATION, 10 / POPULATION])
    assert list(zip(rows.part, rows.is_code, strict=True))[:2] == [("readout", True), ("between", False)]
