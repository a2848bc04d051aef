"""Fixtures of the tests of compiled code."""

import pytest

from gatebench.engines.fused_cpu import engine
from support.machine_code import SHAPES, of_shape


@pytest.fixture(autouse=True)
def small_batches_are_dealt_out(monkeypatch):
    """As large ones are: those of tests are small."""
    monkeypatch.setattr(engine, "SPLIT", 0)


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """Code is compiled here; what a user's cache holds has no say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=SHAPES)
def processor(request):
    """This processor, with tiles of every shape."""
    return of_shape(request.param)
