"""Fixtures of the tests of what users bring."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, and no plugin folder but the one in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_PATH", raising=False)
    monkeypatch.delenv("GATEBENCH_DATA", raising=False)
    return tmp_path
