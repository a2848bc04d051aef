"""Wall time of whole studies, beside plain PyTorch scripts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from gatebench.core import interpreters
from gatebench.core.errors import BadInput
from gatebench.records import study_file
from gatebench.records.store import Store
from gatebench.speed.cases import nearest

STUDIES = {
    "batch 1, 4 epochs": ["training=chung2014", "training.epochs=4"],
    "batch 1, 20 epochs": ["training=chung2014", "training.epochs=20"],
    "jsb": ["training=modern"],
}
"""What is timed whole: settings beside the task, JSB Chorales, and the cells that `torch.nn` has."""


def measure_studies(folder: Path, tell: Callable[[str], None]) -> pd.DataFrame:
    """Return wall times of studies through ``gatebench sweep``, and of plain scripts that train the same trials.

    The scripts train for as many epochs, as many at a time as there are cores, with one thread each: what a loop in a shell
    does at its best. Both sides pay for their own start, imports and reading of the data.
    """
    rows = []
    for name, settings in STUDIES.items():
        results = folder / name.replace(" ", "_").replace(",", "")
        tell(f"timing study {name} through gatebench sweep")
        words = ["cell=rnn,lstm,gru_reset_after", "task=jsb_chorales", *settings, "name=timed", f"results={results}"]
        started = time.perf_counter()
        _call([sys.executable, "-c", "from gatebench.cli import main; main()", "sweep", *words], {})
        sweep_seconds = time.perf_counter() - started
        trials = _trials(results)
        tell(f"timing study {name} by {len(trials)} plain scripts")
        started = time.perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_script, trials))
        script_seconds = time.perf_counter() - started
        rows.append(
            (
                name,
                len(trials),
                sum(t["epochs"] for t in trials),
                sweep_seconds,
                script_seconds,
                script_seconds / sweep_seconds,
            )
        )
    return pd.DataFrame(rows, columns=["study", "trials", "epochs", "sweep_seconds", "scripts_seconds", "ratio"])


def _script(trial: dict[str, Any]) -> None:
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    _call([sys.executable, "-m", "gatebench.speed.plain", json.dumps(trial)], one_thread)


def _call(words: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        words, env={**os.environ, **environment, **interpreters.ENVIRONMENT}, capture_output=True, text=True
    )
    if done.returncode:
        raise BadInput(f"{' '.join(words[:4])} ... failed: {done.stderr.strip().splitlines()[-1:]}")


def _trials(results: Path) -> list[dict[str, Any]]:
    """Return the settings of `gatebench.speed.plain` for every trial of a study."""
    points = study_file.read(results, "timed")
    records = Store(results).read(study_file.keys(points))
    return [
        {
            "module": nearest(record.settings.cell),
            "dataset": record.settings.dataset,
            "predict": record.settings.predict,
            "units": record.summary.units,
            "lr": record.settings.lr,
            "seed": record.settings.seed,
            "epochs": record.summary.epochs,
            "training": record.settings.training,
        }
        for record in records.values()
    ]
