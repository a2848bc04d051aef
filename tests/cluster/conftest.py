"""Real services, one of each for all tests that ask: a Slurm, a PostgreSQL and an MLflow server."""

from collections.abc import Iterator

import pytest

from support.services import MlflowServer, Postgres, running_mlflow_server, running_postgres
from support.slurm import Slurm, running_slurm


@pytest.fixture(scope="session")
def shared_slurm() -> Iterator[Slurm]:
    with running_slurm() as cluster:
        yield cluster


@pytest.fixture
def slurm(shared_slurm: Slurm) -> Iterator[Slurm]:
    """An empty queue, before and after."""
    yield shared_slurm
    shared_slurm.end_jobs()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def shared_mlflow_server(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with running_mlflow_server(tmp_path_factory.mktemp("mlflow"), postgres.uri) as server:
        yield server


@pytest.fixture
def mlflow_server(shared_mlflow_server: MlflowServer) -> Iterator[MlflowServer]:
    """There and answering, whatever the test before did to it; what it was told stays."""
    yield shared_mlflow_server
    if shared_mlflow_server.process:
        shared_mlflow_server.resume()
    else:
        shared_mlflow_server.start()
