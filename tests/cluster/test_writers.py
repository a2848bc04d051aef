"""Four writers, each with a results folder of its own, log the same trials to a PostgreSQL: none is lost, none doubled."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from gatebench.records import mlflow, study_file
from gatebench.records.store import Store
from support.records import WEIGHTS, make_point, make_record
from support.services import running_postgres

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")]

WRITERS = 4
KEYS = [f"{number:016x}" for number in range(12)]
PUBLISH = """
import sys
from pathlib import Path
from gatebench.records import mlflow, study_file

results = Path(sys.argv[1])
mlflow.publish(results, study_file.keys(study_file.read(results, "some")), sys.argv[2])
"""


def test_four_writers_leave_each_trial_once(tmp_path: Path):
    folders = [tmp_path / f"results{number}" for number in range(WRITERS)]
    Store(folders[0]).write_all([(make_record(key), WEIGHTS) for key in KEYS])
    study_file.add_points(folders[0], "some", [make_point([], KEYS)])
    for folder in folders[1:]:
        shutil.copytree(folders[0], folder)
    with running_postgres() as server:
        mlflow.publish(folders[0], KEYS[:1], server.uri)  # the tables are there
        writers = [
            subprocess.Popen([sys.executable, "-c", PUBLISH, str(folder), server.uri], stderr=subprocess.PIPE, text=True)
            for folder in folders
        ]
        errors = [writer.communicate(timeout=300)[1] for writer in writers]
        assert [writer.returncode for writer in writers] == [0] * WRITERS, errors
        client = MlflowClient(server.uri)
        (experiment,) = [one for one in client.search_experiments() if one.name == mlflow.EXPERIMENT]
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        assert sorted(run.data.tags["key"] for run in runs) == KEYS
        assert {(run.info.status, run.data.tags["complete"]) for run in runs} == {("FINISHED", "yes")}
