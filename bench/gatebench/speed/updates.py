"""How fast engines and libraries are: one training update, or one evaluation, beside `torch.nn`."""

import importlib.util
from collections.abc import Callable

import pandas as pd

from gatebench.speed import engines, jax_scan, torch_modules
from gatebench.speed.cases import POPULATION, Case, cases
from gatebench.speed.timing import PRODUCT_FLOPS, TimedCall, matrix_product, timed

COLUMNS = [
    "data", "cell", "units", "layers", "bidirectional", "inputs", "outputs", "batch", "steps", "work", "population",
    "engine", "ms_per_update_per_member", "beside", "beside_ms", "ratio", "relative_throughput", "compile_seconds",
]  # fmt: skip
"""Columns of the table of updates, times in milliseconds but for those of compiling."""
LONG = 500
"""Steps from which on the reference engine and JAX are left out: their updates take seconds."""


def measure_updates(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time every case by every engine; return medians over rounds, in each of which all are timed one after another."""
    rows = []
    for case in cases():
        tell(f"timing {describe(case)}")
        rows += rows_of(case, rounds, tell)
    return pd.DataFrame(rows, columns=COLUMNS)


def describe(case: Case) -> str:
    """Return a case in words."""
    layers = ", 2 directions" if case.bidirectional else f", {case.layers} layers" if case.layers > 1 else ""
    return f"{case.work}, {case.cell} {case.units}{layers}, {case.data.name}, batch {case.batch}, {case.steps} steps"


def rows_of(case: Case, rounds: int, tell: Callable[[str], None]) -> list[dict[str, str | float | None]]:
    """Return the rows of one case."""
    runs = _runs(case, tell)
    times = timed({**runs, ("matrix product", 1): matrix_product()}, rounds)
    rate = PRODUCT_FLOPS / times["matrix product", 1]
    beside_seconds = times[beside_of(case)] / beside_of(case)[1]
    rows = []
    for (engine, count), run in runs.items():
        seconds = times[engine, count] / count
        rows.append({
            **{name: getattr(case, name) for name in ("cell", "units", "layers", "bidirectional", "batch", "steps", "work")},
            "data": case.data.name,
            "inputs": case.data.inputs,
            "outputs": case.data.outputs,
            "population": count,
            "engine": engine,
            "ms_per_update_per_member": 1e3 * seconds,
            "beside": case.beside,
            "beside_ms": 1e3 * beside_seconds,
            "ratio": beside_seconds / seconds,
            "relative_throughput": case.flops / seconds / rate,
            "compile_seconds": run.compile_seconds,
        })  # fmt: skip
    return rows


def beside_of(case: Case) -> tuple[str, int]:
    """Return engine and population of the row that the others of its case are compared with."""
    return ("torch.nn", 1) if case.beside.startswith("torch.nn") else ("reference", POPULATION)


def _runs(case: Case, tell: Callable[[str], None]) -> dict[tuple[str, int], TimedCall]:
    """Return what is timed, by engine and population."""
    runs = {("fused_cpu", count): engines.call(case, "fused_cpu", count) for count in (1, POPULATION)}
    if case.steps < LONG:
        runs["reference", 1] = engines.call(case, "reference", 1)
    if beside_of(case)[0] == "reference":
        runs[beside_of(case)] = engines.call(case, *beside_of(case))
    else:
        runs["torch.nn", 1] = torch_modules.call(case)
    if case.compiled and (compiled := torch_modules.compiled_call(case, tell)):
        runs["torch.compile", 1] = compiled
    if importlib.util.find_spec("jax") and case.steps < LONG and jax_scan.can_run(case):
        runs |= {("jax scan", count): jax_scan.call(case, count) for count in (1, POPULATION)}
    return runs
