"""What comes again after a period: its length, and two predictors that know it."""

import numpy as np
from scipy.signal import find_peaks

from gatebench.data.baselines.gaussians import Mean
from gatebench.data.baselines.lags import Rows
from gatebench.data.forecasts import ForecastColumns

LEAST_CORRELATION = 0.3
"""Autocorrelation of a peak from which on it is taken for a period."""
NEARLY = 0.9
"""Share of the highest peak from which on the first one is the period: its multiples are peaks as well."""
LONGEST = 5000
"""Steps of a period, at the most."""
FFT_STEPS = 2**20
"""Steps of train that a period is looked for in, at the most."""


def find_period(sequences: list[np.ndarray]) -> int | None:
    """Return the period of sequences ``[T, X]`` in steps, by their autocorrelation; None where nothing comes again.

    A trend is taken out of each sequence. The period is the first peak that is nearly as high as the highest one, of at
    most half of a sequence's length.
    """
    longest = min(LONGEST, int(np.median([len(sequence) for sequence in sequences])) // 2)
    if longest < 3:
        return None
    total, steps = np.zeros(longest + 1), 0
    for sequence in sequences:
        if len(sequence) > longest and steps <= FFT_STEPS:
            total += _autocovariance(sequence[:FFT_STEPS], longest)
            steps += len(sequence)
    if not total[0] > 0:
        return None
    correlation = total / total[0]
    peaks, _ = find_peaks(correlation)
    high = [int(lag) for lag in peaks if lag > 1 and correlation[lag] >= LEAST_CORRELATION]
    if not high:
        return None
    highest = max(correlation[lag] for lag in high)
    return next(lag for lag in high if correlation[lag] >= NEARLY * highest)


def _autocovariance(sequence: np.ndarray, longest: int) -> np.ndarray:
    """Return the mean product of what stands so many steps apart, summed over columns, from no step on."""
    steps = np.arange(len(sequence), dtype=float)
    line = np.stack([steps - steps.mean(), np.ones(len(steps))], 1)
    values = sequence.astype(float)
    values = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    spectrum = np.fft.rfft(values, 2 * len(values), axis=0)
    products = np.fft.irfft(np.square(np.abs(spectrum)), axis=0)[: longest + 1].sum(1)
    # Few products stand far apart: each sum is set in relation to how many there are.
    return products * len(values) / (len(values) - np.arange(longest + 1))


def naive(rows: Rows, of: ForecastColumns, period: int) -> Mean:
    """Return what stood a period, or as many as it takes, before each predicted step; the last value where nothing did."""
    means, reaches = [], np.ones(len(rows), bool)
    for h in range(1, of.horizon + 1):
        back = period * -(-h // period) - h
        reaches = reaches & (rows.positions >= back)
        source = np.arange(len(rows)) - np.where(rows.positions >= back, back, 0)
        means.append(rows.x[source][:, of.predicted])
    return Mean(np.concatenate(means, 1).astype(float), reaches)


def phases(rows: Rows, period: int) -> np.ndarray:
    """Return the place in the period of each first predicted step, from where its sequence or series begins, ``[N]``."""
    return (rows.steps + 1) % period


def seasonal_means(rows: Rows, period: int) -> np.ndarray:
    """Return the mean of train at each place in the period, ``[period, Y]``, to which the overall mean is added once."""
    total = np.zeros((period, rows.y.shape[1]))
    np.add.at(total, phases(rows, period), rows.y.astype(float))
    counts = np.bincount(phases(rows, period), minlength=period)[:, None]
    return (total + rows.y.mean(0, dtype=float)) / (counts + 1)
