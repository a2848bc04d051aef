"""What a search tunes, declared once.

One more tunable number is one more field here, and one in `Training` and in `Member`, which act by it. Everything else
follows from the fields: what a configuration may leave open (``training.NAME: null``) and the range in which it is then
searched for (``training.ranges.NAME``), the dimension of the search, columns of the frame and of reports, and what a
study's file keeps.
"""

from dataclasses import dataclass, field, fields

from gatebench.core.validation import NonNegative, Positive


@dataclass(frozen=True)
class Tunable:
    """What the search and the reports need to know of one hyperparameter."""

    label: str
    """Name of the hyperparameter in tables and figures."""
    base: int
    """Prime base of its dimension of Halton's sequence; no two hyperparameters may share one."""


def _tunable(label: str, base: int) -> dict[str, Tunable]:
    return {"tunable": Tunable(label, base)}


@dataclass(frozen=True)
class Hyperparameters:
    """The numbers of one trial that a search tunes; a default is neutral, and what older records mean."""

    lr: Positive = field(metadata=_tunable("learning rate", base=2))
    """Learning rate of the optimizer at the first epoch."""
    weight_noise: NonNegative = field(default=0.0, metadata=_tunable("weight noise", base=3))
    """Standard deviation of the noise on the recurrent layer's matrices, drawn anew for every update (Graves 2011)."""
    weight_decay: NonNegative = field(default=0.0, metadata=_tunable("weight decay", base=5))
    """Decoupled weight decay (Loshchilov and Hutter 2019, Algorithm 2), times the learning rate at every update."""


TUNABLE: dict[str, Tunable] = {one.name: one.metadata["tunable"] for one in fields(Hyperparameters)}
"""Name of a hyperparameter -> what the search and the reports need to know of it, in the order of the fields."""
