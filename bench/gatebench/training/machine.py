"""What the machine can do: the rate of a large matrix product, and how many members fit into its memory."""

import os
import statistics
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

from gatebench.training.model import Model

SIDE = 2048
"""Of the matrices whose product is the yardstick."""
SHARE = 0.5
"""Of the memory that is free, for the populations of all workers together."""


@cache
def matmul_rate(threads: int) -> float:
    """FLOPs a second of a product of two 2048 x 2048 matrices in float32, median of three, measured once a process."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    a, b, taken = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE), []
    for _ in range(4):
        started = time.perf_counter()
        torch.mm(a, b)
        taken.append(time.perf_counter() - started)
    torch.set_num_threads(before)
    return 2 * SIDE**3 / statistics.median(taken[1:])


def members_that_fit(model: Model, rows: int, threads: int) -> int:
    """How many members a worker may train together, each on batches of so many rows (padded steps), at least one."""
    if model.device == "cuda":
        free = torch.cuda.mem_get_info()[0]
    else:
        free = free_memory() // max(1, (os.cpu_count() or 1) // threads)
    return max(1, int(SHARE * free / model.runs.memory(model, rows)))


def free_memory() -> int:
    """Bytes that may still be used: of the machine, and of the control group that this process is in."""
    left = [_kilobytes("MemAvailable") * 1024]
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # no control group, or one without a limit
        left.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(left))


def _kilobytes(name: str) -> int:
    """An entry of /proc/meminfo; of a system without it, a quarter of the physical memory counts as free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1])
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 1024
