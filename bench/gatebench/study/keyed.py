"""The key that this version has for what a record says was trained."""

from gatebench.core.errors import BadInput
from gatebench.core.validation import construct
from gatebench.records import keys
from gatebench.records.keys import KeyedSettings
from gatebench.records.schema import Stacking, TrialSettings
from gatebench.training.protocol import Training

UNKNOWN = "unknown"
"""What stands for the key of settings that this version does not have."""


def key_of(settings: TrialSettings) -> str:
    """Return the key of a trial by its settings: that of its record, unless the record is of another protocol.

    `UNKNOWN` of settings that this version does not have.
    """
    try:
        training = construct(Training, "training", settings.training)
    except BadInput:
        return UNKNOWN
    return keys.key(
        KeyedSettings(
            settings.framing,
            settings.content,
            settings.equations,
            settings.sizes,
            training,
            settings.lr,
            settings.seed,
            None if settings.model == Stacking() else settings.model,
        )
    )
