"""Fixtures of the tests of compiled code."""

import os

import pytest

from gatebench.engines.fused_cpu import engine
from support.machine_code import SHAPES, of_shape


@pytest.fixture(autouse=True)
def small_batches_are_dealt_out(monkeypatch):
    """As large ones are: those of tests are small."""
    monkeypatch.setattr(engine, "SPLIT", 0)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """Code for other processors is compiled once for all of these tests, in all processes, and not into a user's cache."""
    own = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_CACHE", str((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "compiled"))
        yield


@pytest.fixture(scope="module", params=SHAPES)
def processor(request):
    """This processor, with tiles of every shape."""
    return of_shape(request.param)
