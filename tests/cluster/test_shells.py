"""TAB in real shells that a machine may lack; that in bash is a test of every day."""

import os
import subprocess
from pathlib import Path

import pytest

from support.commands import COMMAND
from support.datasets import Tiny, make_tiny
from support.shells import completed_by_tab

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("shells"))


def test_a_real_tab_in_a_real_zsh(home: Tiny, tmp_path: Path):
    assert completed_by_tab(home, tmp_path, ["zsh", "-f", "-i"], 'eval "$(gatebench completion zsh)"')


@pytest.mark.parametrize(
    ("line", "fitting"),
    [
        ("gatebench sweep cell=gru_l", ["cell=gru_layernorm"]),
        ("gatebench sweep training.bat", ["training.batch="]),
        ("gatebench sw", ["sweep"]),
        ("gatebench completion ", ["bash", "fish", "zsh"]),
    ],
)
def test_fish_is_offered_what_fits(home: Tiny, tmp_path: Path, line: str, fitting: list[str]):
    env = {**home.env, "PATH": f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    script = f"gatebench completion fish | source; complete -C '{line}'"
    done = subprocess.run(["fish", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(fitting) <= set(done.stdout.split())
    assert len(fitting) > 1 or done.stdout.split() == fitting
