"""Several sweeps at once compute every trial once."""

import json
import subprocess
import sys
from pathlib import Path

from gatebench.records import status
from support.commands import ON_WORKERS, SMALL, record_times
from support.datasets import Tiny
from support.processes import start_sweep


def test_two_sweeps_at_once_compute_every_trial_once(home: Tiny, tmp_path: Path):
    """Of overlapping studies, each with workers of its own."""
    long = [*ON_WORKERS, "training.epochs=300", "hydra/launcher=local"]
    processes = [
        start_sweep(home, tmp_path, *long, "cell=rnn,gru", "name=one"),
        start_sweep(home, tmp_path, *long, "cell=gru,rnn,lstm", "name=two", "population.seeds=[2,1,3]"),
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    begun = [
        key
        for path in tmp_path.glob("logs/*/*.log")
        for line in path.read_text().splitlines()
        if " trains " in line
        for key in line.partition(" trains ")[2].split()
    ]
    assert len(begun) == len(set(begun))
    assert set(begun) == set(record_times(tmp_path))
    assert len(begun) == 3 * 5
    assert "5 trials done" not in status.describe(tmp_path, "one")
    assert status.describe(tmp_path, "one").endswith("one: 8 trials done, 0 left")
    assert status.describe(tmp_path, "two").endswith("two: 15 trials done, 0 left")


SIX_AT_ONCE = """
import json, os, sys
import gatebench.cli.commands.sweep, gatebench.study.run
from gatebench.training import machine

machine.matmul_rate(1)  # once for all the processes, like the imports
gatebench.study.run.SAVE_EVERY, gatebench.study.run.SAVE_SHARE = 0.0, float("inf")
waiting, running, codes = json.load(sys.stdin), 0, []
while waiting or running:
    while waiting and running < 6:
        sys.argv = ["gatebench", "sweep", *waiting.pop()]
        if os.fork() == 0:
            gatebench.cli.main()  # which ends this process
        running += 1
    codes.append(os.waitstatus_to_exitcode(os.wait()[1]))
    running -= 1
print("ended with", *codes)
"""


def test_twelve_short_sweeps_of_three_studies_at_once_leave_one_record_each(home: Tiny, tmp_path: Path):
    """Processes that begin and end all the time, six at once."""
    short = [*(o for o in SMALL if "epochs" not in o), "training.epochs=2", "cell=rnn", f"results={tmp_path}"]
    sweeps = [[*short, f"population.seeds=[{1 + i % 4},{2 + i % 4}]", f"name=study{i % 3}"] for i in range(12)]
    command, given = [sys.executable, "-c", SIX_AT_ONCE], json.dumps(sweeps)
    run = subprocess.run(command, input=given, env=home.env, cwd=home.folder, capture_output=True, text=True, timeout=240)
    assert run.stdout.endswith(f"ended with {' '.join('0' * 12)}\n"), run.stderr
    begun = [line for path in tmp_path.glob("logs/*/*.log") for line in path.read_text().splitlines() if " trains " in line]
    keys = [key for line in begun for key in line.partition(" trains ")[2].split()]
    assert len(keys) == len(set(keys)) == len(record_times(tmp_path)) == 2 + 5
    for study in ("study0", "study1", "study2"):
        assert " 0 left" in status.describe(tmp_path, study)
