"""Numbers in sentences."""

import math

import pandas as pd


def interval(mean: float, low: float, high: float) -> str:
    """A number with its interval, to two digits of half the interval, and at least three behind the point."""
    half = (high - low) / 2
    if math.isnan(half):
        return f"{mean:.3f} (one seed)"
    digits = min(8, max(3, 1 - math.floor(math.log10(half)))) if half > 0 else 3
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def time(seconds: float) -> str:
    """About how long."""
    return f"about {seconds / 60:.0f} minutes" if seconds > 90 else f"about {math.ceil(seconds)} seconds"


def costs(trials: pd.DataFrame) -> str:
    """What a cell takes, from its trials on one split."""
    row = trials.iloc[0]
    return (
        f"{row.parameters_recurrent:,} recurrent parameters ({row.units} units), a state of {row.state_size} numbers, "
        f"{row.flops_per_step:,} FLOPs a time step, {trials.seconds.mean():.1f} s of training a trial"
    )


def expense(trials: pd.DataFrame) -> tuple[float, float]:
    """By what the cheaper of two cells of like size is told: FLOPs to two digits, then the state."""
    return float(f"{trials.flops_per_step.mean():.2g}"), float(trials.state_size.mean())
