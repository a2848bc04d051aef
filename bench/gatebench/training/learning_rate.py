"""The schedule of the learning rate over the epochs of a trial."""


def linear_decay(epoch: int, epochs: int, decay_to: float) -> float:
    """Return the share of the learning rate that is left in an epoch.

    It falls linearly from 1 in the first epoch to ``decay_to`` in the last; with a single epoch it stays at 1.

    Parameters
    ----------
    epoch
        The epoch, counted from 1.
    epochs
        How many epochs the protocol has at the most.
    decay_to
        Share that is left at the last epoch; 1 for a constant learning rate.

    """
    passed = (epoch - 1) / max(1, epochs - 1)
    return 1 - (1 - decay_to) * passed
