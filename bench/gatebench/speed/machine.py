"""The machine that is timed, as columns of every table, and tables that hold the rows of several machines."""

import datetime
import os
import re
from pathlib import Path

import pandas as pd
import torch

from gatebench.engines.fused_cpu.processor import processor
from gatebench.records.provenance import provenance

THREADS = os.cpu_count() or 1
"""Threads of every engine and library."""
COLUMNS = ["machine", "vector_bits", "threads", "torch", "date"]
"""Columns of a machine, the first of every table."""


def describe(name: str | None) -> dict[str, str | int]:
    """Return the values of `COLUMNS` for this machine, here and today, under its processor's name or a given one."""
    return {
        "machine": name or processor_name(provenance(THREADS).machine.processor or ""),
        "vector_bits": 32 * processor().lanes,
        "threads": THREADS,
        "torch": torch.__version__,
        "date": datetime.date.today().isoformat(),
    }


def processor_name(model: str) -> str:
    """Return the model name of a processor without marks, clock rate, and what every such name says."""
    words = re.sub(r"\((R|TM)\)|\b(CPU|Processor)\b|\d+-Core|@.*", " ", model, flags=re.IGNORECASE).split()
    return " ".join(words) or "unknown"


def merged(rows: pd.DataFrame, machine: dict[str, str | int], file: Path) -> pd.DataFrame:
    """Return the rows of this machine in place of those that a file has of it; rows of other machines stay as they are.

    A file without a column for the machine is of an earlier version, which had one machine alone: it is replaced.
    """
    rows = rows.assign(**machine)[[*COLUMNS, *(name for name in rows.columns if name not in COLUMNS)]]
    before = pd.read_csv(file, dtype={"torch": str}) if file.exists() else rows
    if "machine" not in before.columns:
        return rows
    machines = list(dict.fromkeys([*before.machine, *rows.machine]))
    parts = {name: rows if name == machine["machine"] else before[before.machine == name] for name in machines}
    return pd.concat(parts.values(), ignore_index=True)
