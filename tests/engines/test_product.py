"""Products of a population and their gradients, whichever library computes them, against plain matrix products."""

import pytest
import torch

from gatebench.engines import _product
from gatebench.engines._product import Repeated, product

TOLERANCE = {torch.float32: 2e-5, torch.float64: 1e-12}


@pytest.fixture(params=[0, 2**60], ids=["one by one", "batched"])
def way(request, monkeypatch):
    """Every product through oneDNN where there is oneDNN, or none."""
    monkeypatch.setattr(_product, "LARGE", request.param)
    return request.param


def values(members, shared, dtype, shape=(5, 7)):
    random = torch.Generator().manual_seed(3)
    x = torch.randn(1 if shared else members, *shape, 9, generator=random, dtype=torch.float64).to(dtype)
    matrix = torch.randn(members, 9, 4, generator=random, dtype=torch.float64).to(dtype)
    return x.requires_grad_(), matrix.requires_grad_()


def compare(found, expected, dtype):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("members", [1, 3])
def test_product(way, members, shared, dtype):
    x, matrix = values(members, shared, dtype)
    result = product(x, matrix)
    plain = torch.einsum("ktbr,krc->ktbc", x.expand(members, -1, -1, -1), matrix)
    weight = torch.randn_like(plain)
    compare([result], [plain], dtype)
    compare(
        torch.autograd.grad((result * weight).sum(), [x, matrix]),
        torch.autograd.grad((plain * weight).sum(), [x, matrix]),
        dtype,
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("members", [1, 3])
def test_repeated_gathers_the_gradient_of_every_use(way, members, dtype):
    """A chain in which each product reads the one before, as in a loop over time."""

    def chain(multiply, x):
        total = 0.0
        for _ in range(6):
            x = torch.tanh(multiply(x))
            total = total + x.square().sum()
        return total

    random = torch.Generator().manual_seed(5)
    x = torch.randn(members, 7, 8, generator=random, dtype=torch.float64).to(dtype).requires_grad_()
    matrix = (0.5 * torch.randn(members, 8, 8, generator=random, dtype=torch.float64)).to(dtype).requires_grad_()
    found = torch.autograd.grad(chain(Repeated(matrix), x), [x, matrix])
    expected = torch.autograd.grad(chain(lambda x: torch.matmul(x, matrix), x), [x, matrix])
    compare(found, expected, dtype)


def test_a_way_back_that_does_not_ask_for_the_matrix_leaves_nothing_behind():
    x, matrix = values(2, False, torch.float64)
    x = x.flatten(1, 2)
    repeated = Repeated(matrix)
    total = (repeated(x) * 2).sum() + repeated(2 * x).sum()
    torch.autograd.grad(total, [x], retain_graph=True)
    (first,) = torch.autograd.grad(total, [matrix], retain_graph=True)
    (second,) = torch.autograd.grad(total, [matrix])
    plain = (torch.matmul(x, matrix) * 2).sum() + torch.matmul(2 * x, matrix).sum()
    compare([first, second], [*torch.autograd.grad(plain, [matrix])] * 2, torch.float64)


def test_no_gradient_where_none_is_asked_for():
    x, matrix = values(2, False, torch.float64)
    (of_matrix,) = torch.autograd.grad(product(x.detach(), matrix).sum(), [matrix])
    (of_x,) = torch.autograd.grad(product(x, matrix.detach()).sum(), [x])
    assert of_matrix.shape == matrix.shape
    assert of_x.shape == x.shape
    assert not product(x.detach(), matrix.detach()).requires_grad


def test_large_products_take_the_fast_way(monkeypatch):
    """And only those, and only in single precision; where torch has oneDNN."""
    calls = []
    real = _product._linear
    monkeypatch.setattr(_product, "_linear", lambda a, b: calls.append(a.shape) or real(a, b))
    large, small = torch.ones(2, 64, 128), torch.ones(2, 4, 8)
    product(large, torch.ones(2, 128, 128))
    assert len(calls) == (2 if _product._onednn() else 0)
    calls.clear()
    product(small, torch.ones(2, 8, 8))
    product(large.double(), torch.ones(2, 128, 128).double())
    assert calls == []
