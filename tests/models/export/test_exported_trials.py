"""Trained trials come out, as a folder that needs no gatebench and in Python: what the reference engine computes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import gatebench as package
from gatebench import cli
from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import tasks
from gatebench.graph import trace
from gatebench.models.export import trained_trial
from gatebench.records import collection
from gatebench.records.store import Store
from support.commands import COMMAND, environment_of, without_plugins
from support.datasets import KEYS, Tiny, make_tiny
from support.exported import ODD, random_network, reference_readout, without_onnx
from support.records import seal

Command = Callable[..., tuple[str, str]]
STUDY = [
    "sweep", "budget=units_64", "budget.units=5", "training.epochs=1",
    "training.lr=0.01", "training.weight_noise=0", "population.seeds=[1]", "engine=reference", "publish=false",
    "hydra/launcher=basic",
]  # fmt: skip
STRANGER = """
import importlib.util, sys
import numpy as np, torch
for folder in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("model", f"{folder}/model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model, x = module.load(), torch.from_numpy(np.load("x.npy"))
    with torch.no_grad():
        single, lengths = model(x.float()).numpy(), model(x.float(), [5, 2]).numpy()
        np.savez(f"{folder}.npz", single=single, lengths=lengths, double=model.double()(x).numpy())
    assert model.settings["cell"]["name"] == folder.rpartition("/")[2]
assert "gatebench" not in sys.modules
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A finished study of three cells, one of a plugin folder, which no test changes."""
    tiny = make_tiny(tmp_path_factory.mktemp("exported"))
    cell = tiny.plugin_folder / "cells" / "odd.py"
    for path, text in (
        (cell, ODD.strip()),
        (tiny.plugin_folder / "conf" / "cell" / "odd.yaml", "name: odd\nahead: false\n"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    subprocess.run(
        [COMMAND, *STUDY, "cell=gru,lstm_sherstinsky,odd", "task=tiny", "model.layers=2"],
        env=tiny.env,
        cwd=tiny.folder,
        check=True,
        capture_output=True,
    )
    return tiny


@pytest.fixture
def copy(home: Tiny, tmp_path: Path) -> Path:
    """Its results, to be changed."""
    return Path(shutil.copytree(home.folder / "results", tmp_path / "results", ignore=shutil.ignore_patterns("exports")))


@pytest.fixture
def gatebench(home: Tiny, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in this process and that folder: what it prints, and what it says on stderr."""

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        monkeypatch.chdir(home.folder)
        monkeypatch.setattr(sys, "argv", ["gatebench", *words])
        on_term = signal.getsignal(signal.SIGTERM)
        with environment_of(home), pytest.raises(SystemExit) as end:
            cli.main()
        signal.signal(signal.SIGTERM, on_term)
        assert end.value.code == code
        out, err = capsys.readouterr()
        return out, err if words[0] == "completion" else without_plugins(err, home.plugin_folder)

    return run


def keys(results: Path) -> dict[str, str]:
    """Cell -> key."""
    folders = (json.loads(path.read_text()) for path in results.glob("trials/*/record.json"))
    return {record["settings"]["cell"]: record["key"] for record in folders}


def test_exported_folders_need_no_gatebench(home: Tiny, tmp_path: Path):
    results = home.folder / "results"
    x = np.random.default_rng(3).normal(size=(2, 6, KEYS))
    np.save(tmp_path / "x.npy", x)
    with environment_of(home):
        trials = {cell: trained_trial.find_trial(results, key) for cell, key in keys(results).items()}
        for cell in set(registry.available("cells", ".py")) - set(trials):
            network = random_network(trace.load(cell), inputs=KEYS)
            trials[cell] = replace(trials["gru"], graph=network.graph, network=network)
        folders = {cell: tmp_path / cell for cell in trials}
        for cell, folder in folders.items():
            trained_trial.export_trial(trials[cell], folder)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-W", "error", "-c", STRANGER, *map(str, folders.values())]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    for cell, folder in folders.items():
        readouts, expected = np.load(f"{folder}.npz"), reference_readout(trials[cell].network, x)
        np.testing.assert_allclose(readouts["double"], expected, rtol=0, atol=1e-6, err_msg=cell)
        np.testing.assert_allclose(readouts["single"], expected, rtol=1e-5, atol=1e-5, err_msg=cell)
        np.testing.assert_allclose(readouts["lengths"][0, :5], expected[0, :5], rtol=1e-5, atol=1e-5, err_msg=cell)
        text = (folder / "model.py").read_text()
        assert "import bench" not in text
        assert "from bench" not in text
    assert {cell for cell, folder in folders.items() if (folder / "model.onnx").is_file()} == {
        "rnn", "lstm", "lstm_peephole", "gru", "gru_reset_after",
    }  # fmt: skip


def test_the_command_writes_a_folder_and_says_what_is_in_it(home: Tiny, gatebench: Command):
    results, key = home.folder / "results", keys(home.folder / "results")["gru"]
    printed = gatebench("export", key)[0].splitlines()
    names = ["model.onnx", "model.py", "model.safetensors", "settings.json"]
    assert printed == [f"results/exports/{key}/{name}" for name in names]
    folder = results / "exports" / key
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["sizes"] == {"inputs": KEYS, "units": 5, "layers": 2, "bidirectional": False, "readout": KEYS}
    assert (settings["at"], settings["causal"], settings["cell"]["name"]) == ("step", True, "gru")
    unscaled = {"mean": 0.0, "std": 1.0}
    assert settings["standardisation"] == {"how": "(value - mean) / std, of train", "read": unscaled, "predicted": unscaled}
    assert settings["readout"]["what"].startswith("Independent Bernoulli outputs; the readout gives their logits")
    assert settings["reads"]["what"].startswith("Predict every step from those before it")
    scores = Store(results).read([key])[key].summary.scores
    assert settings["scores"]["test"] == asdict(scores["test"])
    x = np.random.default_rng(4).normal(size=(3, 4, KEYS)).astype(np.float32)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    readouts = session.run(None, {"x": x, "lengths": np.array([4, 4, 4], np.int32)})[0]
    with environment_of(home), torch.no_grad():
        model = package.load(key, results=str(results))
        np.testing.assert_allclose(readouts, model(torch.from_numpy(x)).numpy(), rtol=0, atol=1e-5)


def test_tab_offers_the_keys(gatebench: Command, home: Tiny, monkeypatch: pytest.MonkeyPatch):
    key = keys(home.folder / "results")["gru"]
    monkeypatch.setenv("COMP_LINE", f"gatebench export {key[:4]}")
    monkeypatch.setenv("COMP_POINT", "99")
    assert key in gatebench("completion", "--query")[0].split()


def test_loading_in_python_is_the_same_model(home: Tiny, monkeypatch: pytest.MonkeyPatch):
    """The readouts of a trial's own task give the NLL of its record."""
    monkeypatch.chdir(home.folder)
    for cell in ("gru", "odd"):
        key = keys(Path("results"))[cell]
        with environment_of(home):
            model, task = package.load(key), home.load()
            assert not model.training
            assert model.settings == trained_trial.find_trial(Path("results"), key).settings
        nll = steps = 0.0
        for sequence in task.splits["test"]:
            x, y = (torch.from_numpy(part.astype(np.float32))[None] for part in (sequence.x, sequence.y))
            with torch.no_grad():
                nll += torch.nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="sum").item()
            steps += len(sequence)
        assert nll / steps == pytest.approx(model.settings["scores"]["test"]["nll"], rel=1e-5)


