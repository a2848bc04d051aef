"""Where data can be read in several ways, the command asks on a terminal, and goes on with what is chosen."""

import os
import pty
import select
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.commands import COMMAND

SECONDS = 120
"""Until a terminal that says nothing more is given up."""
TABLE = pd.DataFrame({"pump": np.repeat(np.arange(20), 8), "flow": np.arange(160.0) ** 1.5 % 23})
TABLE["state"] = np.where(TABLE.pump % 2, "worn", "new")


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_PATH", raising=False)
    TABLE.to_csv("table.csv", index=False)


def on_a_terminal(answers: list[str], *words: str) -> tuple[int, str]:
    """The exit status of the command on a terminal, where answers are typed, each at a question; and what stands there."""
    main, terminal = pty.openpty()
    command = [COMMAND, "data", "add", *words]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    seen, typed = b"", 0
    while select.select([main], [], [], SECONDS)[0]:
        try:
            part = os.read(main, 4096)
        except OSError:  # the command has ended
            part = b""
        if not part:
            break
        seen += part
        if seen.count(b"none of them) ") > typed and typed < len(answers):
            os.write(main, answers[typed].encode())
            typed += 1
    os.close(main)
    return process.wait(SECONDS), seen.decode().replace("\r\n", "\n")


def test_a_chosen_reading_is_gone_on_with_and_said_as_a_command():
    status, seen = on_a_terminal(["7\n", "1\n"], "table.csv", "--sequence", "pump")
    assert status == 0, seen
    assert "column state has one value a sequence" in seen
    assert "  1. it is to be predicted (--label state)" in seen
    assert "'7' is none of them" in seen
    assert "target: state, a label of 2 classes" in seen
    (command,) = [line.removeprefix("command: ") for line in seen.splitlines() if line.startswith("command: ")]
    assert command == "gatebench data add table.csv --sequence pump --label state"
    again = subprocess.run([COMMAND, *command.split()[1:], "--name", "again"], stdout=subprocess.PIPE, check=True)
    assert b"target: state, a label of 2 classes" in again.stdout


@pytest.mark.parametrize("answer", ["\n", "\x04"], ids=["return", "end of input"])
def test_none_of_them_is_refused_with_a_command_for_each(answer: str):
    status, seen = on_a_terminal([answer], "table.csv", "--sequence", "pump")
    assert status == 2
    assert "choose one: it is to be predicted: `gatebench data add table.csv --sequence pump --label state`" in seen
    assert not Path("gatebench_local").exists()


def test_without_a_terminal_nothing_is_asked():
    command = [COMMAND, "data", "add", "table.csv", "--sequence", "pump"]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "choose one: " in ran.stderr
