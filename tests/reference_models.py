"""More oracles, of linear models, membership and pairs: loops from the definitions; nothing of memjax in here."""

from math import comb, erf, exp, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, polygamma
from scipy.stats import norm
from scipy.stats import t as student


def lasso(masks, outputs, penalty, sweeps=60):
    """Coordinate descent: one weight at a time is set to its best value, all others being as they are."""
    means, columns = outputs.mean(0), masks - masks.mean(0)
    weights, missed = np.zeros((masks.shape[1], outputs.shape[1])), outputs - means
    for _ in range(sweeps):
        for i in range(masks.shape[1]):
            power = np.mean(columns[:, i] ** 2)
            if power:
                slope = columns[:, i] @ missed / len(masks) + power * weights[i]
                best = np.sign(slope) * np.maximum(np.abs(slope) - penalty, 0) / power
                missed = missed + np.outer(columns[:, i], weights[i] - best)
                weights[i] = best
    return weights, means - masks.mean(0) @ weights


def ridge(masks, outputs, penalty):
    """The normal equations, one target at a time."""
    columns, means = masks - masks.mean(0), outputs.mean(0)
    gram = columns.T @ columns / len(masks)
    weights = np.stack([
        np.linalg.solve(gram + one * np.eye(len(gram)), columns.T @ (output - output.mean()) / len(masks))
        for output, one in zip(outputs.T, penalty, strict=True)
    ], 1)  # fmt: skip
    return weights, means - masks.mean(0) @ weights


def noise_penalty(masks, outputs):
    """What just holds back pure noise: deviation of an output, of a mask, and of the largest of so many numbers."""
    spread = np.sqrt(np.mean([np.var(column) for column in masks.T.astype(float)]))
    return spread * np.sqrt(2 * np.log(masks.shape[1]) / len(masks)) * outputs.std(0)


def mean_eigenvalue(masks, outputs):
    """Of the kernel of the centred masks, over all models there are, one for each output."""
    centred = masks - masks.mean(0)
    return np.full(outputs.shape[1], np.trace(centred @ centred.T) / len(masks) / len(masks))


def linear_models(fit, unit, multiples, masks, outputs, folds=4):
    """Linear models with the one multiple of a penalty's unit that predicts the models held out best."""
    varying = outputs.min(0) < outputs.max(0)
    outputs, constant = outputs[:, varying].astype(float), outputs.astype(float)
    weights, bias = np.zeros((masks.shape[1], len(varying))), constant[0].copy()
    if varying.any():
        errors = np.zeros(len(multiples))
        for fold in range(folds):
            out = np.arange(len(masks)) % folds == fold
            for place, multiple in enumerate(multiples):
                found, base = fit(masks[~out], outputs[~out], multiple * unit(masks[~out], outputs[~out]))
                errors[place] += np.sum((outputs[out] - base - masks[out] @ found) ** 2)
        best = multiples[int(np.argmin(errors))]
        weights[:, varying], bias[varying] = fit(masks, outputs, best * unit(masks, outputs))
    return {"weights": weights, "bias": bias}


def likelihood_ratio(masks, scores, target, variant, variance):
    """Log densities of the target's scores under one distribution for each side of each example."""
    sides = [
        [[float(scores[t, i]) for t in range(len(masks)) if chosen[t, i]] for i in range(masks.shape[1])]
        for chosen in (~np.asarray(masks), np.asarray(masks))
    ]
    outside, inside = ((_students if variance == "prior" else _normals)(side, variance) for side in sides)
    found = np.full(target.shape, np.nan)
    for a, i in np.ndindex(*target.shape):
        value, out, into = float(target[a, i]), outside[i], inside[i]
        if out and variant == "offline":
            found[a, i] = out.logcdf(value)
        elif out and variant == "offline-density":
            found[a, i] = -out.logpdf(value)
        elif out and into:
            found[a, i] = into.logpdf(value) - out.logpdf(value)
    return found


def _normals(sides, variance):
    """About the median, with the deviation of the side's own scores, or of all residuals, less one a side."""
    squares = sum((value - np.mean(side)) ** 2 for side in sides for value in side)
    free = sum(len(side) - 1 for side in sides if side)
    if variance == "fixed":
        return [norm(np.median(side), max(sqrt(squares / free), 1e-6)) if side and free else None for side in sides]
    return [norm(np.median(side), np.std(side)) if len(set(side)) > 1 else None for side in sides]


