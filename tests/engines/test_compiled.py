"""The cache of machine code."""

import ctypes
import dataclasses
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gatebench.engines.fused_cpu import compiled, likelihoods
from gatebench.engines.fused_cpu.builder import FunctionBuilder
from gatebench.graph import trace
from support.machine_code import HERE, address, build

pytestmark = pytest.mark.usefixtures("own_cache")


SCRIPT = """
import numpy as np, torch
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.base import Network
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli
network = Network(trace.load("lstm_augmented"), 3, 2, 4, bernoulli())
x, y = np.ones((5, 3), np.float32), np.ones((5, 2), np.float32)
engine = FusedCpu()
print(engine.losses(network, torch.full((1, network.row), 0.1), [engine.batch(network, [x], [y])])[0])
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, empty."""
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compilations(capsys):
    """How many lines about compiling there were since it was last called."""
    return lambda: capsys.readouterr().err.count("gatebench: compiled ")


def little(processor=HERE):
    """An engine with a little function, which is compiled like any other."""

    def fill(module):
        c = FunctionBuilder(module, processor, "twice", "A", exported=True)
        c.store(c.times(c.number(2), c.load(c.A)), c.A)
        c.end()

    return build(processor, fill)


def assert_doubles(engine):
    x = np.full(16, 3, np.float32)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("twice"))(address(x))
    assert (x[: HERE.lanes] == 6).all()


def test_a_process_compiles_and_the_next_one_loads(cache):
    """Though the order of a set is another one in each process."""
    processes = []
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(compiled.__file__).parents[3], capture_output=True, text=True, check=True,
        )  # fmt: skip
        processes.append(run)
    lines = processes[0].stderr.splitlines()
    assert [line.partition(" for this machine in ")[0] for line in lines] == [
        "gatebench: compiled cell lstm_augmented",
        "gatebench: compiled likelihood bernoulli",
        "gatebench: compiled the gathering of batches",
    ]
    assert all(line.endswith(" s") for line in lines)
    assert processes[1].stderr == ""
    assert processes[0].stdout == processes[1].stdout != ""
    assert [file.parent for file in cache.rglob("*") if file.is_file()] == [cache / "kernels"] * 3


def test_damaged_code_is_compiled_anew_and_mended(cache, compilations):
    little()
    (file,) = (cache / "kernels").iterdir()
    whole = file.read_bytes()
    assert compilations() == 1
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for contents in (b"", whole[:20], whole[:32], whole[:-1], whole + b"\0", bytes(flipped), 2 * whole):
        file.write_bytes(contents)
        assert compiled._read(file) is None, "it must not even be tried"
        assert_doubles(little())
        assert compilations() == 1
        assert list((cache / "kernels").iterdir()) == [file], "nothing else is left lying there"
        assert_doubles(little())
        assert compilations() == 0


def test_a_cache_that_cannot_be_written_costs_a_compilation_each_time(cache, compilations):
    cache.write_text("a file where the folder should be")
    for _ in range(2):
        assert_doubles(little())
        assert compilations() == 1
    assert cache.read_text() == "a file where the folder should be"


def test_code_belongs_to_a_machine_and_to_what_it_computes(cache, compilations):
    other = dataclasses.replace(HERE, lanes=HERE.lanes // 2)
    plain = dataclasses.replace(HERE, name="generic", features="")
    for count, processor in enumerate((HERE, other, plain), 1):
        little(processor)
        assert compilations() == 1
        assert len(list((cache / "kernels").iterdir())) == count
    rnn = trace.load("rnn")
    for compile_one in (
        lambda: compiled.CompiledCell(rnn, HERE),
        lambda: compiled.CompiledCell(rnn, HERE, of_inputs=True),
        lambda: compiled.CompiledReadout(likelihoods.KERNELS["bernoulli"], HERE),
    ):
        compile_one()
        assert compilations() == 1


RNN = trace.load("rnn")
KINDS = {
    "cell": lambda: compiled.compiled_cell(trace.load("rnn"), HERE),
    "higher cell": lambda: compiled.compiled_cell(RNN, HERE, of_inputs=True),
    "timed cell": lambda: compiled.compiled_cell(RNN, HERE, is_timed=True),
    "readout": lambda: compiled.compiled_readout(likelihoods.KERNELS["bernoulli"], HERE),
    "optimizer": lambda: compiled.compiled_optimizer("adam", HERE),
    "gather": lambda: compiled.compiled_gather(HERE),
    "gather for another processor": lambda: compiled.compiled_gather(dataclasses.replace(HERE, rows=1)),
}


def test_a_process_makes_each_code_once_and_each_for_itself():
    made = {name: make() for name, make in KINDS.items()}
    assert len({id(code) for code in made.values()}) == len(made)
    assert all(make() is made[name] for name, make in KINDS.items())


def test_the_same_operations_in_another_order_have_their_own_code():
    """Last digits hang on the order, and must not hang on what a process has compiled before."""
    order = [1, 0, 3, 2, 4, 5, 6]
    nodes = [RNN.nodes[i] for i in order]
    moved = tuple(dataclasses.replace(node, args=tuple(order.index(a) for a in node.args)) for node in nodes)
    other = dataclasses.replace(RNN, nodes=moved)
    assert other.fingerprint == RNN.fingerprint
    assert compiled.compiled_cell(other, HERE) is not compiled.compiled_cell(RNN, HERE)


def test_threads_that_ask_at_once_get_the_same_code():
    """Code is freed with its owner, so that an owner that only one of them knows would be gone before its code has run."""
    another = dataclasses.replace(HERE, rows=2)
    meet = threading.Barrier(4, timeout=60)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(lambda: meet.wait() * 0 or compiled.compiled_gather(another)) for _ in range(4)]
        assert len({id(one.result()) for one in asked}) == 1


def test_code_is_that_of_the_pipeline_of_today(cache, compilations, monkeypatch):
    for _ in range(2):
        little()
        assert compilations() == 1
        monkeypatch.setattr(compiled, "PIPELINE", compiled.PIPELINE + 1)


def test_the_folder_is_chosen_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GATEBENCH_CACHE", str(tmp_path / "a"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    monkeypatch.setenv("HOME", str(tmp_path / "c"))
    assert compiled.folder() == tmp_path / "a" / "kernels"
    monkeypatch.delenv("GATEBENCH_CACHE")
    assert compiled.folder() == tmp_path / "b" / "gatebench" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert compiled.folder() == tmp_path / "c" / ".cache" / "gatebench" / "kernels"
