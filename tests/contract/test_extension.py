"""A cell, a data set with labels and a figure are the files that their pages name, and nothing else.

The files of the cell and of the figure are those that the pages print; a plugin folder holds them.
"""

import hashlib
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gatebench.data import cards, facts
from gatebench.data.baselines import compute
from gatebench.data.contents import Arrays, content_digest
from gatebench.data.readers import sequences_npz
from support.commands import run_command, working_in

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "cells/light_ru.py", "conf/cell/light_ru.yaml",
    "datasets/waves.yaml", "data/waves.npz", "conf/task/waves.yaml",
    "figures/stopped.py",
}  # fmt: skip
"""All that the plugin folder holds: a cell, a data set with its file, a figure."""
CARD = {
    "title": "Waves",
    "description": "Slow and fast waves with noise.",
    "time_step": "a sample",
    "source": "made by the tests",
    "licence": "CC0",
    "citation": "none",
    "synthetic": True,
    "kind": "reals",
    "reader": "sequences_npz",
    "target": {"of": "sequence", "kind": "label", "names": ["slow", "fast"]},
}
SWEEP = [
    "sweep", "cell=rnn,light_ru", "task=waves", "name=mine", "budget=units_64", "budget.units=6", "training.epochs=2",
    "search.size=2", "population.seeds=[1,2]", "publish=false", "hydra/launcher=basic",
]  # fmt: skip
OF_BOTH_CELLS = {
    "answer", "results", "scores", "differences", "tradeoff", "curves", "effort", "sensitivity", "fairness",
    "confusion", "stopped", "choosing_on_test", "spent", "metrics",
}  # fmt: skip
"""Figures and tables that a study of two cells has and that name each cell."""


def printed_python(page: str) -> str:
    """The one block of Python that a page shows."""
    (block,) = re.findall(r"^ *```python\n(.*?)^ *```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return textwrap.dedent(block)


def labelled_waves() -> Arrays:
    """Sequences ``[T, 2]`` of each split: a wave, and beside it the class that it is of."""
    random = np.random.default_rng(2016)

    def wave(label: int) -> np.ndarray:
        steps = np.arange(random.integers(6, 15))
        samples = np.sin(steps * (0.5, 1.5)[label] + random.uniform(0, 6)) + random.normal(0, 0.2, len(steps))
        return np.stack([samples, np.full(len(steps), label)], 1)

    return {split: [wave(i % 2) for i in range(count)] for split, count in (("train", 24), ("valid", 8), ("test", 8))}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that this process works in, with a plugin folder of one more cell, data set and figure."""
    folder = tmp_path_factory.mktemp("extended")
    plugin_folder = folder / "plugins"
    for file in FILES:
        (plugin_folder / file).parent.mkdir(parents=True, exist_ok=True)
    (plugin_folder / "cells/light_ru.py").write_text(printed_python("docs/cell.md"))
    (plugin_folder / "conf/cell/light_ru.yaml").write_text("name: light_ru\n")
    (plugin_folder / "figures/stopped.py").write_text(printed_python("docs/figure.md"))
    (plugin_folder / "conf/task/waves.yaml").write_text(
        "dataset: waves\npredict: target\nlikelihood: { name: categorical }\n"
    )
    waves, archive, card = labelled_waves(), plugin_folder / "data/waves.npz", plugin_folder / "datasets/waves.yaml"
    sequences_npz.write(archive, waves)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    values = {**CARD, "files": [{"path": archive.name, "sha256": digest}], "content": content_digest(waves)}
    card.write_text(yaml.safe_dump({**values, "facts": {}, "baselines": {}}))
    with working_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_PATH", str(plugin_folder))
        loaded = cards.load("waves")
        stated = {"facts": facts.compute(loaded, waves), "baselines": compute.compute(loaded, waves)}
        card.write_text(yaml.safe_dump({**values, **stated}))
        yield folder


@pytest.fixture(scope="module")
def reported(extended: Path) -> Path:
    """The folder of a small study of the new cell on the new data set, with its report."""
    run_command(*SWEEP)
    assert run_command("report", "mine") == ["results/mine/report.html"]
    return extended / "results" / "mine"


def test_nothing_else_was_needed(reported: Path):
    plugin_folder = reported.parents[1] / "plugins"
    files = {path.relative_to(plugin_folder).as_posix() for path in plugin_folder.rglob("*") if path.is_file()}
    assert {file for file in files if "__pycache__" not in file} == FILES


def test_the_cell_is_counted(extended: Path):
    counted = json.loads("\n".join(run_command("count", "light_ru", "--inputs", 20, "--units", 30, "--json")))
    assert counted["parameters_recurrent"] == 2 * (20 * 30 + 30) + 30 * 30


def test_the_cell_is_listed_with_its_equations(extended: Path):
    cells = {cell["cell"]: cell for cell in json.loads("\n".join(run_command("cells", "--json")))}
    assert cells["light_ru"]["title"] == "Light recurrent unit"
    assert cells["light_ru"]["paper"].startswith("Ye")
    assert cells["light_ru"]["latex"][0] == r"f_{t} = \sigma\left(W_{f} x_{t} + U_{f} h_{t-1} + b_{f}\right)"


def test_what_the_card_states_is_what_the_files_say(extended: Path):
    (line,) = run_command("data", "verify", "waves")
    assert re.fullmatch(r"waves: checksum right, (\d+) of \1 facts and baselines as on the card", line)


def test_the_cell_is_trained_on_the_labels(reported: Path):
    trials = pd.read_csv(reported / "trials.csv")
    assert set(trials.task) == {"waves"}
    assert set(trials.status) == {"finished"}
    confirmed = trials[(trials.stage == "confirm") & (trials.split == "test")]
    assert sorted(zip(confirmed.cell, confirmed.seed, strict=True)) == [
        ("light_ru", 1),
        ("light_ru", 2),
        ("rnn", 1),
        ("rnn", 2),
    ]
    baselines = pd.read_csv(reported / "scores.csv").query("cell == '[unigram]'")
    assert float(baselines["test NLL"].item()) == pytest.approx(np.log(2), abs=5e-4), "of two classes, equally many"


def test_the_report_has_the_figure_with_its_numbers(reported: Path):
    assert ">Best epoch</h2>" in (reported / "report.html").read_text()
    assert set(pd.read_csv(reported / "stopped.csv").cell) == {"rnn", "light_ru"}


def test_the_cell_is_in_every_figure(reported: Path):
    names_it = {path.stem for path in reported.glob("*.csv") if re.search(r"\blight_ru\b", path.read_text())}
    assert names_it == OF_BOTH_CELLS | {"trials"}
    assert "<h3>light_ru</h3>" in (reported / "report.html").read_text()
