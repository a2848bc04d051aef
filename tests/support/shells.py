"""A real shell on a real terminal, in which TAB is pressed."""

import os
from pathlib import Path

from support.commands import COMMAND
from support.datasets import Tiny
from support.terminals import Terminal


def completed_by_tab(home: Tiny, folder: Path, shell: list[str], setup: str) -> bool:
    """Whether TAB behind a begun cell writes its end, and one behind a begun setting leaves the cursor behind its '='."""
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**home.env, "PATH": path, "HOME": str(folder), "TERM": "xterm"}
    with Terminal(shell, environment=env, folder=folder) as terminal:
        terminal.type(f"{setup}; echo rea''dy\n")
        terminal.wait(lambda written: "ready" in written)
        terminal.type("gatebench sweep cell=gru_l\t")
        terminal.wait(lambda written: "ayernorm" in written)
        terminal.type("training.bat\t8")
        terminal.wait(lambda written: "ch=8" in written)
        terminal.type("\x15exit\n")
        return terminal.end() == 0
