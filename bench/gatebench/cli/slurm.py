"""What a Slurm allows: how many tasks one job array may have."""

import re
import subprocess

PATIENCE = 60.0
"""Seconds that the controller has for its answer."""
BATCH = "hydra.sweeper.max_batch_size"
"""Setting of Hydra's sweeper: jobs that it hands to the launcher at once, which submits one array of them."""


def within_arrays(overrides: list[str]) -> list[str]:
    """Return overrides of a sweep with the number of jobs that one array may have, unless they state one or none is known.

    Hydra submits array after array: so ``array_parallelism`` bounds the jobs of all of them.
    """
    if any(override.lstrip("+").startswith(f"{BATCH}=") for override in overrides):
        return overrides
    most = largest_array()
    return overrides if most is None else [*overrides, f"{BATCH}={most}"]


def largest_array() -> int | None:
    """Return the tasks that an array may have in the Slurm of this machine; None where there is none, or no answer."""
    command = ["scontrol", "show", "config"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    except (OSError, subprocess.SubprocessError):  # which submitting says better
        return None
    return tasks_allowed(answer)


def tasks_allowed(config: str) -> int | None:
    """Return the tasks that an array may have by what ``scontrol show config`` prints; None where that does not say it.

    ``MaxArraySize`` bounds the index of a task, which is below it and begins at 0.
    """
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)\s*$", config, re.MULTILINE)
    return int(match[1]) or None if match else None
