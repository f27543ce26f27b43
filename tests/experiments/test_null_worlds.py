"""Whole experiments on models that are made up, in which no test example depends on the training set.

The controls in `test_negative_controls.py` run the functions that make verdicts.  Here what comes before them runs too:
estimates, the choice of examples and pairs, near-duplicates, clusters and removal.
"""

from functools import partial

import numpy as np
import pytest
from scipy.stats import binom

from experiments.feldman_zhang import critics, influence_pairs, marginal_utility, memorization_values, pair_removal
from memjax import training
from memjax.training.many import Pack
from memjax.types import TrainOutput
from tests.experiments.test_negative_controls import LEVEL


def made_up(world: int, by_heart: bool, single, seed, draw_masks, examples, blocks, pack_size, **options):
    """Stands for `train_many`: an example is right at random, the more often the easier it is.

    Of half of the test examples the initial weights alone decide.

    Args:
      world: the seed of all of it.
      by_heart: whether models are right on all that they trained on; else these are to them as any other example.
    """
    rng = np.random.default_rng(world)
    sizes = len(examples.train_labels), len(examples.test_labels)
    ease = [rng.beta(1.0, 0.5, size) for size in sizes]
    for block in blocks:
        ids = block * pack_size + np.arange(pack_size)
        masks = draw_masks(ids)
        chance = np.random.default_rng([world, block, *np.packbits(masks)])  # other subsets, other chance
        train, test = (chance.random((len(ids), size)) for size in sizes)
        for row, model in enumerate(ids):
            same = np.random.default_rng([world, seed, model])  # half of the test examples go by the initial weights
            test[row] = np.where(same.random(sizes[1]) < 0.5, same.random(sizes[1]), test[row])
        right = [(train < ease[0]) | (masks & by_heart), test < ease[1]]
        sides = [{"correct": side, "probability": side.astype(np.float16)} for side in right]
        yield Pack(block, ids, masks, TrainOutput(*sides, np.ones(len(ids), bool), None))


def is_supported(module, world: int, by_heart: bool, monkeypatch, folder) -> list[bool]:
    """Each verdict of an experiment in one such world."""
    monkeypatch.setattr(training, "train_many", partial(made_up, world, by_heart))
    monkeypatch.setattr(module, "draw", lambda *args: None)
    found = module.run(module.Settings(size="smoke", folder=folder / str(world), models=64, retrainings=6))
    return [verdict.word == "supported" for verdict in found.verdicts]


FEW, MANY = 3, 40  # what is always supported is supported more often than `most` in either


@pytest.mark.parametrize(
    ("module", "by_heart", "times"),
    [
        *(
            (module, module is not memorization_values, FEW)
            for module in (memorization_values, influence_pairs, pair_removal)
        ),
        *(
            pytest.param(module, module is not memorization_values, MANY, marks=pytest.mark.slow)
            for module in (memorization_values, influence_pairs, pair_removal, marginal_utility, critics)
        ),
    ],
)
def test_an_experiment_seldom_supports_what_is_false(module, by_heart, times, monkeypatch, tmp_path):
    found = np.sum([is_supported(module, world, by_heart, monkeypatch, tmp_path) for world in range(times)], axis=0)

    most = binom.ppf(1 - 1e-3 / len(found), times, LEVEL)
    assert (found <= most).all(), found / times


def test_a_claim_that_is_true_is_supported(monkeypatch, tmp_path):
    assert is_supported(memorization_values, 0, True, monkeypatch, tmp_path)[0]
