"""The tutorial of ten minutes: its commands, as they stand there, on the data that they make; and the same in a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from support.verdicts import verdict_of

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL, PAGE = ((ROOT / "docs" / name).read_text() for name in ("tutorial-data.md", "own-data.md"))
(JOURNEY,) = re.findall(r"<!-- journey: .* -->\n```sh\n(.*?)```", TUTORIAL, re.DOTALL)
(NOTEBOOK,) = re.findall(r"<!-- notebook: .* -->\n```python\n(.*?)```", PAGE, re.DOTALL)
MINUTES = {"--minutes 10": "--minutes 3 --parameters 1000 --pipelines 2"}
MINUTES_OF_A_NOTEBOOK = {"minutes=10": "minutes=3, parameters=1000, pipelines=2"}
"""What a test has no time for."""
pytestmark = [pytest.mark.cluster, pytest.mark.timed]
USE = "import torch, model; print(*model.load()(torch.zeros(1, 5, 2)).shape)"


def run(script: str, folder: Path) -> list[str]:
    """Lines that a script says."""
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**{name: value for name, value in os.environ.items() if name != "GATEBENCH_PATH"}, "PATH": binaries}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout.splitlines()


def shortened(script: str, minutes: dict[str, str]) -> str:
    for text, replacement in minutes.items():
        assert text in script
        script = script.replace(text, replacement)
    return script


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder after all commands, and what they said until the verdict."""
    folder = tmp_path_factory.mktemp("journey")
    until_verdict, export, after = JOURNEY.partition("gatebench export")
    output = run(shortened(until_verdict, MINUTES), folder)
    trials = pd.read_csv(folder / "results" / "compare_pumps" / "trials.csv")
    key = trials[(trials.stage == "confirm") & (trials.status == "finished")].key.iloc[0]
    run((export + after).replace("KEY", str(key)), folder)
    return folder, output


def test_it_ends_with_a_verdict(journey: tuple[Path, list[str]]):
    assert verdict_of(journey[1])


def test_everything_it_speaks_of_is_there(journey: tuple[Path, list[str]]):
    folder, _ = journey
    assert {path.name for path in folder.iterdir()} == {"pumps.csv", "gatebench_local", "results", "pumps_model"}
    assert (folder / "results" / "compare_pumps" / "report.html").stat().st_size > 100_000
    assert len((folder / "pumps.csv").read_text().splitlines()) == 1 + 200 * 60


def test_the_model_runs_without_us(journey: tuple[Path, list[str]]):
    process = subprocess.run(
        [sys.executable, "-c", USE], cwd=journey[0] / "pumps_model", stdout=subprocess.PIPE, text=True, check=True
    )
    assert process.stdout.split()[:2] == ["1", "5"]


def test_a_notebook_starts_from_a_frame(journey: tuple[Path, list[str]], tmp_path: Path):
    """The block of Python, line by line, as a notebook would run it."""
    (tmp_path / "pumps.csv").write_bytes((journey[0] / "pumps.csv").read_bytes())
    block = shortened(NOTEBOOK, MINUTES_OF_A_NOTEBOOK)
    (tmp_path / "notebook.py").write_text(f"{block}\nprint(result)\n")
    output = run(f"{sys.executable} notebook.py", tmp_path)
    assert {line.partition(":")[0] for line in output[-4:]} >= {"Best cell", "By how much", "At what cost"}
    assert (tmp_path / "pumps_model" / "model.py").is_file()
