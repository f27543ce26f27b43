"""Worlds in which claims about training are false by construction, for `test_negative_controls`."""

from itertools import product

import numpy as np

from experiments.arpit import (
    capacity,
    critical_samples,
    datasets,
    depth,
    easy_and_hard,
    loss_sensitivity,
    optimizers,
    speed,
    time_to_convergence,
)
from experiments.common.networks import KINDS
from experiments.common.stopping import stopped_early
from memjax import dynamics


def draws_of(rng, score, wrong_later, draws=4, examples=150):
    """What optimisers did, if each has the order `score(common)` of the examples, and halves differ at random."""
    common = rng.normal(size=(draws, examples))

    def half(draw):
        return score(common[draw]) + 0.7 * rng.normal(size=(2, examples))

    return {
        name: [optimizers.Draw(half(n), half(n), wrong_later + 0.02 * rng.normal(), 0.9, 1.0) for n in range(draws)]
        for name in product(optimizers.OPTIMIZERS, optimizers.BATCHES)
    }


def optimisers_with_orders_of_their_own(rng):
    found = draws_of(rng, lambda common: 0.0 * common, 0.5)
    for draws in found.values():
        for place, draw in enumerate(draws):
            own = rng.normal(size=draw.first.shape[1])
            draws[place] = draw._replace(first=draw.first + own, mem=draw.mem + own)
    verdicts = optimizers.verdicts_of(found)
    return verdicts[:9] + verdicts[10:]  # the tenth says that they have orders of their own


def optimisers_that_are_the_same(rng):
    return optimizers.verdicts_of(draws_of(rng, lambda common: common, 0.5))[9:10]


def no_order_at_all(rng):
    return optimizers.verdicts_of(draws_of(rng, lambda common: 0.0 * common, 0.5))


def optimisers_that_agree_as_far_as_the_bound(rng):
    """Each order is the common one and one of its own, which correlate by .9; reliabilities are .6 to .8, as kept."""
    bound, examples, draws = optimizers.ALIKE, 500, 5
    common = rng.normal(size=(draws, examples))
    found = {}
    for number, name in enumerate(product(optimizers.OPTIMIZERS, optimizers.BATCHES)):
        noise = (0.5, 0.65, 0.8)[number % 3]
        orders = bound**0.5 * common + (1 - bound) ** 0.5 * rng.normal(size=(draws, examples))
        halves = orders[:, None] + noise * rng.normal(size=(draws, 2, examples))
        found[name] = [optimizers.Draw(half, half, 0.5, 0.9, 1.0) for half in halves]
    verdicts = optimizers.verdicts_of(found)
    return [verdicts[8], *verdicts[10:]]


def networks_of_unequal_quality(rng):
    """Examples are equally hard, but networks are wrong more or less often: the null is Poisson-binomial."""
    chances = rng.uniform(0.1, 0.9, (50, 1))
    spread = {kind: dynamics.dispersion(rng.random((50, 300)) < chances) for kind in easy_and_hard.KINDS}
    uneven = rng.random((50, 300)) < 0.5 + 0.032 * rng.choice([-1, 1], 300)  # a variance of 1.2 times the null's
    classes = rng.integers(0, 3, 300)
    harder_class = rng.random((50, 300)) < chances * np.array([0.6, 0.8, 1.0])[classes]
    wrong = {"real": uneven, "random inputs": uneven, "random labels": harder_class}
    inside = {kind: easy_and_hard.ratio_in_classes(values, classes) for kind, values in wrong.items()}
    verdicts = easy_and_hard.verdicts_of(spread, inside)
    return [verdicts[0], *verdicts[2:]]  # the second has a world of its own: it divides by the excess, 0 here


def random_inputs_keep_a_tenth(rng):
    """Of the variance beyond the binomial, in the numbers of the quick form: exactly nine tenths are lost."""
    spread = {}
    for kind, beyond in zip(easy_and_hard.KINDS, (0.4, 0.04, 0.4), strict=True):  # the variance over its most
        often = rng.beta(0.3 * (1 / beyond - 1), 0.7 * (1 / beyond - 1), 1400)
        spread[kind] = dynamics.dispersion(rng.random((100, 1400)) < often)
    inside = dict.fromkeys(easy_and_hard.KINDS, easy_and_hard.Interval(1.2, 1.1, 1.3, 1400))
    return easy_and_hard.verdicts_of(spread, inside)[1:2]


def depth_does_not_matter(rng):
    forms = [depth.Form(1), depth.Form(4), depth.Form(4, True)]
    needed = {form: np.exp(3 + 0.1 * rng.normal(size=6)) for form in forms}
    accuracy = {form: 0.9 - 0.01 * (form.depth > 1) + 0.01 * rng.normal(size=6) for form in forms}
    return depth.verdicts_of(needed, dict.fromkeys(forms, 1.0), accuracy)


def some_deep_networks_never_get_there(rng):
    """Seven deep networks of eight are faster, and one so slow that in the mean deep ones are, which the end hides."""
    forms, last = [depth.Form(1), depth.Form(4), depth.Form(4, True)], 60
    epochs = {form: np.full(8, 46.0 if form.depth == 1 else 30.0) * np.exp(0.05 * rng.normal(size=8)) for form in forms}
    for form in forms[1:]:
        epochs[form][0] = 3000
    needed = {form: np.minimum(times, last) for form, times in epochs.items()}
    there = {form: (times < last).mean() for form, times in epochs.items()}
    return depth.verdicts_of(needed, there, {form: rng.normal(size=8) for form in forms})[::2][:2]


