"""Both engines on random cases, each between pages of memory that must not be touched, in child processes.

``python tests/support/engine_fuzz.py 5000 FILE.csv`` runs the cases of the seeds 0 to 4999 that the file has no line of, a
line for each; ``--first 2000`` leaves out those before. Code that reads or writes past an array kills the child; then the
case it was at is what has failed.
"""

import argparse
import csv
import faulthandler
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
AT_MOST = 1000
"""Cases of one child."""
FAILED = ("differs", "fault", "error")


class Outcome(NamedTuple):
    """What became of a case."""

    seed: int
    outcome: str
    """``agrees``, ``differs``, ``fault`` (the child died), or ``error`` (it raised one)."""
    ratio: str = ""
    error: str = ""
    reference: str = ""
    overflows: str = ""
    quantity: str = ""
    case: str = ""


def run(seeds: Iterable[int], cells: str = "") -> Iterator[Outcome]:
    """Yield the outcome of the case of each seed; ``cells`` are the names of those to draw from, by commas (empty: all)."""
    waiting = list(seeds)
    while waiting:
        chunk, waiting = waiting[:AT_MOST], waiting[AT_MOST:]
        command = [sys.executable, str(Path(__file__)), "--child", cells, *map(str, chunk)]
        paths = os.pathsep.join(map(str, (ROOT / "bench", ROOT / "tests")))
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            done = 0
            for row in csv.reader(child.stdout):
                done += 1
                yield Outcome(int(row[0]), *row[1:])
            said = child.stderr.read().strip()
        if child.returncode:
            yield Outcome(chunk[done], "fault", case=f"the process ended with {child.returncode}: {said[-2000:]}")
            waiting = [*chunk[done + 1 :], *waiting]


def child(cells: str, seeds: list[int]) -> None:
    """Run cases in this process and write a line of each."""
    import numpy as np
    import torch

    from gatebench.engines.fused_cpu import engine, workspace
    from support import engine_agreement, engine_cases
    from support.guarded import Guard

    faulthandler.enable()
    guard, write = Guard(), csv.writer(sys.stdout).writerow
    prepare_thread, zeros = engine._prepare_thread, torch.zeros

    def prepared() -> None:
        prepare_thread()
        guard.start()

    def zeros_of_numpy(*shape: Any, **options: Any) -> torch.Tensor:
        return zeros(*shape, **options) if options else torch.from_numpy(np.zeros(shape, np.float32))

    # what is taken elsewhere, or with more room than the code asks for
    engine._prepare_thread, torch.zeros = prepared, zeros_of_numpy
    workspace._aligned = lambda size: np.zeros(size, np.float32)
    engine.SPLIT = 0  # small batches are dealt out as large ones are
    for seed in seeds:
        case = engine_cases.draw(seed, cells.split(",") if cells else None)
        guard.side = case.guard
        try:
            with guard.active():
                judged = engine_agreement.judge(case)
        except Exception as error:
            write(Outcome(seed, "error", quantity=f"{type(error).__name__}: {error}", case=described(case)))
        else:
            ratio, error, reference = (f"{x:.3g}" for x in (judged.ratio, judged.error, judged.reference))
            outcome = "agrees" if judged.ratio <= 1 else "differs"
            overflows = str(judged.overflows)
            write(Outcome(seed, outcome, ratio, error, reference, overflows, judged.quantity, described(case)))
        sys.stdout.flush()
    os._exit(0)  # NumPy would return memory to the guard when nothing of Python is left


def described(case: object) -> str:
    """All of a case in one line, but for its seed."""
    return " ".join(f"{name}={value}" for name, value in vars(case).items() if name != "seed").replace("\n", " ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="the seed before which to end")
    parser.add_argument("file", type=Path, help="where lines are added; cases that have one are not run again")
    parser.add_argument("--first", type=int, default=0, help="the seed to begin at")
    parser.add_argument("--cells", default="", help="names of cells to draw from, by commas")
    arguments = parser.parse_args()
    have: set[int] = set()
    if arguments.file.exists():
        with arguments.file.open(newline="") as lines:
            have = {int(row["seed"]) for row in csv.DictReader(lines)}
    else:
        arguments.file.write_text(",".join(Outcome._fields) + "\n")
    counts: Counter[str] = Counter()
    started = time.monotonic()
    with arguments.file.open("a", newline="") as file:
        for outcome in run([seed for seed in range(arguments.first, arguments.count) if seed not in have], arguments.cells):
            csv.writer(file).writerow(outcome)
            file.flush()
            counts[outcome.outcome] += 1
            if outcome.outcome in FAILED:
                print(*outcome, flush=True)
            if counts.total() % 100 == 0:
                print(f"{dict(counts)} in {time.monotonic() - started:.0f} s", flush=True)
    print(f"{dict(counts)} in {time.monotonic() - started:.0f} s")
    return int(any(counts[name] for name in FAILED))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], [int(seed) for seed in sys.argv[3:]])
    else:
        sys.exit(main())
