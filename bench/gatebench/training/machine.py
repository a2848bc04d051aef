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
"""Rows and columns of the matrices whose product is the yardstick."""
SHARE = 0.5
"""Share of the free memory that the populations of all workers together may use."""
CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux shows its control groups."""
CGROUPS_OF_PROCESS = Path("/proc/self/cgroup")
"""Where Linux says in which control groups this process is."""


@cache
def matmul_rate(threads: int, device: str = "cpu") -> float:
    """Return the FLOPs a second of torch's product of two 2048 x 2048 float32 matrices, measured once a process and device.

    It is the median of three, of the processor time of each thread, so that what else the machine does counts little; on a
    GPU of the time by the clock. A record's ``relative_throughput`` is a rate relative to this one, not to the processor's
    peak: it can exceed 1 where torch's product does not use the whole vector unit and the engine's code does.
    """
    clock = time.perf_counter if device == "cuda" else time.process_time
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    (a, b, product), seconds = torch.ones(3, SIDE, SIDE, device=device), []
    torch.mm(a[:64], b, out=product[:64])  # a small one first, which makes everything ready
    for _ in range(3):
        started = clock()
        torch.mm(a, b, out=product)
        if device == "cuda":  # until now it has only been told what to do
            torch.cuda.synchronize()
        seconds.append((clock() - started) / (1 if device == "cuda" else threads))
    torch.set_num_threads(before)
    return 2 * SIDE**3 / statistics.median(seconds)


def members_that_fit(model: Model, rows: int, threads: int) -> int:
    """Return how many members, at least one, a worker may train together on batches of so many rows (padded steps) each."""
    if model.device == "cuda":
        free = torch.cuda.mem_get_info()[0]
    else:
        free = free_memory() // max(1, (os.cpu_count() or 1) // threads)
    return max(1, int(SHARE * free / model.engine.memory_per_member(model, rows)))


def free_memory(cgroups: Path = CGROUPS, of_process: Path = CGROUPS_OF_PROCESS) -> int:
    """Return the bytes that may still be used: of the machine, and of every control group that limits this process.

    A group is limited by its own limit and by those of all groups above it, as a job's step is by its job's. ``cgroups`` and
    ``of_process`` say where Linux shows the groups.
    """
    return max(0, min([_kilobytes("MemAvailable") * 1024, *_free_in_cgroups(cgroups, of_process)]))


def _free_in_cgroups(cgroups: Path, of_process: Path) -> list[int]:
    """Return the bytes that are left below each memory limit on this process, in either version of control groups."""
    try:
        lines = of_process.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return []
    free = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            free += _free_up_to(cgroups, path, "memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            free += _free_up_to(cgroups / "memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes")
    return free


def _free_up_to(root: Path, path: str, limit: str, usage: str) -> list[int]:
    """Return limit minus usage of the group at ``path`` and of all groups above it, where they have a limit.

    A container sees its own group as ``root`` although ``path`` names it from the machine's; then only ``root`` exists.
    """
    group = root / path.strip("/")
    free = []
    for folder in (group, *group.parents):
        with suppress(OSError, ValueError):  # no such group, or its limit is "max"
            free.append(
                int((folder / limit).read_text(encoding="utf-8"))
                - int((folder / usage).read_text(encoding="utf-8"))
                + _file_cache(folder)
            )
        if folder == root:
            break
    return free


def _file_cache(group: Path) -> int:
    """Return the bytes of a group's memory that only hold files read a while ago, and that are given up when needed."""
    try:
        entries = dict(line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines())
        return int(entries.get("total_inactive_file", entries.get("inactive_file", 0)))
    except (OSError, ValueError):
        return 0


def _kilobytes(name: str) -> int:
    """Return an entry of /proc/meminfo; on a system without it, a quarter of the physical memory counts as free."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1])
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 1024
