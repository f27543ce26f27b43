"""Effects with their 95 % intervals."""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

LEVEL = 0.95
DRAWS = 1000  # of a bootstrap
ENOUGH = 10  # cases for a bootstrap
NORMAL = 1.959964  # the half width of a 95 % interval in standard errors


class Interval(NamedTuple):
    """An effect with its 95 % interval, from `repeats` independent cases: repeats, models or examples."""

    value: float
    low: float
    high: float
    repeats: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.repeats})"


def mean_interval(values: Iterable[float]) -> Interval:
    """Student's interval of a mean over independent cases.

    Without ends where there are fewer than two, or where all are equal: such cases do not say how far others spread.
    """
    from scipy.stats import t

    numbers = np.asarray(list(values), np.float64)
    if len(numbers) < 2 or np.ptp(numbers) <= 1e-5 * abs(numbers).max():  # equal, but for float32
        return Interval(float(numbers.mean()), -math.inf, math.inf, len(numbers))
    half = t.ppf((1 + LEVEL) / 2, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
    return Interval(float(numbers.mean()), float(numbers.mean() - half), float(numbers.mean() + half), len(numbers))


def mean_intervals(values: np.ndarray) -> list[Interval]:
    """Student's interval of each column of (cases, points); NaN entries are left out."""
    return [mean_interval(column[np.isfinite(column)]) for column in np.asarray(values, np.float64).T]


def paired(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray | float) -> Interval:
    """Mean of first minus second over cases that belong together, such as models with the same initial weights."""
    return mean_interval(np.asarray(first, np.float64) - np.asarray(second, np.float64))


def contrast(one: np.ndarray, other: np.ndarray) -> Interval:
    """Mean of `one` minus mean of `other`, which are values of independent models, with Welch's interval."""
    from scipy.stats import ttest_ind

    one, other = (np.asarray(values, np.float64) for values in (one, other))
    value, repeats = float(one.mean() - other.mean()), min(len(one), len(other))
    if repeats < 2 or not (one.std() or other.std()):
        return Interval(value, -math.inf, math.inf, repeats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one side may be constant as long as the other is not
        found = ttest_ind(one, other, equal_var=False).confidence_interval(LEVEL)
    return Interval(value, float(found.low), float(found.high), repeats)


def wider(first: Interval, second: Interval) -> Interval:
    """The wider of two intervals of one value."""
    return first if not first.high - first.low < second.high - second.low else second


def opened(effect: Interval, low: bool, high: bool) -> Interval:
    """An effect that may be lower, or higher, than measured, by no one knows how much: such an end is infinite.

    Where neither end is left, no case counts.
    """
    if not (low or high):
        return effect
    low_end, high_end = -math.inf if low else effect.low, math.inf if high else effect.high
    known = math.isfinite(low_end) or math.isfinite(high_end)
    return Interval(effect.value, low_end, high_end, effect.repeats if known else 0)


def difference(first: Interval, second: Interval) -> Interval:
    """A difference with the interval of two independent estimates, which is wider than that of paired ones."""
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, value - down, value + up, min(first.repeats, second.repeats))


def quotient(first: Interval, second: Interval) -> Interval:
    """A quotient of two estimates that are not negative, with the interval of independent ones; NaN if it divides by 0.

    The ends add up as those of a difference do, each as far as it moves the quotient.
    """
    repeats = min(first.repeats, second.repeats)
    if not second.value > 0:
        return Interval(math.nan, -math.inf, math.inf, repeats)
    value = first.value / second.value
    down = math.hypot(first.value - first.low, value * (second.high - second.value) if value else 0.0) / second.value
    up = math.hypot(first.high - first.value, value * (second.value - second.low) if value else 0.0) / second.value
    return Interval(value, value - down, value + up, repeats)


def share_interval(marks: Iterable[bool], *units: np.ndarray) -> Interval:
    """A share of independent cases with the exact interval of Clopper and Pearson.

    Each of its ends is wrong in at most 2.5 %, however few cases there are; Wilson's is so on average over shares.

    Args:
      units: what each case belongs to, such as the training example of a pair; without, cases are independent.  Cases
        of one unit may be all alike, so there are only as many as `effective_number` says, of the kind of units that
        has fewest.
    """
    from scipy.stats import beta

    cases = np.asarray(list(marks), bool)
    if not len(cases):
        return Interval(math.nan, 0.0, 1.0, 0)
    share, number = float(cases.mean()), min([len(cases), *map(effective_number, units)])
    have, lack = (part * number for part in (share, 1 - share))
    low, high = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    return Interval(
        share,
        float(beta.ppf(low, have, lack + 1)) if have else 0.0,
        float(beta.ppf(high, have + 1, lack)) if lack else 1.0,
        number,
    )


def effective_number(units: np.ndarray) -> int:
    """How many independent cases say as much as cases of which those of one unit are alike, rounded down (Kish 1965).

    That is as many as there are units of equal sizes, fewer where sizes differ.
    """
    sizes = np.unique(units, return_counts=True)[1]
    return int(sizes.sum() ** 2 // (sizes**2).sum()) if len(sizes) else 0


def normal_interval(value: float, stderr: float, repeats: int) -> Interval:
    """An estimate with a known standard error."""
    half = NORMAL * stderr
    return Interval(float(value), float(value - half), float(value + half), repeats)


def ratio_interval(value: float, stderr: float, repeats: int) -> Interval:
    """A ratio of variances with an estimated standard error, which is small where the ratio is.

    So the inverse of its root is taken to be normal; in simulations of `easy_and_hard` both ends then hold 2.5 %, while
    without that the upper one holds 4 % and with logarithms 3 %.
    """
    half = NORMAL * stderr / value / 2
    high = value / (1 - half) ** 2 if half < 1 else math.inf
    return Interval(float(value), float(value / (1 + half) ** 2), float(high), repeats)


def stratified_mean(values: np.ndarray, strata: np.ndarray, sizes: Sequence[int]) -> Interval:
    """The mean over all examples, from a sample that has more of some strata than of others.

    Args:
      values, strata: (sample,) the value and the stratum of each example of the sample, which is drawn at random from
        its stratum.
      sizes: of the strata.

    Returns:
      Student's interval with as many degrees of freedom as there are examples more than strata, for a finite
      population.  It has no ends where a single example speaks for others, or where values of each stratum are equal.
      The value is NaN where the sample lacks a stratum.
    """
    from scipy.stats import t

    if set(np.flatnonzero(sizes)) - set(strata):
        return Interval(math.nan, -math.inf, math.inf, len(values))
    value = variance = 0.0
    for number in np.unique(strata):
        own, size = values[strata == number], sizes[number]
        value += size / sum(sizes) * own.mean()
        spread = own.var(ddof=1) if len(own) > 1 else math.inf
        if len(own) < size:
            variance += (size / sum(sizes)) ** 2 * spread / len(own) * (1 - len(own) / size)
    free = len(values) - len(np.unique(strata))
    half = t.ppf((1 + LEVEL) / 2, free) * variance**0.5 if free and variance else math.inf
    return Interval(float(value), float(value - half), float(value + half), len(values))


def bootstrap(count: int, statistic: Callable[[np.ndarray], float], seed: int = 0, centred: bool = False) -> Interval:
    """A statistic of `count` examples with its percentile interval: examples are drawn again with replacement.

    Args:
      statistic: rows of examples, of which some may occur several times -> a number.  Draws that give NaN are left
        out.
      centred: the mean bias of the draws is subtracted from both ends.

    Returns:
      The statistic of all examples; `repeats` is their number.  Of fewer than ten the interval would be too narrow,
      and has no ends.
    """
    value = float(statistic(np.arange(count))) if count else math.nan
    drawn = resampled(count, statistic, seed)
    if np.isnan(drawn).all():
        return Interval(value, -math.inf, math.inf, count)
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - centred * (np.nanmean(drawn) - value)
    return Interval(value, float(low), float(high), count)


def for_few(effect: Interval) -> Interval:
    """A percentile interval with ends as far out as few cases need: those of a bootstrap are too near the value.

    They miss as those of a normal variable do whose variance is divided by the number of cases.  Student's are wider.
    """
    from scipy.stats import t

    if effect.repeats < 2:
        return effect
    wider = t.ppf((1 + LEVEL) / 2, effect.repeats - 1) / NORMAL * math.sqrt(effect.repeats / (effect.repeats - 1))
    ends = (effect.value + wider * (end - effect.value) for end in (effect.low, effect.high))
    return Interval(effect.value, *ends, effect.repeats)


def resampled(count: int, statistic: Callable[[np.ndarray], float], seed: int = 0) -> np.ndarray:
    """The statistic of examples that are drawn again with replacement, `DRAWS` times; nothing of fewer than ten."""
    from scipy import stats

    if count < ENOUGH:
        return np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # draws that give NaN; a small `batch` needs little memory
        return stats.bootstrap(
            (np.arange(count),), statistic, n_resamples=DRAWS, batch=20, vectorized=False, method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution  # fmt: skip


def together(draws: Sequence[Any]) -> Any:
    """What several draws found, as one: intervals are over draws, numbers are means, in the same lists and tables.

    Lists of unequal lengths, and what is none of these, are those of the first draw.
    """
    first = draws[0]
    if isinstance(first, Interval):
        return mean_interval([each.value for each in draws])
    if isinstance(first, Mapping):
        return {key: together([each[key] for each in draws]) for key in first}
    if isinstance(first, (list, tuple)) and len({len(each) for each in draws}) == 1:
        return [together(each) for each in zip(*draws, strict=True)]
    if isinstance(first, (int, float, np.number)) and not isinstance(first, bool):
        return float(np.mean(draws))
    return first


def ends(intervals: Sequence[Interval]) -> tuple[list[float], list[float]]:
    """How far each interval reaches below and above its value, as matplotlib's error bars have it."""
    return [item.value - item.low for item in intervals], [item.high - item.value for item in intervals]
