"""Names of budgets for people: one that does not say how large the models are has their sizes beside it."""

import re

import pandas as pd

_SAYS_A_SIZE = re.compile(r"_\d+k?\b")
"""What a budget's name has that says a size: ``parameters_20k``, ``units_48``; ``table1`` has a number, but no size."""


def with_sizes(budget: str, trials: pd.DataFrame) -> str:
    """Return a budget's name, with the smallest and the largest model of its trials where the name has no size."""
    if _SAYS_A_SIZE.search(budget.partition(" ")[0]) or trials.empty:
        return budget
    sizes = [_thousands(trials.parameters_recurrent.min()), _thousands(trials.parameters_recurrent.max())]
    return f"{budget} ({' to '.join(dict.fromkeys(sizes))} recurrent parameters)"


_WORDS = {
    "parameters": "recurrent parameters", "total_parameters": "parameters in all", "flops": "FLOPs a step", "units": "units",
}  # fmt: skip
_SIZED = re.compile(rf"({'|'.join(_WORDS)})_(\d+)(k?)")


def in_words(budget: str) -> str:
    """Return what a budget is, where its name says it, in words: ``parameters_20k`` are 20,000 recurrent parameters."""
    if not (sized := _SIZED.fullmatch(budget)):
        return budget
    what, number, thousand = sized.groups()
    return f"{int(number) * (1000 if thousand else 1):,} {_WORDS[what]}"


def _thousands(parameters: float) -> str:
    return f"{parameters / 1000:.0f}k" if parameters >= 1000 else f"{parameters:.0f}"
