"""Workers: what is dealt to them and when, and that none is left, however they or the command end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.cli.workers import Call, WorkerFailure, Workers
from gatebench.core.errors import BadInput
from support import calls


@pytest.fixture(scope="module")
def shared() -> Iterator[Workers]:
    """Two workers, for tests that leave them as they are."""
    workers = Workers()
    workers.start()
    workers.count = 2
    yield workers
    workers.end()


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Two workers, for a test that ends them."""
    workers = Workers()
    workers.count = 2
    yield workers
    workers.end()


def ends_soon(process: int) -> bool:
    """Whether a process that is none of this one's children ends, or has."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def chain(folder: Path, *names: str, goes_on: bool = True) -> list[Call]:
    return [(calls.note, (folder, name, None, goes_on)) for name in names]


def test_a_call_is_made_in_another_process_and_returns_what_it_returns(shared: Workers):
    assert shared.call(os.getpid) not in (os.getpid(), None)
    assert shared.call(sorted, [3, 1, 2]) == [1, 2, 3]


def test_without_workers_this_process_makes_the_calls(tmp_path: Path):
    alone = Workers()
    assert alone.call(os.getpid) == os.getpid()
    alone.run([chain(tmp_path, "a", "b"), chain(tmp_path, "c", "d", goes_on=False)])
    assert {name: process for name, (_, _, process) in calls.noted(tmp_path).items()} == dict.fromkeys("abc", os.getpid())


def test_calls_of_a_chain_follow_one_another_as_long_as_they_return_true(shared: Workers, tmp_path: Path):
    shared.run([chain(tmp_path, "a", "b", "c"), chain(tmp_path, "d", "e", goes_on=False)])
    noted = calls.noted(tmp_path)
    assert sorted(noted) == list("abcd")
    for former, latter in ("ab", "bc"):
        assert noted[former][1] <= noted[latter][0]


def test_a_chain_that_nobody_has_begun_is_not_left_to_one_worker_at_the_end(shared: Workers, tmp_path: Path):
    """Of three jobs with a search and a confirmation each, whoever is free first begins the third."""
    waiting: Call = (calls.note, (tmp_path, "search 1", "search 2"))
    chains = [chain(tmp_path, f"search {i}", f"confirm {i}") for i in range(3)]
    shared.run([chains[0], [waiting, *chains[1][1:]], chains[2]])
    noted = calls.noted(tmp_path)
    assert len(noted) == 6
    assert noted["search 2"][1] <= noted["confirm 0"][0]
    assert noted["search 0"][2] == noted["search 2"][2] != noted["search 1"][2]


def test_of_many_chains_those_that_are_begun_are_ended_first(shared: Workers, tmp_path: Path):
    """Here, of as many as the workers have yet to begin, by one of two while the other waits."""
    waiting: Call = (calls.note, (tmp_path, "search 0", "search 2"))
    chains = [chain(tmp_path, f"search {i}", f"confirm {i}") for i in range(5)]
    shared.run([[waiting, *chains[0][1:]], *chains[1:]])
    noted = calls.noted(tmp_path)
    assert len(noted) == 10
    assert noted["confirm 1"][1] <= noted["search 2"][0]


def test_a_mistake_is_one_here_too(workers: Workers):
    with pytest.raises(BadInput, match="it is wrong; give another"):
        workers.call(calls.mistake)


def test_an_error_is_told_with_where_it_was(workers: Workers):
    with pytest.raises(WorkerFailure) as failure:
        workers.run([[(calls.broken, ())]])
    assert str(failure.value) == "LookupError: nothing there"
    assert "in broken" in "".join(failure.value.__notes__)


def test_one_that_is_killed_ends_all_and_the_next_call_has_new_ones(workers: Workers, tmp_path: Path):
    before = workers.call(os.getpid)
    with pytest.raises(WorkerFailure, match="a worker ended before it was done"):
        workers.run([[(time.sleep, (60,))], [(calls.killed, ())]])
    assert ends_soon(before)
    workers.run([chain(tmp_path, "a"), chain(tmp_path, "b")])
    assert sorted(calls.noted(tmp_path)) == ["a", "b"]


def test_those_that_never_came_up_are_missed(workers: Workers, monkeypatch: pytest.MonkeyPatch, capfd):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(WorkerFailure, match="a worker ended before it was done"):
        workers.call(os.getpid)
    capfd.readouterr()  # what Python says of it


def test_they_end_at_once_whatever_they_are_at(workers: Workers):
    started = time.monotonic()
    process = workers.call(os.getpid)
    (connection,) = workers._connected(1)
    connection.send((time.sleep, (600,)))
    workers.end()
    assert ends_soon(process)
    assert time.monotonic() - started < 300


def test_what_is_forked_has_no_thread_that_would_be_missing(shared: Workers):
    parent, threads = shared.call(calls.parent_and_its_threads)
    assert parent != os.getpid()
    assert threads == 1


COMMAND = """
import os, sys, time
from gatebench.cli.workers import Workers

workers = Workers()
workers.count = 2
print(workers.call(os.getpid), workers.call(os.getppid), flush=True)
workers.run([[(time.sleep, (600,))], [(time.sleep, (600,))]])
"""


def test_they_end_with_a_command_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        processes = [int(word) for word in command.stdout.readline().split()]
        command.kill()
    assert len(processes) == 2
    assert all(map(ends_soon, processes))


def test_ctrl_c_is_not_for_them(shared: Workers):
    before = shared.call(os.getpid)
    os.kill(before, signal.SIGINT)
    assert shared.call(os.getpid) == before