def test_a_label_of_a_sequence_read_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of one's own data: the exported model has the NLL of the record, and knows the names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path / "plugins"))
    random = np.random.default_rng(0)
    rows = [
        f"{i},{random.normal(i % 2)},{random.normal(3, 2)},{['lark', 'owl'][i % 2]}"
        for i in range(40)
        for _ in range(i % 5 + 2)
    ]
    Path("birds.csv").write_text("\n".join(["id,a,b,who", *rows]))
    both_ways = ["model.layers=2", "model.bidirectional=true"]
    for words in (["data", "add", "birds.csv", "--label", "who"], [*STUDY, "cell=lstm", "task=birds", *both_ways]):
        subprocess.run([COMMAND, *words], check=True, capture_output=True)
    (key,) = keys(Path("results")).values()
    model = package.load(key)
    assert (model.settings["at"], model.settings["sizes"]["bidirectional"], model.settings["causal"]) == (
        "sequence",
        True,
        False,
    )
    assert (model.settings["reads"]["names"], model.settings["readout"]["names"]) == (["a", "b"], ["lark", "owl"])
    read = model.settings["standardisation"]["read"]
    test = tasks.load("birds", "birds", "target").splits["test"]
    raw = [sequence.x * read["std"] + read["mean"] for sequence in test]
    assert {f"{value:.3f}" for x in raw for value in x[:, 0]} <= {f"{float(row.split(',')[1]):.3f}" for row in rows}
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(s.x.astype(np.float32)) for s in test], batch_first=True)
    labels = torch.tensor([int(sequence.y.item()) for sequence in test])
    with torch.no_grad():
        nll = torch.nn.functional.cross_entropy(model(padded, [len(sequence) for sequence in test]), labels).item()
    assert nll == pytest.approx(model.settings["scores"]["test"]["nll"], rel=1e-5)


