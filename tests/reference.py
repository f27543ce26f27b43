"""The oracles: plain loops written from the definitions; nothing of memjax in here."""

import numpy as np


def mean_difference(masks, scores_in_column_pairs):
    """For each (i, j): mean of scores[t, j] over models t with masks[t, i], minus the mean over the others."""
    num_models, num_train = masks.shape
    num_columns = scores_in_column_pairs.shape[1]
    value = np.full((num_train, num_columns), np.nan)
    for i in range(num_train):
        inside = [t for t in range(num_models) if masks[t, i]]
        outside = [t for t in range(num_models) if not masks[t, i]]
        for j in range(num_columns):
            if inside and outside:
                value[i, j] = np.mean([float(scores_in_column_pairs[t, j]) for t in inside]) - np.mean(
                    [float(scores_in_column_pairs[t, j]) for t in outside]
                )
    return value


def adjusted_stderr(right_in, num_in, right_out, num_out):
    """Standard error of a difference of two proportions, a success and a failure being added to each."""
    variance = 0.0
    for right, num in ((right_in, num_in), (right_out, num_out)):
        rate = (right + 1) / (num + 2)
        variance += rate * (1 - rate) / (num - 1)
    return np.sqrt(variance)


def sample_stderr(inside, outside):
    """Welch's standard error of a difference of two means."""
    return np.sqrt(np.var(inside, ddof=1) / len(inside) + np.var(outside, ddof=1) / len(outside))


def plug_in_stderr(right_in, num_in, right_out, num_out):
    """The standard error with the rates as they are, 0 where both are 0 or 1."""
    rate_in, rate_out = right_in / num_in, right_out / num_out
    return np.sqrt(rate_in * (1 - rate_in) / num_in + rate_out * (1 - rate_out) / num_out)


def train_influence(masks, correct):
    """For each (i, j): as `mean_difference`, over the models that did not see j; NaN for i = j."""
    num_models, num_train = masks.shape
    value = np.full((num_train, num_train), np.nan)
    for i in range(num_train):
        for j in range(num_train):
            inside = [float(correct[t, j]) for t in range(num_models) if masks[t, i] and not masks[t, j]]
            outside = [float(correct[t, j]) for t in range(num_models) if not masks[t, i] and not masks[t, j]]
            if inside and outside:
                value[i, j] = np.mean(inside) - np.mean(outside)
    return value


def stratified_difference(masks, utility):
    """Mean over subset sizes of the difference of means at that size, times (n - 1) / n."""
    num_train = masks.shape[1]
    sizes = sorted({int(mask.sum()) for mask in masks})
    value = np.full(num_train, np.nan)
    for i in range(num_train):
        each = []
        for size in sizes:
            inside = [u for mask, u in zip(masks, utility, strict=True) if mask.sum() == size and mask[i]]
            outside = [u for mask, u in zip(masks, utility, strict=True) if mask.sum() == size and not mask[i]]
            if inside and outside:
                each.append(np.mean(inside) - np.mean(outside))
        if each:
            value[i] = (num_train - 1) / num_train * np.mean(each)
    return value