def networks_on_real_data_never_get_there(rng, last=150):
    """One of two needs 900 epochs and the other 90, where noise needs 140: slower, which the end hides.

    So it is with little noise too.
    """

    def of(*epochs):  # of the two networks of each of five draws, (draws, 3 shares)
        each = np.array(epochs)[:, None, None] * np.exp(0.02 * rng.normal(size=(2, 5, 3)))
        times, there = np.exp(np.log(np.minimum(each, last)).mean(0)), (each < last).mean(0)
        return speed.Speed({"epochs": times, "there": there})

    kinds = ("random labels", "random inputs")
    parts = {("SGD", kind): [of(10, 10), of(90, 900), of(140, 140), of(140, 140)] for kind in kinds}
    mixed = {name: speed.Speed({what: np.stack([one[what] for one in each], 1) for what in ("epochs", "there")})
             for name, each in parts.items()}  # fmt: skip
    whole = {"SGD": {"real": of(90, 900), **{kind: of(140, 140) for kind in kinds}}}
    return speed.verdicts_of(whole) + speed.verdicts_of_parts((0.0, 0.3, 0.6, 1.0), mixed)


def noise_needs_no_capacity(rng):
    levels = [("real", 0.0), ("random inputs", 0.5), ("random labels", 0.5)]
    return capacity.verdicts_of({level: rng.normal(size=(6, 4)) for level in levels}, (2, 8, 64, 256))


def noise_lowers_accuracy_alike_at_each_width(rng):
    """By a factor; networks vary as much with noise as without."""
    widths = (2, 8, 64, 256)
    shape = 1 - np.exp(-np.array(widths) / 4)
    levels = {("real", 0.0): 0.9, ("random inputs", 0.5): 0.8, ("random labels", 0.5): 0.7}
    return capacity.verdicts_of(
        {key: best * shape + 0.02 * rng.normal(size=(6, 4)) for key, best in levels.items()}, widths
    )


def noise_slows_down_as_real_data_do(rng):
    """Of each width some networks are there by the end and others are not, which chance decides."""

    def epochs():
        times = {kind: np.exp(4.8 + 0.25 * rng.normal(size=(6, 3))) for kind in time_to_convergence.LEVELS}
        return {kind: np.where(values < 200, values, np.nan) for kind, values in times.items()}

    return time_to_convergence.verdicts_of(epochs(), epochs(), 200, (16, 64, 256), (15, 30, 60), 1.0)


def all_slow_down_beyond_the_last_epoch(rng):
    """Real data are slower than noise, everywhere by as much; with few units or many examples no one is there."""

    def epochs(*points):
        slower = {kind: 1.3 if kind == "real" else 1.0 for kind in time_to_convergence.LEVELS}
        times = {kind: slow * np.exp(0.05 * rng.normal(size=(6, 3))) * points for kind, slow in slower.items()}
        return {kind: np.where(values < 200, values, np.nan) for kind, values in times.items()}

    wide, large = epochs(400, 300, 15), epochs(15, 200, 400)
    return time_to_convergence.verdicts_of(wide, large, 200, (16, 64, 256), (15, 30, 60), 1.0)


def data_sets_all_alike(rng):
    alike = datasets.verdicts_of("a", "b", *({name: rng.normal(size=8) for name in "ab"} for _ in range(2)))
    fitted = {(name, kind): rng.normal(size=(8, 1)) + 0.1 * rng.normal(size=(8, 5)) for name in "ab" for kind in KINDS}
    return alike + datasets.slower(fitted)


def boundaries_as_near_on_real_data(rng):
    whats = [critical_samples.csr(radius) for radius in critical_samples.USUAL] + ["norm"]
    curves = [{what: np.exp(0.1 * rng.normal(size=(6, 5))) for what in whats} for _ in range(4)]
    still = rng.random((6, 5, 80)) < 0.6
    stopped = stopped_early(still, rng.random((6, 80)) < 0.7, np.ones(80, bool), 0)
    whole = dict(zip(critical_samples.KINDS, curves, strict=False))
    return critical_samples.verdicts_of(whole, curves[3], stopped, 0.8)


def sensitivities_all_alike(rng):
    kinds = ("real", "random inputs")
    gini = {key: rng.normal(size=8) for key in product(kinds, loss_sensitivity.CLASSES)}
    diagonal, spread = ({kind: 1 + rng.normal(size=8) for kind in kinds} for _ in range(2))
    return loss_sensitivity.verdicts_of(gini, diagonal, spread)


WORLDS = {
    optimisers_with_orders_of_their_own: 60,
    optimisers_that_are_the_same: 60,
    no_order_at_all: 60,
    optimisers_that_agree_as_far_as_the_bound: 60,
    networks_of_unequal_quality: 150,
    random_inputs_keep_a_tenth: 100,
    depth_does_not_matter: 150,
    some_deep_networks_never_get_there: 150,
    networks_on_real_data_never_get_there: 60,
    noise_needs_no_capacity: 150,
    noise_lowers_accuracy_alike_at_each_width: 150,
    noise_slows_down_as_real_data_do: 150,
    all_slow_down_beyond_the_last_epoch: 60,
    data_sets_all_alike: 150,
    boundaries_as_near_on_real_data: 60,
    sensitivities_all_alike: 150,
}