def test_importing_the_package_loads_nothing():
    code = (
        "import sys, gatebench; assert callable(gatebench.load); assert not {'torch', 'numpy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_that_is_there_stays_as_it_is(home: Tiny, gatebench: Command, tmp_path: Path):
    key = keys(home.folder / "results")["gru"]
    folder = tmp_path / "mine"
    folder.mkdir()
    file = tmp_path / "file"
    file.write_text("precious")
    for target in (folder, file):
        _, message = gatebench("export", key, "--to", str(target), code=2)
        assert (
            message == f"gatebench: '{target}' is there already, and nothing is overwritten; choose another: --to FOLDER\n"
        )
    assert (list(folder.iterdir()), file.read_text()) == ([], "precious")
    for impossible in (file / "below", tmp_path / ("x" * 300)):
        _, message = gatebench("export", key, "--to", str(impossible), code=2)
        assert message.startswith(f"gatebench: {impossible} cannot be written (")
        assert message.count("\n") == 1
    assert len(gatebench("export", key, "--to", str(tmp_path / "new" / "one"))[0].splitlines()) == 4


def test_without_the_extra_the_rest_is_written(
    home: Tiny, gatebench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    without_onnx(monkeypatch)
    for cell, why in (
        ("gru", "it takes a package that is not installed: pip install 'gatebench[onnx]'"),
        ("lstm_sherstinsky", "ONNX has no operator that computes lstm_sherstinsky"),
    ):
        out, err = gatebench("export", keys(home.folder / "results")[cell], "--to", str(tmp_path / cell))
        assert err == f"gatebench: model.onnx is left out: {why}\n"
        names = ("model.py", "model.safetensors", "settings.json")
        assert out.split() == [str(tmp_path / cell / name) for name in names]


UNKNOWN = ["nonsense", "0" * 16, "", "../trials", "x" * 5000, "a\nb"]


@pytest.mark.parametrize("key", UNKNOWN)
def test_an_unknown_key(home: Tiny, key: str):
    with (
        environment_of(home),
        pytest.raises(BadInput, match=r"no finished trial '.*' in '.*'; keys stand in .*/STUDY/trials\.csv"),
    ):
        package.load(key, results=str(home.folder / "results"))


def test_an_unknown_key_at_the_command(home: Tiny, gatebench: Command):
    _, message = gatebench("export", "nonsense", code=2)
    assert message == "gatebench: no finished trial 'nonsense' in 'results'; keys stand in results/STUDY/trials.csv\n"
    assert not (home.folder / "results" / "exports" / "nonsense").exists()


def refused(home: Tiny, key: str, results: Path) -> str:
    with environment_of(home), pytest.raises(BadInput) as message:
        package.load(key, results=str(results))
    return str(message.value)


def test_a_trial_that_diverged(home: Tiny, copy: Path):
    key = keys(copy)["gru"]
    path = copy / "trials" / key / "record.json"
    record = json.loads(path.read_text())
    record["summary"]["status"] = "diverged"
    path.write_text(json.dumps(record))
    seal(path.parent)
    assert refused(home, key, copy) == f"trial {key} diverged: its weights are good for nothing; choose another"


def test_published_records_have_no_weights(home: Tiny, copy: Path):
    key = keys(copy)["gru"]
    collection.add(copy / "adhoc" / collection.NAME, [Store(copy).read([key])[key]])
    shutil.rmtree(copy / "trials" / key)
    message = refused(home, key, copy)
    assert message.startswith(f"the weights of trial {key} are not here: published records carry none; train it anew")
    assert message.endswith("give that folder: --results FOLDER")


def test_weights_of_another_trial(home: Tiny, copy: Path):
    keys_of_cells = keys(copy)
    file = copy / "trials" / keys_of_cells["odd"] / "weights.safetensors"
    file.replace(copy / "trials" / keys_of_cells["gru"] / "weights.safetensors")
    seal(copy / "trials" / keys_of_cells["gru"])
    assert "they are another trial's: train it anew" in refused(home, keys_of_cells["gru"], copy)


def test_a_cell_or_data_that_changed(home: Tiny, copy: Path, tmp_path: Path):
    key = keys(copy)["odd"]
    plugins = Path(shutil.copytree(home.plugin_folder, tmp_path / "plugins"))
    changed = Tiny(home.folder, plugins, home.data, {**home.env, "GATEBENCH_PATH": str(plugins)}, home.rolls)
    cell = plugins / "cells" / "odd.py"
    cell.write_text(cell.read_text().replace("0.5 * self", "0.6 * self"))
    again = "changed since it was trained; train it anew, or go back to its commit"
    assert refused(changed, key, copy) == f"the cell of trial {key} {again}"
    shutil.copy(home.plugin_folder / "cells" / "odd.py", cell)
    changed.edit(content="0" * 64)
    assert refused(changed, key, copy) == f"the data of trial {key} {again}"
