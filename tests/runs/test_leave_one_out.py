"""The estimate from random subsets against the definition: train with everything, then without one example."""

import numpy as np
import optax
import pytest

import memjax
from memjax import subsets
from memjax.config.specs import ModelSpec
from memjax.metrics import CLASSIFICATION
from memjax.training import examples_of, make_train, train_many
from tests.conftest import make_dataset

TRAIN = 15
DATA = make_dataset(num_train=TRAIN, num_test=6, shape=(2,), seed=4)


def outcomes(draw_masks, num_models, seed):
    """Masks and correctness of models with the given subsets."""
    network = memjax.make_model(ModelSpec("mlp:8"), DATA.input_shape, DATA.num_classes)
    single = make_train(network, optax.adam(0.05), CLASSIFICATION.functions(("correct",)), TRAIN, 20, 8)
    pack = 250
    packs = list(train_many(single, seed, draw_masks, examples_of(DATA), range(num_models // pack), pack))
    return tuple(
        np.concatenate(arrays)
        for arrays in zip(
            *[(pack.masks, pack.output.train["correct"], pack.output.test["correct"]) for pack in packs], strict=True
        )
    )


@pytest.fixture(scope="module")
def truth():
    """Rates of being right with all examples, and with example i left out; and their variances."""
    everything = outcomes(lambda ids: np.ones((len(ids), TRAIN), bool), 500, seed=1)
    without = outcomes(subsets.leave_one_out(TRAIN).masks, 3000, seed=2)
    rate_with = everything[1].mean(0), everything[2].mean(0)
    rate_without = (
        np.array([without[1][~without[0][:, i], i].mean() for i in range(TRAIN)]),
        np.array([without[2][~without[0][:, i]].mean(0) for i in range(TRAIN)]),
    )
    per_example = 3000 / TRAIN
    variance = [
        (w * (1 - w) + 1e-3) / 500 + (o * (1 - o) + 1e-3) / per_example
        for w, o in zip(rate_with, rate_without, strict=True)
    ]
    return [w - o for w, o in zip(rate_with, rate_without, strict=True)], variance


@pytest.fixture(scope="module")
def estimated():
    """Random subsets of all but one: `in` models lack one other example, which the definition does not."""
    masks, correct, correct_test = outcomes(subsets.balanced(3, TRAIN, TRAIN - 1).masks, 3000, seed=3)
    return memjax.memorization(masks, correct), memjax.influence(masks, correct_test)


@pytest.mark.ci
def test_memorization_agrees_within_its_error(truth, estimated):
    value, error = np.asarray(estimated[0].value), np.asarray(estimated[0].stderr)
    expected, variance = truth[0][0], truth[1][0]

    assert expected.max() > 0.2  # there is something to agree on
    allowed = 4 * np.sqrt(error**2 + variance) + expected.max() / TRAIN  # and the one example that `in` models lack
    assert (np.abs(value - expected) < allowed).all()


def test_influence_agrees_within_its_error(truth, estimated):
    value, error = np.asarray(estimated[1].value), np.asarray(estimated[1].stderr)
    expected, variance = truth[0][1], truth[1][1]

    allowed = 4.5 * np.sqrt(error**2 + variance) + np.abs(expected).max() / TRAIN
    assert (np.abs(value - expected) < allowed).all()
    assert np.corrcoef(value.ravel(), expected.ravel())[0, 1] > 0.9


def test_it_would_notice_a_wrong_sign(truth, estimated):
    value, error = np.asarray(estimated[0].value), np.asarray(estimated[0].stderr)

    allowed = 4 * np.sqrt(error**2 + truth[1][0]) + truth[0][0].max() / TRAIN
    assert not (np.abs(-value - truth[0][0]) < allowed).all()
