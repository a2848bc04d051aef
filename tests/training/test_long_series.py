"""What carrying the state changes: a season whose phase has to be found anew in every window, and a mark held for long."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Task
from gatebench.engines import selection
from gatebench.graph import trace
from gatebench.records import frame
from gatebench.training.evaluation import evaluate, prepare
from gatebench.training.likelihoods import gaussian
from gatebench.training.loop import Population, train
from gatebench.training.model import Model
from gatebench.training.protocol import Member
from support.commands import run_command, working_in
from support.training import nothing, setting

SEASON, WINDOW, COUNT = 24, 48, 40
LAG, ASKED, STEPS = 2000, 200, 1_400_000


@pytest.fixture
def season():
    """A pattern of 24 steps that comes again, with noise, in windows of two periods."""
    random = np.random.default_rng(1)
    values = random.standard_normal(SEASON)[np.arange(WINDOW * COUNT + 1) % SEASON]
    values = values + 0.1 * random.standard_normal(len(values))
    values = ((values - values.mean()) / values.std()).astype(np.float32)[:, None]
    starts = [*range(0, WINDOW * COUNT, WINDOW)]
    windows = [Sequence(values[a : a + WINDOW], values[a + 1 : a + WINDOW + 1], 0, i) for i, a in enumerate(starts)]
    parts = {"train": windows[:28], "valid": windows[28:34], "test": windows[34:]}
    return Task("season", cards.load("jsb_chorales"), parts, 1, 1, "reals")


def test_a_tanh_unit_beats_a_gru_on_a_season_by_its_cold_start_alone(season):
    """The same weights, scored from zeros in every window and as the series: what told the cells apart was the beginning."""
    cold, carried = {}, {}
    training = setting(epochs=200, patience=200, weight_noise=0.0, decay_to=0.05, carry_state=False)
    for cell in ("rnn", "gru"):
        engine = selection.create("fused_cpu", 1)
        population = Population.start(
            Model(trace.load(cell), 1, 1, 24, gaussian(), engine),
            season,
            training,
            [Member(str(s), 0.01, s) for s in (1, 2, 3)],
        )
        train(population, nothing)
        apart = [dataclasses.replace(window, series=None) for window in season.splits["test"]]
        for scores, windows in ((cold, apart), (carried, season.splits["test"])):
            split = prepare(population.model, windows, 3, season.before("test"))
            scores[cell] = evaluate(population.model, population.best, split)[0].mean()
    assert cold["rnn"] < cold["gru"] - 0.03, "a GRU takes longer to find the phase"
    assert carried["gru"] < carried["rnn"] + 0.01, "and knows it at least as well"


def write_marks(path: Path) -> None:
    """A series of 1.4 million steps: a mark, up or down, and 2,000 steps later, for 200 steps, the question which it was."""
    random = np.random.default_rng(0)
    cycle, number = np.arange(STEPS) % (LAG + ASKED), np.arange(STEPS) // (LAG + ASKED)
    up, asked = random.integers(0, 2, number[-1] + 1)[number] == 1, cycle >= LAG
    columns = {
        "reading": (0.5 * random.standard_normal(STEPS)).round(3),
        "up": (cycle == 0) & up,
        "down": (cycle == 0) & ~up,
    }
    answer = np.where(asked, np.where(up, "up", "down"), "quiet")
    table = pd.DataFrame({**columns, "asked": asked}).astype({"up": int, "down": int, "asked": int})
    table.assign(answer=answer).to_csv(path, index=False)


@pytest.mark.cluster
def test_a_lag_of_2000_steps_is_learned_where_windows_are_longer(tmp_path):
    """By a GRU whose gates begin with a memory as long as the lag.

    Certainty is a loss of 0. Who does not know the mark loses ln 2 in 200 of 2,200 steps, and so do baselines.
    """
    blind = np.log(2) * ASKED / (LAG + ASKED)
    with working_in(tmp_path):
        write_marks(tmp_path / "marks.csv")
        run_command("data", "add", "marks.csv", "--name", "marks", "--label", "answer", "--window", 3000)
        run_command(
            "sweep", "task=marks", "cell=gru", "budget=units_64", "budget.units=8", "training.forget_bias=8",
            "training.lr=0.03", "training.weight_noise=0", "training.batch=4", "training.epochs=12",
            "population.seeds=[1,2]", "publish=false", "hydra/launcher=basic",
        )  # fmt: skip
        trials, baselines = frame.load(Path("results"), "adhoc").trials, cards.load("marks").baselines
    assert min(scores["test"]["nll"] for scores in baselines.values()) > 0.95 * blind
    nll = trials[trials.split == "test"].nll.tolist()
    assert len(nll) == 2
    assert max(nll) < 0.1 * blind, nll
