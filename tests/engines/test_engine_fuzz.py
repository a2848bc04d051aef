"""Both engines on random cases: a few of those that ``tests/support/engine_fuzz.py`` runs by the thousand."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.graph import trace
from gatebench.training.likelihoods import gaussian_mixture
from support import engine_agreement, engine_cases, engine_fuzz
from support.agreement import REFERENCE, gradients

pytestmark = pytest.mark.usefixtures("own_cache")

SEEDS = range(8)
OUTLIER = engine_cases.Case(
    seed=3, cell="lstm_augmented", options={"length": 3}, inputs=64, outputs=9, units=65, members=3, lengths=[[3]] * 3,
    likelihood=gaussian_mixture(8, "full"), layers=1, bidirectional=False, at="step", drops=False, carries=False,
    shares=False, density=1.0, kind="numbers", scale=3.0, threads=1, target=engine_cases.HERE, guard="behind",
)  # fmt: skip
"""Inputs that drive the means of a mixture far from its targets."""


def test_random_cases_agree_between_pages_that_must_not_be_touched():
    """Of one cell, whose code other tests compile, too."""
    outcomes = list(engine_fuzz.run(SEEDS, "gru"))
    assert [outcome.seed for outcome in outcomes] == [*SEEDS]
    assert [outcome for outcome in outcomes if outcome.outcome != "agrees"] == []
    assert len({outcome.quantity for outcome in outcomes}) > 1, "something was compared"


TOUCHING = """
import ctypes, sys
import numpy as np
from support.guarded import Guard
guard = Guard()
guard.side = sys.argv[1]
with guard.active():
    a = np.zeros(5, np.float32)
    b = np.empty(7, np.float32)
assert np.isnan(b).all() and not a.any()
print(ctypes.c_float.from_address(a.ctypes.data + 4 * int(sys.argv[2])).value, flush=True)
import os; os._exit(0)
"""


@pytest.mark.parametrize(("side", "index", "faults"), [("behind", 4, False), ("behind", 5, True), ("before", -1, True)])
def test_a_number_past_the_end_of_an_array_must_not_be_touched(side, index, faults):
    command = [sys.executable, "-c", TOUCHING, side, str(index)]
    paths = f"{engine_fuzz.ROOT / 'bench'}:{engine_fuzz.ROOT / 'tests'}"
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": paths}, check=False)
    assert (done.returncode, done.stdout) == ((-11, "") if faults else (0, "0.0\n"))


def test_a_process_that_dies_is_the_fault_of_its_case(monkeypatch, tmp_path):
    """The cases before it have their outcomes, those after it are run all the same."""
    child = tmp_path / "child.py"
    child.write_text(
        "import os, sys\n"
        "for seed in sys.argv[3:]:\n"
        "    if seed == '5':\n"
        "        os.kill(os.getpid(), 11)\n"
        "    print(f'{seed},agrees', flush=True)\n"
    )
    monkeypatch.setattr(engine_fuzz, "__file__", str(child))
    outcomes = [(outcome.seed, outcome.outcome) for outcome in engine_fuzz.run(range(3, 8))]
    assert outcomes == [(3, "agrees"), (4, "agrees"), (5, "fault"), (6, "agrees"), (7, "agrees")]


def test_cases_cover_all_that_they_are_drawn_from():
    cases = [engine_cases.draw(seed) for seed in range(150)]
    assert len({case.cell for case in cases}) > 40
    assert any(case.options for case in cases)
    assert {case.target for case in cases} == {*engine_cases.targets()}
    assert {case.units for case in cases} == {case.inputs for case in cases} == {*engine_cases.SIZES}
    assert {(case.members, case.threads) for case in cases} == {(k, t) for k in engine_cases.MEMBERS for t in (1, 2)}
    assert {case.scale for case in cases} == {*engine_cases.SCALES}
    names = {type(case.likelihood).__name__ for case in cases}
    assert names == {"bernoulli", "categorical", "weighted_categorical", "gaussian", "gaussian_mixture"}
    for flag in ("drops", "carries", "shares", "bidirectional"):
        assert {getattr(case, flag) for case in cases} == {False, True}
    assert cases[:5] == [engine_cases.draw(seed) for seed in range(5)], "a seed says it all"


# a case that fell out


def test_a_mixture_far_from_its_targets_is_as_exact_as_float32_allows():
    judged = engine_agreement.judge(OUTLIER)
    assert judged.ratio <= 1, judged


def test_shares_of_components_are_off_by_what_their_log_densities_are_rounded_by():
    """Two components have half of the likelihood each, of log densities in the thousands: a unit of float32's last place of
    these is 1e-4. So the error is the likelihood's in float32, and neither that of an engine nor of the readout.
    """
    network = Network(trace.load("gru"), 3, 2, 5, gaussian_mixture(2, "full"))
    rows, far = torch.zeros(1, network.row), 60.0
    bias = network.views(rows)["readout_b"][0, 0]
    bias[2:6] = torch.tensor([far, -far, -far, far])  # means, as far from a target of zeros on either side
    bias[10:12] = 0.3  # below the diagonals: the deviations are other sums of the same squares
    xs, engines, off, density = [np.zeros((1, 3), np.float32)], (REFERENCE, FusedCpu()), [], 0.0
    for y in np.linspace(-1e-3, 1e-3, 41, dtype=np.float32):
        arrays = xs, [np.array([[y, y / 3]], np.float32)]
        exact, density = shares_and_density(REFERENCE, network, rows.double(), arrays)
        assert 0.2 < exact[0] < 0.8
        for engine in engines:
            share, _ = shares_and_density(engine, network, rows, arrays)
            off.append(np.abs(share - exact).max())
            # |share'| = share (1 - share), of each of two log densities, each of a few sums
            assert off[-1] <= exact[0] * exact[1] * 2 * 4 * np.spacing(np.float32(density))
    assert density > 1e3
    assert max(off) > 1e-5, "a hundred units of the last place"


def shares_and_density(engine, network, rows, arrays):
    """The components' shares of the likelihood of one target, and minus its logarithm.

    The gradient of the components' logits is the prior, half, less the share.
    """
    losses, gradient = gradients(engine, network, rows, [arrays], np.ones(1, np.float32))
    of_bias = network.views(gradient)["readout_b"][0, 0, :2].double().numpy()
    return 0.5 - of_bias, float(losses[0][0])
