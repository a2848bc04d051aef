"""Where the time of an update goes: the parts of the fused engine's code, and what training does around it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest import mock

import pandas as pd
import torch

from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.speed import data, engines, timing
from gatebench.speed.cases import LARGE, POPULATION, SMALL, Case, units
from gatebench.training import regularisation
from gatebench.training.evaluation import make_batch

COLUMNS = ["data", "cell", "units", "batch", "steps", "part", "is_code", "ms_per_update_per_member"]
"""Columns of the table: a row for each part of an update; ``is_code``: of the code that the engine makes."""
WEIGHT_NOISE = 0.075
"""Standard deviation of the noise of the updates that are broken down, as Chung et al. had it."""
CODE = "code: "
"""Begins the names of parts of the code, among those of all parts."""
CALLS, BETWEEN = "calls of the code", "between"
"""Parts around the code: what the engine does before and after it, and what nothing else has a clock for."""


def cases() -> list[Case]:
    """Return the shapes of updates that are broken down."""
    return [
        Case(data.music, "gru", 46, 1, 250),
        Case(data.music, "gru", 46, 32, 100),
        Case(data.music, "lstm", 36, 32, 100),
        Case(data.synthetic, "gru", units("gru", data.READ, SMALL), 32, 48),
        Case(data.dense, "lstm", units("lstm", data.READ, LARGE), 32, 100),
        Case(data.dense, "gru", units("gru", data.READ, LARGE), 32, 100),
    ]


def measure_breakdown(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time the parts of updates of a population by one thread; of all rounds, the one of median length counts."""
    rows = []
    for case in cases():
        tell(f"timing the parts of an update, {case.cell} {case.units}, {case.data.name}, batch {case.batch}")
        for part, seconds in parts(case, rounds).items():
            named = (case.data.name, case.cell, case.units, case.batch, case.steps)
            rows.append((*named, part.removeprefix(CODE), part.startswith(CODE), 1e3 * seconds / POPULATION))
    return pd.DataFrame(rows, columns=COLUMNS)


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Return milliseconds with a row for each part, in the order of the table, and a column for each shape."""
    shape = [f"{row.cell} {row.units}, {row.data}, {row.batch} x {row.steps}" for row in rows.itertuples()]
    table = rows.assign(shape=shape).pivot(index="part", columns="shape", values="ms_per_update_per_member")
    return table.reindex(index=rows.part.unique(), columns=list(dict.fromkeys(shape))).reset_index()


def parts(case: Case, rounds: int) -> dict[str, float]:
    """Return the seconds of each part of an update of a population; those of the code have names that begin with `CODE`."""
    engine = FusedCpu(1, is_timed=True)
    model = replace(case.model("fused_cpu"), engine=engine)
    members = engines.population(case, model, POPULATION)
    members.training = replace(members.training, weight_noise=WEIGHT_NOISE)
    batches = [make_batch(model, batch) for batch in case.sequences()] * POPULATION
    rate, live = torch.full((POPULATION, 1), engines.RATE), torch.ones(POPULATION, 1, dtype=torch.bool)

    def of_a_round() -> dict[str, float]:
        engine.part_seconds(model)
        seconds: defaultdict[str, float] = defaultdict(float)
        with _clocks(seconds, engine):
            updates, whole = timing.repeated(timing.TimedCall(lambda: members.update(batches, rate, live)), timing.WARM)
        of_code = engine.part_seconds(model)
        seconds[BETWEEN] = whole - sum(seconds.values())
        seconds[CALLS] -= sum(of_code.values())
        named = {f"{CODE}{name}": value for name, value in of_code.items()} | seconds
        return {name: value / updates for name, value in named.items()}

    of_a_round()  # compiles, and fills the caches
    taken = sorted((of_a_round() for _ in range(rounds)), key=lambda one: sum(one.values()))
    return taken[len(taken) // 2]


@contextmanager
def _clocks(seconds: defaultdict[str, float], engine: FusedCpu) -> Iterator[None]:
    """Add to ``seconds`` what the parts of an update around the code take."""
    clocked = [(CALLS, engine, "update"), ("weight noise", regularisation, "weight_noise")]
    with ExitStack() as stack:
        for part, owner, name in clocked:
            stack.enter_context(mock.patch.object(owner, name, _clocked(getattr(owner, name), part, seconds)))
        yield


def _clocked(function: Callable[..., object], part: str, seconds: defaultdict[str, float]) -> Callable[..., object]:
    def call(*arguments: object) -> object:
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            seconds[part] += time.perf_counter() - started

    return call