def _students(sides, _):
    """The prediction of one more score, with an inverse gamma prior of the variance by Smyth, 2004, section 6.2."""
    free = [len(side) - 1 for side in sides if len(set(side)) > 1]
    variances = [np.var(side, ddof=1) for side in sides if len(set(side)) > 1]
    if not free:  # nothing varies
        return [student(1000, np.mean(side), 1e-6) if side else None for side in sides]
    e = [log(s) - digamma(d / 2) + log(d / 2) for s, d in zip(variances, free, strict=True)]
    excess = np.var(e, ddof=1) - np.mean([polygamma(1, d / 2) for d in free]) if len(free) > 1 else 0
    prior = 1000.0
    if excess > polygamma(1, 500):
        prior = 2 * brentq(lambda x: polygamma(1, x) - excess, 1e-3, 501)
    centre = exp(np.mean(e) + digamma(prior / 2) - log(prior / 2))
    found = []
    for side in sides:
        k, squares = len(side), sum((value - np.mean(side)) ** 2 for value in side) if len(set(side)) > 1 else 0.0
        whole = prior + k - 1
        found.append(
            student(whole, np.mean(side), sqrt((prior * centre + squares) / whole * (1 + 1 / k))) if k else None
        )
    return found


def dominated(masks, log_odds, target, population, population_target, gamma, offline):
    """RMIA as the paper has it: the share of z for which (p(x|target) / p(x)) / (p(z|target) / p(z)) >= gamma."""

    def p(value):
        return 1 / (1 + exp(-float(value)))

    found = np.full(target.shape, np.nan)
    for a, i in np.ndindex(*target.shape):
        saw = [p(log_odds[t, i]) for t in range(len(masks)) if masks[t, i]]
        other = [p(log_odds[t, i]) for t in range(len(masks)) if not masks[t, i]]
        if not other or (offline is None and not saw):
            continue
        p_x = (
            (np.mean(saw) + np.mean(other)) / 2
            if offline is None
            else ((1 + offline) * np.mean(other) + 1 - offline) / 2
        )
        won = 0
        for z in range(population.shape[1]):
            p_z = np.mean([p(population[t, z]) for t in range(len(masks))])
            p_z = p_z if offline is None else ((1 + offline) * p_z + 1 - offline) / 2
            won += p(target[a, i]) / p_x / (p(population_target[a, z]) / p_z) >= gamma
        found[a, i] = won / population.shape[1]
    return found


def curve(scores, members):
    """Rates of true and false positives from the highest threshold down, and how often a member scores higher."""
    inside, outside = ([float(s) for s, m in zip(scores, members, strict=True) if m == side] for side in (True, False))
    levels = [np.inf, *sorted({*inside, *outside}, reverse=True)]
    false = [sum(score >= level for score in outside) / len(outside) for level in levels]
    true = [sum(score >= level for score in inside) / len(inside) for level in levels]
    wins = [(one > other) + (one == other) / 2 for one in inside for other in outside]
    best = max((one + 1 - other) / 2 for one, other in zip(true, false, strict=True))
    return {"auc": np.mean(wins), "balanced_accuracy": best, "false_positives": false, "true_positives": true}


def chosen_pairs(infl, mem):
    """Influence where it is 0.15 or more and the training example's memorization 0.25 or more; NaN elsewhere."""
    value = np.full(infl.shape, np.nan)
    for i, j in np.ndindex(*infl.shape):
        if infl[i, j] >= 0.15 and mem[i] >= 0.25:
            value[i, j] = infl[i, j]
    return value


def counts(chosen):
    """How many pairs, training examples, test examples, and test examples in one pair only."""
    pairs = [(int(i), int(j)) for i, j in np.argwhere(chosen)]
    tests = [j for _, j in pairs]
    return [len(pairs), len({i for i, _ in pairs}), len(set(tests)), sum(tests.count(j) == 1 for j in set(tests))]


def by_chance(stderr, mem):
    """Sum of the chances that a normal error reaches 0.15, over the pairs of memorized examples."""
    chances = [
        (1 - erf(0.15 / stderr[i, j] / sqrt(2))) / 2
        for i, j in np.ndindex(*stderr.shape)
        if mem[i] >= 0.25 and np.isfinite(stderr[i, j])
    ]
    return sum(chances)


def upper_tails(masks, correct):
    """For each (i, j): of all ways to choose the models that saw i, the share with as many or more right about j."""
    value = np.ones((masks.shape[1], correct.shape[1]))
    for i, j in np.ndindex(*value.shape):
        num_in, right = int(masks[:, i].sum()), int(correct[:, j].sum())
        least = sum(bool(one) and bool(other) for one, other in zip(masks[:, i], correct[:, j], strict=True))
        ways = [comb(right, k) * comb(len(masks) - right, num_in - k) for k in range(least, min(right, num_in) + 1)]
        value[i, j] = sum(ways) / comb(len(masks), num_in)
    return value


def false_shares(p_values, num_candidates):
    """For each p-value: the least of p * candidates / (number of p-values up to p) over those that are no smaller."""
    flat = [float(p) for p in np.ravel(p_values)]
    shares = [min(1.0, p * num_candidates / sum(q <= p for q in flat)) for p in flat]
    least = [min(share for p, share in zip(flat, shares, strict=True) if p >= own) for own in flat]
    return np.reshape(least, np.shape(p_values))


def strongest(infl, count):
    """The `count` largest and smallest of each row."""
    rows = [sorted(map(float, row)) for row in infl]
    return {"helped_infl": [row[::-1][:count] for row in rows], "hurt_infl": [row[:count] for row in rows]}
