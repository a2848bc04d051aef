"""The command line in an empty folder, beside the small set of music."""

from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.datasets import Tiny, make_tiny


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def gatebench(home: Tiny, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    folder = tmp_path / "empty"
    folder.mkdir()
    return CommandLine(home, folder, capfd, monkeypatch)
