"""The parts of an update: what has a clock, and that they add up."""

import time

import pytest

from gatebench.speed import breakdown, data
from gatebench.speed.cases import POPULATION, Case
from gatebench.training import optimizers, regularisation

GRU = Case(data.music, "gru", 5, 2, 7)
AROUND = {"weight noise", "norm and clipping", "optimizer", breakdown.GRADIENTS, breakdown.BETWEEN}


def none(_):
    pass


def test_every_part_of_every_shape_has_a_row():
    rows = breakdown.measure_breakdown(1, none)
    assert list(rows.columns) == breakdown.COLUMNS
    for _, part in rows.groupby(["data", "cell", "units", "batch", "steps"]):
        assert set(part.part[~part.is_code]) == AROUND
        assert {"likelihood", "elementwise", "elementwise, backward", "gradients of weights"} <= set(part.part[part.is_code])
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
    ("weight noise", regularisation, "weight_noise", POPULATION), ("norm and clipping", optimizers, "norm", 1),
    ("norm and clipping", optimizers, "clip", 1), ("optimizer", breakdown.FusedCpu, "step", 1),
    (breakdown.GRADIENTS, breakdown.FusedCpu, "gradients", 1),
])  # fmt: skip
def test_what_takes_longer_is_told(monkeypatch, part, owner, name, calls):
    monkeypatch.setattr(owner, name, slowed(getattr(owner, name)))
    seconds = breakdown.parts(GRU, 1)
    assert seconds[part] >= 0.003 * calls
    assert seconds[breakdown.BETWEEN] >= 0


def test_parts_add_up_to_the_update(monkeypatch):
    whole, start = [], breakdown.engines.population

    def population(*arguments):
        members = start(*arguments)
        real = members.update

        def timed(*batch):
            started = time.perf_counter()
            real(*batch)
            whole.append(time.perf_counter() - started)

        members.update = timed
        return members

    monkeypatch.setattr(breakdown.engines, "population", population)
    monkeypatch.setattr(breakdown.timing, "WARM", 0.0)  # one update a round
    started = time.perf_counter()
    seconds = breakdown.parts(GRU, 1)
    assert len(whole) == 2
    assert whole[1] <= sum(seconds.values()) < time.perf_counter() - started - whole[0]
