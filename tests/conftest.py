"""Fixtures of the whole suite: the small data sets, and threads that do not disturb one another."""

import os
import signal
from pathlib import Path

import pytest

from support.datasets import Murmur, Tiny, make_murmur, make_tiny


def pytest_configure() -> None:
    """Before torch is imported: on models this small, threads do little but wait for one another."""
    pytest.register_assert_rewrite("support.cells")  # it has tests that those of cells inherit
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the commands that tests start would ignore Ctrl-C, too


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The small set of music; this process's environment points there."""
    tiny_home = make_tiny(tmp_path)
    for name in ("GATEBENCH_PATH", "GATEBENCH_DATA"):
        monkeypatch.setenv(name, tiny_home.env[name])
    return tiny_home


@pytest.fixture
def murmur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Murmur:
    """The small set of recordings; this process's environment points there."""
    return make_murmur(tmp_path, monkeypatch)
