"""Fixtures of the tests of training: engines, precisions, and the small task."""

import pytest
import torch

from support.training import SETUPS


@pytest.fixture(params=SETUPS.values(), ids=SETUPS)
def setup(request):
    """Any engine, in a precision and with threads that it has."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(request.param.dtype)
    yield request.param
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)


@pytest.fixture
def double():
    """For laws of the loop, which the reference engine shows most sharply."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def task(tiny):
    return tiny.load()
