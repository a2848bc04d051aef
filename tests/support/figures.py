"""Every figure and table of the package, and what their tests share."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from gatebench.core import registry
from gatebench.records.frame import Frame
from support.frames import NAN, seeds

FIGURES = {
    name: registry.load_module("gatebench.report.figures", path)
    for name, path in registry.available("figures", ".py").items()
}
"""Name -> module."""
DRAWN = [name for name, module in FIGURES.items() if hasattr(module, "draw")]
TABLES = [name for name, module in FIGURES.items() if hasattr(module, "table")]

MEAN = 3.2  # of the GRU's test nll on music, with s = 0.2 and t = 4.3027 for two degrees of freedom
HALF = 4.302652729749464 * 0.2 / 3**0.5

THREE = [
    *seeds("music", "gru", [3.0, 3.2, 3.4]),
    *seeds("music", "rnn", [3.5, 3.9, 3.6, 3.8]),
    *seeds("music", "novel", [4.0, 4.1, 4.3]),
]
"""Three cells with several seeds each: means 3.2, 3.7 and 4.1333."""


RANKED = [
    *seeds("music", "gru", [3.0, 3.4]), *seeds("music", "rnn", [3.1, 3.2]), *seeds("music", "novel", [4.0]),
    *seeds("speech", "gru", [7.5]), *seeds("speech", "rnn", [7.4]), *seeds("speech", "novel", [7.6, 7.8]),
    *seeds("nottingham", "gru", [3.0]), *seeds("nottingham", "rnn", [3.5]), *seeds("nottingham", "novel", [3.6]),
]  # fmt: skip
"""The plain unit is first, first and second; the GRU second, second and first; the other last."""

# task, cell, stage, seed, rate, best validation nll, test nll, status; the last three have failed
TRIED = [("music", "gru", "search", 0, 0.001 * i, nll, 3.0, "finished") for i, nll in enumerate([4.0, 2.5, 3.0, 3.5], 1)] + [
    ("music", "gru", "search", 0, 0.1, NAN, NAN, "diverged"),
    ("music", "gru", "search", 0, 0.2, 2.0, 2.0, "diverged"),
    ("music", "gru", "search", 0, 0.3, 9.5, 9.5, "finished"),  # worse than every baseline
]
"""Settings of a search by one cell."""


def drawn(name: str, frame: Frame) -> Figure:
    """A figure, drawn so that its labels have their places."""
    figure = FIGURES[name].draw(FIGURES[name].numbers(frame), frame)
    figure.canvas.draw()
    plt.close(figure)
    return figure
