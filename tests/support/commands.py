"""The command as tests run it: in this process or in one of its own, and what it leaves behind."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
import torch

from gatebench.cli.commands import sweep as sweep_command
from gatebench.cli.parser import command_line_parser
from gatebench.records import frame
from gatebench.records.frame import RESULT_COLUMNS
from support.datasets import Murmur, Tiny

COMMAND = str(Path(sys.executable).with_name("gatebench"))
"""The installed command, for a process of its own."""
SMALL = [
    "cell=rnn,gru", "task=tiny", "budget=units_64", "budget.units=6", "training.epochs=4", "search.size=2",
    "population.seeds=[1,2]", "publish=false", "hydra/launcher=basic",
]  # fmt: skip
"""Two jobs of a search of two and two confirming seeds, on one core."""
LONG = [*(o for o in SMALL if "epochs" not in o), "training.epochs=30", "training.patience=1000000"]
"""Long enough to be interrupted at any point."""
ON_WORKERS = [*(o for o in SMALL if "launcher" not in o and "epochs" not in o), "training.patience=1000000"]
"""The same for a test that names its launcher and how long it trains."""


@contextmanager
def environment_of(tiny: Tiny | Murmur) -> Iterator[None]:
    """The environment of a small set; what a command changes of this process is put back."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GATEBENCH_PATH", "GATEBENCH_DATA"):
            patch.setenv(name, tiny.env[name])
        for name in ("HYDRA_FULL_ERROR", "GATEBENCH_PROGRESS"):
            patch.setenv(name, "0")
        yield
    torch.set_num_threads(threads)


def sweep(tiny: Tiny, *overrides: str, results: Path | None = None) -> str:
    """``gatebench sweep`` in this process; returns what it prints."""
    with environment_of(tiny), redirect_stdout(io.StringIO()) as printed:
        assert sweep_command.sweep([*overrides, f"results={results or tiny.folder / 'results'}"]) == 0
    return printed.getvalue()


def record_times(results: Path) -> dict[str, int]:
    """Key -> when its record was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in results.glob("trials/[0-9a-f]*/record.json")}


def run_command(*words: object) -> list[str]:
    """A command in this process; returns the lines that it prints."""
    options = command_line_parser().parse_args([str(word) for word in words])
    with redirect_stdout(io.StringIO()) as printed:
        assert options.run(options) == 0
    return printed.getvalue().splitlines()


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Where data is added and studies are run."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GATEBENCH_PATH", raising=False)
        patch.chdir(folder)
        patch.setenv("HYDRA_FULL_ERROR", "0")
        yield
    torch.set_num_threads(threads)


def without_compile_lines(errors: str) -> str:
    """What a command said on stderr, but for lines about compiling: they depend on what this machine has in its cache."""
    return re.sub(
        r"^gatebench: compiled (the gathering of batches|(cell|optimizer|likelihood) \w+( of a higher layer)?)"
        r" for this machine in \d+\.\d s\n",
        "",
        errors,
        flags=re.MULTILINE,
    )


def without_plugins(errors: str, folder: Path) -> str:
    """What a command said on stderr behind its first line, which names the plugin folder whose code it may run."""
    line = f"gatebench: may run the Python files of {folder}, which GATEBENCH_PATH names\n"
    assert errors.startswith(line)
    return errors.removeprefix(line)


def result_columns(results: Path) -> pd.DataFrame:
    """Columns of ``trials.csv`` that an interruption must not change, of the study ``adhoc``, in an order of their own."""
    trials = frame.load(results, "adhoc").trials
    return trials[RESULT_COLUMNS].sort_values(["key", "stage", "split"]).reset_index(drop=True)
