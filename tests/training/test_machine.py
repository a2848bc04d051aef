"""The yardstick, and what fits into memory."""

import os

import pytest
import torch

from gatebench.engines.selection import create
from gatebench.graph import trace
from gatebench.training import machine
from gatebench.training.likelihoods import bernoulli
from gatebench.training.model import Model


def model(engine, units=46):
    return Model(trace.load("gru"), 88, 88, units, bernoulli(), create(engine))


def test_the_rate_is_that_of_a_product(monkeypatch):
    rate = machine.matmul_rate(1)
    assert 1e9 < rate < 1e13
    assert machine.matmul_rate(1) == rate, "measured once"


def test_measuring_leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    machine.matmul_rate.__wrapped__(2)
    assert torch.get_num_threads() == before


def test_free_memory_is_of_this_machine():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < machine.free_memory() < total


VERSION_2 = ("memory.max", "memory.current")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def write_group(folder, files, limit, usage, stat=""):
    """A control group as Linux shows it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip((*files, "memory.stat"), (limit, usage, stat), strict=True):
        (folder / name).write_text(f"{text}\n")


def free_in(tmp_path, lines):
    """Free memory of a process whose control groups are named by these lines, in the tree below ``tmp_path``."""
    of_process = tmp_path / "cgroup_of_process"
    of_process.write_text("".join(f"{line}\n" for line in lines))
    return machine.free_memory(tmp_path / "cgroups", of_process)


def test_the_tightest_limit_of_a_nested_control_group_counts(tmp_path):
    """A Slurm job's: its step has no limit of its own, the job has one, the machine's root has none."""
    slice_, job, step = (
        tmp_path / "cgroups" / path for path in ("system.slice", "system.slice/job_7", "system.slice/job_7/step_0")
    )
    write_group(slice_, VERSION_2, 90_000, 10_000)
    write_group(job, VERSION_2, 5_000, 1_500)
    write_group(step, VERSION_2, "max", 1_200)
    assert free_in(tmp_path, ["0::/system.slice/job_7/step_0"]) == 3_500
    write_group(slice_, VERSION_2, 11_000, 10_000)
    assert free_in(tmp_path, ["0::/system.slice/job_7/step_0"]) == 1_000, "other jobs of the slice leave less"
    write_group(step, VERSION_2, 1_300, 1_200)
    assert free_in(tmp_path, ["0::/system.slice/job_7/step_0"]) == 100
    write_group(step, VERSION_2, 1_300, 2_000)
    assert free_in(tmp_path, ["0::/system.slice/job_7/step_0"]) == 0
    write_group(tmp_path, VERSION_2, 1, 1)
    assert free_in(tmp_path, ["0::/system.slice"]) == 1_000, "nothing above the root of the tree counts"


def test_control_groups_of_version_1_limit_memory_too(tmp_path):
    memory = tmp_path / "cgroups" / "memory"
    write_group(memory, VERSION_1, 9_223_372_036_854_771_712, 50_000)
    write_group(memory / "slurm" / "job_7", VERSION_1, 8_000, 3_000)
    write_group(memory / "other", VERSION_1, 10, 0)
    lines = ["5:cpu,cpuacct:/other", "4:memory:/slurm/job_7", "1:name=systemd:/other", "0::/"]
    assert free_in(tmp_path, lines) == 5_000


def test_a_container_sees_its_own_group_as_the_root(tmp_path):
    """The process's file names the group from outside, where there is no such folder inside."""
    write_group(tmp_path / "cgroups", VERSION_2, 6_000, 2_000)
    assert free_in(tmp_path, ["0::/docker/0a1b"]) == 4_000


def test_files_that_were_read_do_not_count_as_used(tmp_path):
    write_group(tmp_path / "cgroups" / "job", VERSION_2, 6_000, 5_500, "anon 500\ninactive_file 4000\nactive_file 1000")
    assert free_in(tmp_path, ["0::/job"]) == 4_500
    memory = tmp_path / "cgroups" / "memory" / "job"
    write_group(memory, VERSION_1, 6_000, 5_500, "inactive_file 1\ntotal_inactive_file 3000")
    assert free_in(tmp_path, ["4:memory:/job"]) == 3_500


def test_without_control_groups_memory_is_the_machines(tmp_path):
    of_machine = machine.free_memory(tmp_path / "nowhere", tmp_path / "nothing")
    assert of_machine > 0
    write_group(tmp_path / "cgroups", VERSION_2, "max", 5)
    for lines in ([], ["0::/"], ["2:cpu:/a"]):
        assert free_in(tmp_path, lines) == pytest.approx(of_machine, rel=0.5)


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_as_many_members_as_memory_takes(engine, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    small = model(engine)
    bytes_per_member = small.engine.memory_per_member(small, 3200)
    for members in (1, 7, 40):
        free = int((members + 0.5) * bytes_per_member * 4 / machine.SHARE)
        monkeypatch.setattr(machine, "free_memory", lambda free=free: free)
        assert machine.members_that_fit(small, 3200, 1) == members, "four workers share"
    monkeypatch.setattr(machine, "free_memory", lambda: 1)
    assert machine.members_that_fit(small, 3200, 1) == 1


def test_only_the_plain_loop_keeps_every_step_of_every_member():
    plain, fused = model("reference"), model("fused_cpu")
    assert plain.engine.memory_per_member(plain, 6400) > 1.8 * plain.engine.memory_per_member(plain, 3200)
    assert fused.engine.memory_per_member(fused, 6400) == fused.engine.memory_per_member(fused, 3200)
