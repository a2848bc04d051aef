"""Products with the weight matrices of a population, at the rate that the machine allows.

On processors where torch's BLAS does not use all of the vector unit (MKL on AMD: AVX2 instead of AVX-512), oneDNN's linear
layer does, at 1.3 to 2.4 times the speed on the matrices of this benchmark. It takes one member at a time, so it pays where
a member's product is large; all else is one batched product. Both round in float32; float64 always takes the plain way.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LARGE = 2**19
"""Multiply-adds of one member's product from which on calls one by one are the faster way."""


def product(x: Tensor, matrix: Tensor) -> Tensor:
    """``x @ matrix`` of every member: ``[K or 1, ..., rows]`` by ``[K, rows, columns]`` gives ``[K, ..., columns]``."""
    result: Any = _Product.apply(x.flatten(1, -2), matrix, None)
    return result.unflatten(1, x.shape[1:-1])


class Repeated:
    """A matrix that is multiplied again at every time step: its gradient is one product after the loop, not one a step."""

    def __init__(self, matrix: Tensor) -> None:
        self._seen = _Seen()
        result: Any = _Gathered.apply(matrix, self._seen)
        self._matrix: Tensor = result

    def __call__(self, x: Tensor) -> Tensor:
        """``x @ matrix``: ``[K, B, rows]`` to ``[K, B, columns]``."""
        result: Any = _Product.apply(x, self._matrix, self._seen)
        return result


class _Seen:
    """What the gradient of a repeated matrix needs: the two factors of each product, of one way back at a time."""

    def __init__(self) -> None:
        self._way, self._pairs = -1, []

    def add(self, x: Tensor, g: Tensor) -> None:
        """The factors of one product. Those of an earlier way back, which may not have asked for the matrix, are dropped."""
        way = torch._C._current_graph_task_id()
        if way != self._way:
            self._way, self._pairs = way, []
        self._pairs.append((x, g))

    def gradient(self) -> Tensor:
        """``sum_t x_t^T g_t`` as one product."""
        x, g = (torch.cat(parts, 1) for parts in zip(*self._pairs, strict=True))
        self._pairs = []
        return _multiply(x.mT, g)


class _Product(torch.autograd.Function):
    """``x [K or 1, N, rows] @ matrix [K, rows, columns]``; what the gradient of a repeated matrix needs is kept for it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor, seen: _Seen | None) -> Tensor:
        ctx.save_for_backward(x, matrix)
        ctx.seen = seen
        return _multiply(x, matrix)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - ctx by name
        (g,) = grad_outputs
        x, matrix = ctx.saved_tensors
        of_x = of_matrix = None
        if ctx.needs_input_grad[0]:
            of_x = _multiply(g, matrix.mT)
            of_x = of_x if len(x) == len(matrix) else of_x.sum(0, keepdim=True)
        if ctx.needs_input_grad[1]:
            if ctx.seen is None:
                of_matrix = _multiply(x.mT, g)
            else:
                ctx.seen.add(x, g)
        return of_x, of_matrix, None


class _Gathered(torch.autograd.Function):
    """The matrix itself; its gradient comes from what its products leave on the way back."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, seen: _Seen) -> Tensor:
        ctx.set_materialize_grads(False)  # products hand back no gradient of their own
        ctx.seen = seen
        return matrix.view_as(matrix)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - ctx by name
        return ctx.seen.gradient(), None


def _multiply(a: Tensor, b: Tensor) -> Tensor:
    """``a [K or 1, N, rows] @ b [K, rows, columns]``."""
    large = a.shape[1] * b.shape[1] * b.shape[2] >= LARGE
    if not (large and b.dtype == torch.float32 and b.device.type == "cpu" and _onednn()):
        return torch.matmul(a, b)
    members = [_linear(a[k if len(a) > 1 else 0], b[k].t()) for k in range(len(b))]
    return torch.stack(members) if len(members) > 1 else members[0].unsqueeze(0)


def _onednn() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _linear(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b.T`` by oneDNN."""
    return torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
