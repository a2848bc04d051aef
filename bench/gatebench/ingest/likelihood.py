"""The decision which likelihood is proposed for what is predicted."""

from gatebench.core.errors import BadInput
from gatebench.data.contents import Arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

LIKELIHOODS: dict[str, tuple[str, ...]] = {
    "binary": ("bernoulli",),
    "piano_roll": ("bernoulli",),
    "symbols": ("categorical",),
    "reals": ("gaussian", "gaussian_mixture"),
    "audio": ("gaussian_mixture",),
}
"""Kind of what is predicted -> the likelihoods that fit it; the first one is proposed."""
WHY = {
    "bernoulli": "for zeros and ones",
    "categorical": "for one of several",
    "gaussian": "for real numbers",
    "gaussian_mixture": "several Gaussians",
}
"""Likelihood -> what is said of it."""


def decide(raw: RawData, arrays: Arrays, choices: Choices) -> tuple[dict[str, object], str]:
    """Return the likelihood as a task's yaml states it, and the line that says why."""
    of_target = {"label": "symbols", "labels": "binary", "value": "reals"}
    predicted = str(raw.kind) if raw.target is None else of_target[raw.target.kind]
    fitting = LIKELIHOODS[predicted]
    name = choices.likelihood or fitting[0]
    if name not in fitting:
        raise BadInput(f"--likelihood {name}, but what is predicted is {predicted}; use {' or '.join(fitting)}")
    others = [other for other in fitting if other != name]
    line = f"likelihood: {name}, {WHY[name]}" + (f" (--likelihood {others[0]})" if others else "")
    if name != "gaussian_mixture":
        return {"name": name}, line
    steps = sum(map(len, arrays["train"]))
    return {"name": name, "components": max(1, min(20, steps // 100)), "covariance": "diagonal"}, line
