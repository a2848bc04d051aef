"""Where and with what a trial was computed."""

import importlib.metadata
import os
import platform
import subprocess
from dataclasses import replace
from functools import cache

from gatebench import __version__
from gatebench.core.registry import CHECKOUT
from gatebench.records.schema import Machine, Provenance

PACKAGES = ("torch", "llvmlite", "numpy", "scipy", "pandas", "hydra-core", "mlflow")
"""Packages whose versions may change numbers or what is recorded of them."""


@cache
def _here() -> Provenance:
    return Provenance(
        commit=_commit(),
        versions={
            "gatebench": __version__,
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        machine=Machine(_processor(), os.cpu_count(), platform.system(), platform.machine()),
        threads=0,
    )


def provenance(threads: int) -> Provenance:
    """Return commit, versions, machine and threads of this process; nothing that names a person or a host."""
    return replace(_here(), threads=threads)


def _commit() -> str | None:
    """Commit of the checkout, with ``+changes`` if files that git tracks differ from it; None for an installed package."""
    if CHECKOUT is None or not (CHECKOUT / ".git").exists():
        return None
    try:
        answers = [
            subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no", "--", "bench", "conf"],
            )
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return answers[0] + ("+changes" if answers[1] else "")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
