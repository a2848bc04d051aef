"""Cells that are in no file: graphs of all shapes that the words of a cell's text can make."""

import types

from gatebench.graph import ops, trace

OTHERS = {
    "a nonlinearity of the input before a product": """x, h, *, W, U, b ->
        p = tanh(W @ x + b.x)
        return tanh(U.a @ p + U @ h) - 0.1 * p""",
    "a delay line": "x, h, g, *, W, U, V, b -> tanh(W @ x + U @ h + V @ g + b.h), h",
    "a delay line that is read out": "x, g, h, *, W, U, V, b -> h, tanh(W @ x + U @ h + V @ g + b.h)",
    "one value for two states": """x, h, g, *, W, U, V ->
        new = tanh(W @ x + U @ h - V.g * g)
        return new, new""",
    "a projection": """x, v: "P", c, *, W, U, b ->
        o = sigmoid(W.o @ x + U.o @ v + b.o)
        c = 0.5 * c + tanh(W.c @ x + U.c @ v + b.c)
        return W.p @ (o * tanh(c)), c""",
    "products of products, one matrix before and in the loop": """x, h, *, W, U, V, b ->
        p = U @ sigmoid(U @ (W @ x) + b.a)
        return tanh(p + V @ (U @ h)) + U @ h * p""",
    "one matrix for two vectors, one bias for two sums": """x, h, *, W, U, b ->
        r = sigmoid(W.r @ x + U.r @ h + b.h)
        return tanh(W @ x + U @ (r * h) + U @ h + b.h)""",
    "rows with rows, and functions of rows": """x, h, *, W, V, b ->
        return tanh(W @ x + V.a * V.b * h + b.h) * sigmoid(V.c) + tanh(V.d)""",
    "the input elementwise, and a square": """x, h, *, W, U, b ->
        gated = x * sigmoid(W.g @ x + b.g)
        return tanh(W @ gated + U @ (h * h) - h * h + b.h)""",
    "a state that is seen a step later and only added to": """x, h, c, *, W, U, b ->
        return tanh(W.h @ x + U.h @ c + b.h), c + tanh(W.c @ x + U.c @ c)""",
    "no recurrence": """x, h, *, W, V, b ->
        p = tanh(W @ x + b.a)
        return sigmoid(V @ p + b.b) * p""",
    "no recurrence, just a product": "x, h, *, W -> W @ x",
    "no recurrence in one of two states": "x, h, g, *, W, U, b -> tanh(U @ g + U.h @ h), sigmoid(W @ x + b.g)",
    "products without a sum, one of them used twice": """x, h, *, W, U, V ->
        u = U @ h + 0.5
        return tanh(V @ h) - sigmoid(W @ x) * u * sigmoid(u)""",
    "a sum used thrice and an addend twice": """x, h, *, W, U, V, b ->
        s = W @ x + U @ h + b.h
        v = V @ h
        return tanh(s) * sigmoid(s + v + v + b.h) - 0.1 * s""",
    "sums of sums": "x, h, *, W, U, b -> tanh(h * b.v + (W @ x + (b.h + U @ tanh(h))) + (0.5 - h))",
    "two layers and a third": """x, h, g, f, *, W, U, b ->
        f = tanh(W.f @ x + U.f @ f + b.f)
        g = tanh(W.g @ f + U.g @ g + b.g)
        return tanh(W.h @ g + U.h @ h + b.h), g, f""",
    "a window and its difference": """x, h, *, W, U ->
        return tanh(W.a @ shift(x, -2) + W.b @ shift(x, 1) - W.a @ x + U @ h)""",
    "two widths": """x, h, p: "P", *, W, U, V, b ->
        p = sigmoid(W.p @ x + U.p @ p + V.p @ h + b.p)
        return tanh(W.h @ x + U.h @ h + V.h @ p + b.h) * (1 - V.d * h), p""",
    "a state less its mean": """x, h, *, W, U, b ->
        a = W @ x + U @ h + b
        return tanh(a - mean(a))""",
    "means of inputs, of states and in products": """x, h, c, *, W, U, R, b ->
        q = R @ (mean(h) + square(h))
        c = mean(q * h + W @ (x - mean(x)))
        return tanh(U @ mean(c) + q + b), c""",
    "means of means, and one that is a state": """x, h, c, *, W, U, b ->
        m = mean(W @ x)
        n = mean(mean(h) * c + m)
        return tanh(U @ h + W.z @ x * n + as_wide_as(h, m) + b), mean(h * m)""",
    "means that are not to be joined": """x, h, c, *, W, U, b ->
        m, n = mean(h), mean(square(c))
        p = mean(W @ x) + mean(U @ c)
        return tanh(U @ h + (m + n) * c + p + b), sigmoid(m + c) + h""",
    "a mean that no state reaches as a state": "x, h, c, *, W, U -> tanh(U @ h + W.a @ x + c), mean(tanh(W @ x))",
    "a mean of a state before any product": "x, h, c, *, W, U -> tanh(U @ h + W @ x + c), mean(h)",
    "a normalised state in two parts": """x, h, *, W, U, b ->
        r, s = layer_normalised(U.r @ h, U.s @ h + h)
        (n,) = rms_normalised(W @ x)
        return tanh(r + n + b) * (1 + s)""",
    "values of parameters alone, read twice and in a chain": """x, h, *, W, U, S, b ->
        keep = sigmoid(S)
        return tanh(U @ h + keep * h + keep * (W @ x) + exp(negative(exp(b))) * b)""",
    "a value of parameters alone that a product reads": """x, h, *, W, U, b ->
        return tanh(W @ x + U @ (h + sigmoid(b.u))) * exp(b.h)""",
    "single numbers, alone and with rows": """x, h, c, *, W, U, s, q, v, b ->
        y = scalar(s) * x * cos(v) + square(scalar(s)) * x
        return tanh(U @ h + W @ y + scalar(q) * c + b), sigmoid(scalar(q)) * h * sqrt(1.5 + sin(b))""",
    "one vector in two products of one sum": """x, h, *, W, U, b ->
        return tanh(U.a @ h + U.b @ h + W.a @ x + W.b @ x + b) - 0.1 * (U.a @ h)""",
    "transposes, of inputs too": """x, h, c, *, W, U, V, b ->
        y = x * transposed_product(W, h)
        return tanh(transposed_product(U, h) + W @ y + U @ h + transposed_product(V, c) + b), tanh(V @ h)""",
    "a width of its own inside": """x, h, *, W, U, b ->
        j = relu(of_width("J", W.j @ x + U.j @ h + b.j))
        return tanh(W.h @ j + b.h) - 0.1 * h""",
}
"""What it is -> signature and what it returns, for cells whose graphs have shapes that those of the project may not have."""


def cell(equations, name="other"):
    """The graph of a cell from its signature and what it returns."""
    signature, _, body = (part.strip() for part in equations.partition("->"))
    lines = body.splitlines() if "return" in body else [f"return {body}"]
    text = "\n    ".join([f"def step({signature}):", *(line.strip() for line in lines)])
    module = types.ModuleType("other")
    module.__dict__.update({word: getattr(ops, word) for word in ops.__all__})
    exec(f"PAPER = 'none'\n{text}\n", module.__dict__)
    module.__dict__["sizes"] = lambda units: {"P": max(1, units // 2), "J": 2 * units + 1}
    return trace.trace(module, name, {})
