"""``gatebench`` as its user meets it: words in, an exit status and what was printed out."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gatebench import cli
from support.commands import COMMAND, environment_of, without_compile_lines
from support.datasets import Tiny


@dataclass(frozen=True)
class CommandResult:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class CommandLine:
    """``gatebench`` in this process, in an empty folder."""

    def __init__(self, tiny: Tiny, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.tiny, self.folder, self._capture, self._patch = tiny, folder, capture, patch

    def __call__(self, *words: str, **environment: str) -> CommandResult:
        """Run a command line to its end."""
        self._capture.readouterr()
        on_term = signal.getsignal(signal.SIGTERM)
        with environment_of(self.tiny), self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["gatebench", *words])
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as end:
                cli.main()
        signal.signal(signal.SIGTERM, on_term)
        printed = self._capture.readouterr()
        return CommandResult(int(end.value.code or 0), printed.out, without_compile_lines(printed.err))

    def refuses(self, *words: str, **environment: str) -> str:
        """The one line of a command that the user got wrong; nothing may have been written."""
        before = sorted(self.folder.rglob("*"))
        result = self(*words, **environment)
        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1, result.err
        assert result.err.startswith("gatebench: ")
        assert sorted(self.folder.rglob("*")) == before
        return result.err


def run_installed(home: Tiny, folder: Path, *words: str, **environment: str) -> CommandResult:
    """The installed command, in a process of its own."""
    env = {**home.env, **environment}
    run = subprocess.run([COMMAND, *words], env=env, cwd=folder, capture_output=True, text=True, check=False)
    return CommandResult(run.returncode, run.stdout, without_compile_lines(run.stderr))


def run_python(home: Tiny, program: str, *words: str, options: tuple[str, ...] = (), **environment: str) -> CommandResult:
    """A Python program in a process of its own, with these words as its arguments."""
    command = [sys.executable, *options, "-c", program, *words]
    env = {**home.env, **environment}
    run = subprocess.run(command, env=env, cwd=home.folder, capture_output=True, text=True, check=False)
    return CommandResult(run.returncode, run.stdout, without_compile_lines(run.stderr))
