"""Every choice of the training protocol. A field's default is neutral: it changes nothing, and no key mentions it."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal, Self

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.core.validation import Count, Fraction, NonNegative, Positive, Signed, construct
from gatebench.training import constants

if TYPE_CHECKING:
    from gatebench.training.optimizers import Optimizer


@dataclass(frozen=True)
class Training:
    """How a trial is trained, apart from its learning rate and its seed. ``conf/training/*.yaml`` give the values."""

    loss: Literal["step", "sequence"]
    """``step``: mean over the predicted steps of a batch. ``sequence``: sum over steps, mean over sequences."""
    batch: Count
    """How many sequences a batch has."""
    epochs: Count
    """How many epochs a trial trains for at the most."""
    patience: Count
    """After how many epochs without a better validation NLL a trial stops."""
    optimizer: Literal["adam", "rmsprop"]
    """An optimizer of `gatebench.training.optimizers`."""
    constants: dict[str, float]
    """Fields of the optimizer's class, each by its name."""
    clip_norm: Positive | None = None
    """Largest gradient norm of a member, over all its parameters; larger gradients are rescaled to it."""
    weight_noise: NonNegative = 0.0
    """Standard deviation of the noise on the recurrent layer's matrices, drawn anew for every update. A member of
    a population may have its own."""
    weight_decay: NonNegative = 0.0
    """Decoupled (Loshchilov and Hutter 2019, Algorithm 2): weight matrices, those of the readout too, shrink by this times
    the learning rate at every update; biases and diagonals do not. A member of a population may have its own."""
    dropout: Fraction = 0.0
    """Share of the numbers that a layer hands on, to the next layer and to the readout, that are dropped, anew for every
    step and update; what is left grows by ``1 / (1 - dropout)`` (Zaremba et al. 2014, Section 3.1)."""
    decay_to: NonNegative = 1.0
    """Share of the learning rate that is left at the last epoch (`gatebench.training.learning_rate`)."""
    input_range: NonNegative | None = None
    """Input matrices and readout start uniform in +- this; None: Glorot and Bengio (2010)."""
    readout_bias: Literal["zero", "marginal"] = "zero"
    """``marginal``: the readout's bias starts at the marginal distribution of the training targets, so that an untrained
    model predicts as well as one can without looking, instead of spending its first updates on getting there."""
    forget_bias: Signed = 0.0
    """Initial bias of the gate that keeps the state, towards keeping (1: the forget bias of Jozefowicz et al. 2015)."""
    carry_state: bool | None = None
    """Whether training goes on from window to window of a series with the states that the window before ended with, through
    which no gradient flows (truncated backpropagation through time). None: where the data has such windows, and the model
    does not look ahead."""

    class_weights: Literal["none", "balanced"] = "none"
    """``balanced``: of a label, each prediction weighs so much in the loss that is trained that all classes in train weigh
    alike. Scores are never weighted (`gatebench.training.weighting`)."""

    def __post_init__(self) -> None:
        construct(getattr(constants, f"{self.optimizer}_constants"), "training.constants", self.constants)

    def build_optimizer(self) -> "Optimizer":
        """Return the optimizer with its constants."""
        from gatebench.training import optimizers  # with torch, which whoever only reads a protocol does not wait for

        return construct(getattr(optimizers, self.optimizer), "training.constants", self.constants)

    def at(self, hyperparameters: Hyperparameters) -> Self:
        """Return this protocol at one setting of what a search tunes; the learning rate is no part of it."""
        numbers = {one.name: getattr(hyperparameters, one.name) for one in fields(self) if one.name in TUNABLE}
        return replace(self, **numbers)


@dataclass(frozen=True)
class Member:
    """What may differ inside one population."""

    key: str
    lr: float
    seed: int
    weight_noise: float | None = None
    """Standard deviation of this member's weight noise; None: the training's value."""
    weight_decay: float | None = None
    """Weight decay of this member; None: the training's value."""

    @property
    def hyperparameters(self) -> Hyperparameters:
        """What a search tuned of this trial; a number that is None counts as neutral."""
        numbers = {name: getattr(self, name) for name in TUNABLE}
        return Hyperparameters(**{name: number for name, number in numbers.items() if number is not None})
