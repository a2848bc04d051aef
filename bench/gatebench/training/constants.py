"""Constants of the optimizers, apart from what they do: reading a protocol takes no torch."""

from dataclasses import dataclass

from gatebench.core.validation import Fraction, Positive


@dataclass(frozen=True)
class adam_constants:
    """The constants of Adam (Kingma and Ba 2015, Algorithm 1)."""

    beta1: Fraction
    beta2: Fraction
    epsilon: Positive


@dataclass(frozen=True)
class rmsprop_constants:
    """The constants of RMSProp with momentum."""

    averaging: Fraction
    momentum: Fraction
    floor: Positive
    """The root mean square that divides is at least this (pylearn2's constant; not added to it)."""
