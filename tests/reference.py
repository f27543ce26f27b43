"""The oracles: plain loops written from the definitions; nothing of memjax in here."""

import numpy as np


def mean_difference(masks, scores_in_column_pairs):
    """For each (i, j): mean of scores[t, j] over models t with masks[t, i], minus the mean over the others."""
    num_models, num_train = masks.shape
    columns = np.array(scores_in_column_pairs, float).T
    value = np.full((num_train, len(columns)), np.nan)
    for i in range(num_train):
        inside = [t for t in range(num_models) if masks[t, i]]
        outside = [t for t in range(num_models) if not masks[t, i]]
        if inside and outside:
            for j, column in enumerate(columns):
                value[i, j] = np.mean(column[inside]) - np.mean(column[outside])
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


def held_out(masks, scores):
    """For each i: mean of scores[t, i] over models t that did not see i."""
    value = np.full(masks.shape[1], np.nan)
    for i in range(masks.shape[1]):
        outside = [float(scores[t, i]) for t in range(len(masks)) if not masks[t, i]]
        if outside:
            value[i] = np.mean(outside)
    return value


def profile(masks, scores):
    """Held-out scores of the models of each size, and their mean over sizes; missing ones as the docstring has it."""
    sizes = sorted({int(mask.sum()) for mask in masks})
    value = np.stack([held_out(masks[masks.sum(1) == size], scores[masks.sum(1) == size]) for size in sizes])
    usual = [np.mean(row[~np.isnan(row)]) if not np.isnan(row).all() else np.nan for row in value]
    mean = []
    for column in value.T:
        apart = [one - other for one, other in zip(column, usual, strict=True) if not np.isnan(one)]
        if not apart:
            mean.append(np.nan)
            continue
        filled = [
            other + np.mean(apart) if np.isnan(one) else one
            for one, other in zip(column, usual, strict=True)
            if not np.isnan(other)
        ]
        mean.append(np.mean(filled))
    return {"sizes": sizes, "value": value, "mean": mean}


def out_of_bag(masks, logits):
    """For each i: mean of the softmax of logits[t, i] over models t that did not see i."""
    value = np.full(logits.shape[1:], np.nan)
    for i in range(masks.shape[1]):
        rows = [np.exp(logits[t, i].astype(float)) for t in range(len(masks)) if not masks[t, i]]
        if rows:
            value[i] = np.mean([row / row.sum() for row in rows], axis=0)
    return value


def worth(outputs, margins):
    """For each j: covariance of outputs and margins over models / variance of margins; 0 where these do not vary."""
    value = np.zeros(outputs.shape[1])
    for j in range(outputs.shape[1]):
        output, margin = outputs[:, j].astype(float), margins[:, j].astype(float)
        if margin.min() < margin.max():
            value[j] = np.mean((output - output.mean()) * (margin - margin.mean())) / np.var(margin)
    return value


def correlation(first, second):
    """Pearson's; NaN where one of the two does not vary."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.std() == 0 or second.std() == 0:
        return np.nan
    return np.mean((first - first.mean()) * (second - second.mean())) / (first.std() * second.std())


def rank_correlations(scores, masks, outputs):
    """For each j: Spearman's correlation over models of the summed scores and the outputs; equals share a rank."""

    def rank(values):
        return [sum(other < one for other in values) + sum(other == one for other in values) / 2 for one in values]

    each = []
    for j in range(outputs.shape[1]):
        sums = [sum(scores[i, j] for i in range(len(scores)) if mask[i]) for mask in masks]
        each.append(correlation(rank(sums), rank([float(output) for output in outputs[:, j]])))
    known = [one for one in each if not np.isnan(one)]
    return {"value": np.mean(known) if known else np.nan, "each": each}


def split_halves(masks, scores, halves):
    """Correlation of memorization from two sets of models, of the examples that have it in both."""
    mems = [np.diag(mean_difference(masks[half], scores[half])) for half in halves]
    known = [i for i in range(masks.shape[1]) if all(np.isfinite(mem[i]) for mem in mems)]
    halves = correlation(*([mem[i] for i in known] for mem in mems)) if len(known) > 2 else np.nan
    return {"halves": halves, "whole": 2 * halves / (1 + halves), "num_examples": len(known)}
