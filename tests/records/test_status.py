"""How far a study is: what is read and loaded to say so, of however many trials."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from gatebench.records import collection, study_file
from gatebench.records.parts import RECORD, SUMS
from gatebench.records.store import Ending, Store
from support.records import WEIGHTS, make_point, make_record

KEYS = [f"{i:016x}" for i in range(8)]
WATCHED = """
import atexit, json, sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
atexit.register(lambda: print(json.dumps([opened, [name for name in sys.modules if "." not in name]]), file=sys.stderr))
from gatebench.cli import main
main()
"""
"""The command line, which ends with the files that it opened and the modules that it loaded."""


def make_study(results: Path) -> Path:
    Store(results).write_all([(make_record(key), WEIGHTS) for key in KEYS])
    study_file.add_points(results, "some", [make_point(KEYS[:4], KEYS[4:])])
    return results


def watched(results: Path) -> tuple[list[str], list[str]]:
    """Files that the command opened in Python, and modules that it loaded; it says that all trials are done."""
    command = [sys.executable, "-c", WATCHED, "status", "some", "--results", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("some: 8 trials done, 0 left")
    opened, modules = json.loads(done.stderr.splitlines()[-1])
    return opened, modules


def test_status_opens_two_small_files_of_a_trial_and_loads_no_library_of_numbers(tmp_path: Path):
    """Ten thousand trials take half a second so."""
    opened, modules = watched(make_study(tmp_path))
    of_trials = Counter(Path(path).name for path in opened if str(tmp_path / "trials") in path)
    assert of_trials == {RECORD: 8, SUMS: 8}
    assert "gatebench" in modules
    assert not {"numpy", "pandas", "pyarrow", "torch", "mlflow"} & set(modules)


def test_status_of_published_trials_loads_no_pandas(tmp_path: Path):
    """Its import takes longer than to read ten thousand of them."""
    Store(make_study(tmp_path)).publish("some", KEYS)
    shutil.rmtree(tmp_path / "trials")
    _, modules = watched(tmp_path)
    assert "pyarrow" in modules
    assert not {"pandas", "torch", "mlflow"} & set(modules)


def test_an_ending_says_what_the_summary_says_wherever_the_record_stands(tmp_path: Path):
    """In a folder, or published and deleted since; a trial without a time took none that is known."""
    records = [make_record(KEYS[0], 2.5), make_record(KEYS[1], status="diverged"), make_record(KEYS[2])]
    records[2] = replace(records[2], summary=replace(records[2].summary, seconds=None))
    Store(tmp_path).write(records[0], WEIGHTS)
    collection.add(tmp_path / "some" / collection.NAME, records[1:])
    endings = Store(tmp_path).endings(KEYS)
    assert endings == {KEYS[0]: Ending("finished", 2.5), KEYS[1]: Ending("diverged", 1.5), KEYS[2]: Ending("finished", 0.0)}
