"""Where and with what a trial was computed."""

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from typing import Any

from gatebench import __version__
from gatebench.core.registry import CHECKOUT

PACKAGES = ("torch", "llvmlite", "numpy", "scipy", "pandas", "hydra-core", "mlflow")


@cache
def provenance() -> dict[str, Any]:
    """Commit, versions and machine; nothing that names a person or a host."""
    return {
        "commit": _commit(),
        "versions": {
            "gatebench": __version__,
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    }


def _commit() -> str | None:
    """Commit of the checkout, with ``+changes`` if files that git tracks differ from it; None for an installed package."""
    if CHECKOUT is None or not (CHECKOUT / ".git").exists():
        return None
    try:
        run = [
            subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no", "--", "bench", "conf"],
            )
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return run[0] + ("+changes" if run[1] else "")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
