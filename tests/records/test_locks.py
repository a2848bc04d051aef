"""Who computes which trial: locks of a process are its own, whoever asks about others."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.records.locks import TrialLocks

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
HOLDER = """
    import sys
    from pathlib import Path
    from gatebench.records.locks import TrialLocks

    locks = TrialLocks(Path(sys.argv[1]))
    print(locks.take(sys.argv[2]), flush=True)
    for line in sys.stdin:
        exec(line)
        print("done", flush=True)
"""


class Holder:
    """Another process that locks a trial."""

    def __init__(self, results: Path, key: str) -> None:
        program = [sys.executable, "-c", textwrap.dedent(HOLDER), str(results), key]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.took = self.line() == "True"

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def run(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self.line() == "done"

    def end(self) -> None:
        if self.process.returncode is None:
            self.process.communicate()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    other = Holder(tmp_path, KEY)
    yield other
    other.end()


def test_a_trial_is_locked_by_one_process(tmp_path: Path, holder: Holder):
    assert holder.took
    locks = TrialLocks(tmp_path)
    assert not locks.take(KEY)
    assert locks.take(OTHER)
    assert locks.of_others([KEY, OTHER]) == {KEY}
    holder.end()
    assert locks.take(KEY)
    locks.close()


@pytest.mark.usefixtures("holder")
def test_all_or_none_are_locked(tmp_path: Path):
    locks = TrialLocks(tmp_path)
    assert not locks.take_all([OTHER, KEY])
    assert locks.of_others([KEY, OTHER]) == {KEY}
    free = Holder(tmp_path, OTHER)
    assert free.took
    free.end()


@pytest.mark.usefixtures("holder")
def test_asking_about_others_frees_no_lock_of_ones_own(tmp_path: Path):
    """POSIX frees all locks of a process on a file when it closes any descriptor of it."""
    locks = TrialLocks(tmp_path)
    assert locks.take(OTHER)
    for asked in (locks, TrialLocks(tmp_path)):
        assert asked.of_others([KEY, OTHER]) == {KEY}
    late = Holder(tmp_path, OTHER)
    assert not late.took
    late.end()
    locks.close()
    late = Holder(tmp_path, OTHER)
    assert late.took
    late.end()


def test_two_objects_of_one_folder_share_what_the_process_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    first, second = TrialLocks(tmp_path), TrialLocks(Path())  # one folder by two names
    assert first.take(KEY)
    assert second.take(OTHER)
    second.release([OTHER])
    other = Holder(tmp_path, KEY)
    assert not other.took
    other.end()
    first.close()


def test_asking_needs_no_right_to_write_and_makes_no_file(tmp_path: Path, holder: Holder):
    assert TrialLocks(tmp_path / "elsewhere").of_others([KEY]) == set()
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "trials.lock").chmod(0o444)
    assert TrialLocks(tmp_path).of_others([KEY]) == {KEY}
    holder.run("locks.release([sys.argv[2]])")
    assert TrialLocks(tmp_path).of_others([KEY]) == set()


CONTENDER = """
import os, sys, time
from pathlib import Path

from gatebench.records.locks import TrialLocks
from gatebench.records.checkpoints import Checkpoint

results, keys, holds = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
locks, counted = TrialLocks(results), 0
print("ready", flush=True)
input()  # all begin together, however long each took to start
while counted < holds:
    for key in keys:
        if locks.take(key):
            held = results / key
            number = int(held.read_text()) if held.exists() else 0
            held.write_text(str(number + 1))  # lost or doubled, were two here at once
            counted += 1
            locks.release([key])
print(counted)
"""


def test_a_lock_is_held_by_one_process_at_a_time(tmp_path: Path):
    """Many short holds by several processes at once: none is lost, none doubled."""
    keys, holds = ["0123456789abcdef", "0123456789abcde0"], 200
    command = [sys.executable, "-c", CONTENDER, str(tmp_path), ",".join(keys), str(holds)]
    contenders = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in contenders:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in contenders:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    counted = sum(int(process.communicate(timeout=120)[0]) for process in contenders)
    assert counted >= len(contenders) * holds
    assert sum(int((tmp_path / key).read_text()) for key in keys) == counted


def test_the_locks_of_a_killed_process_are_free_and_those_of_another_are_seen(tmp_path: Path):
    program = f"""
        import time
        from pathlib import Path
        from gatebench.records.locks import TrialLocks
        locks = TrialLocks(Path({str(tmp_path)!r}))
        print(locks.take_all(["a" * 16, "b" * 16]), flush=True)
        time.sleep(600)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    locks = TrialLocks(tmp_path)
    assert locks.of_others(["a" * 16, "b" * 16, "c" * 16]) == {"a" * 16, "b" * 16}
    assert not locks.take("a" * 16)
    assert not locks.take_all(["c" * 16, "b" * 16])
    assert locks.take("c" * 16)  # none of them was kept
    process.kill()
    process.communicate()
    assert locks.of_others(["a" * 16, "b" * 16]) == set()
    assert locks.take_all(["a" * 16, "b" * 16])
