"""A sweep on a real terminal: what is seen while it trains, when a worker dies, and after Ctrl-C."""

import os
import re
import signal
from pathlib import Path

import pytest

from support.commands import COMMAND, ON_WORKERS, SMALL
from support.datasets import Tiny
from support.terminals import Screen, Terminal

WORKER = r"  (rnn|gru)  search  epoch \d+ of 1000000  2 trials  NLL [\d.]+"
WORDS = [*ON_WORKERS, "training.epochs=1000000", "training.patience=1000000", "publish=false", "hydra/launcher=local"]
"""Of a sweep that nobody waits for."""


def workers_of(group: int) -> list[int]:
    """The processes of a group that are workers: those that another one of the group forked."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended as we looked
            continue
        if int(fields[2]) == group:
            parents[int(folder.name)] = int(fields[1])
    return [process for process, parent in parents.items() if parent in parents and parents[parent] in parents]


def test_a_line_a_worker_whatever_dies_and_nothing_left_behind(home: Tiny, tmp_path: Path):
    with Terminal([COMMAND, "sweep", *WORDS, f"results={tmp_path}"], 24, 120, home.env, home.folder) as terminal:
        terminal.wait(lambda written: len(set(re.findall(WORKER, written))) == 2)
        assert "planning, " in terminal.written
        assert re.search(r"adhoc: [\d,]+ of at most 8,000,000 epochs, \d:\d\d so far", terminal.written)
        os.kill(workers_of(terminal.process.pid)[0], signal.SIGKILL)
        terminal.wait(lambda written: re.search(WORKER, written.partition("a worker died")[2]))
        os.killpg(terminal.process.pid, signal.SIGINT)
        assert terminal.end() == 130
    screen = [line for line in Screen(terminal.written).lines if line and "compiled" not in line]
    assert screen[0].startswith("adhoc: 8 trials in 2 job(s), 0 finished")
    assert re.match("adhoc: a worker died .*; going on from what was saved", screen[1])
    assert screen[2:] == ["adhoc: interrupted; the same command goes on from here", "interrupted"]


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=str)
def test_what_a_terminal_is_not_to_get_it_does_not_get(home: Tiny, tmp_path: Path, environment: dict[str, str]):
    words = [*SMALL, "cell=rnn", "publish=false", "hydra/launcher=basic", f"results={tmp_path}"]
    with Terminal([COMMAND, "sweep", *words], 24, 120, {**home.env, **environment}, home.folder) as terminal:
        assert terminal.end() == 0
    sequences = set(re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]", terminal.written))
    assert sequences <= (set() if "TERM" in environment else {"\x1b[J", "\x1b[K", "\x1b[1A"}), "no colour"
