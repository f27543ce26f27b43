"""A run's influence with gradients as a prior: from its own networks, and from those of another run."""

import numpy as np
import pytest

import memjax
from memjax.errors import InputError
from memjax.estimators import linear_datamodeling_score, memorization, prior_factors
from memjax.estimators.attribution.prior import gradient_kernels, influence_with_prior

pytestmark = pytest.mark.ci

SIZE = {
    "per_class": 8, "test_per_class": 3, "model": "linear", "epochs": 5, "progress": False, "estimate": False,
    "keep": ["correct", "probability", "margin", "parameters"], "subset_fraction": 0.5,
}  # fmt: skip
ROWS = [5, 2, 11]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("prior")


@pytest.fixture(scope="module")
def run(folders):
    return memjax.fit("digits", run=folders / "run", num_models=24, score="margin", **SIZE)


@pytest.fixture(scope="module")
def full(folders):
    return memjax.fit("digits", run=folders / "full", num_models=2, seed=7, **SIZE | {"design": "everything"})


def kernels_of(result, ids, data):
    models, test = result.models, (data.test_inputs[ROWS], data.test_labels[ROWS])
    train = models.scaled(data.train_inputs), data.train_labels
    return gradient_kernels(
        models.network, *models.parameters(ids), *train, models.scaled(test[0]), test[1], "margin"
    )  # fmt: skip


def by_hand(run, kernels):
    data, seen = run.dataset, run.outcomes
    mem = np.asarray(memorization(seen.masks, seen.train["probability"]).value)
    factors = prior_factors(
        data.train_inputs, data.train_labels, data.test_inputs[ROWS], data.test_labels[ROWS], mem
    )  # fmt: skip
    margins = seen.test["margin"][:, ROWS].astype(np.float32)
    return influence_with_prior(
        seen.masks, margins, kernels, train_probabilities=seen.train["probability"], factors=factors
    )  # fmt: skip


def test_it_is_the_estimator_with_the_kernels_of_the_other_run(run, full):
    wanted = by_hand(run, kernels_of(full, None, run.dataset))

    found = run.influence_with_prior(ROWS, full)

    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-5)
    np.testing.assert_array_equal(run.influence_on(ROWS, prior=full).value, found.estimate.value)
    assert found.weights.shape == (80, 3)
    assert not np.allclose(found.estimate.value, run.influence_on(ROWS).value)


def test_its_own_networks_are_in_the_fold_of_their_model(run):
    numbers = np.arange(24)
    parts = [kernels_of(run, numbers[numbers % 4 == fold][:4], run.dataset) for fold in range(4)]

    found, wanted = run.influence_with_prior(ROWS), by_hand(run, parts)

    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-5)
    np.testing.assert_allclose(found.estimate.stderr, wanted.estimate.stderr, rtol=1e-4)


@pytest.mark.slow
def test_weights_predict_other_models_better_than_the_influence_without_gradients(run, folders):
    judges = memjax.fit("digits", run=folders / "judges", num_models=400, seed=5, **SIZE).outcomes
    rows = np.arange(run.dataset.num_test)

    with_prior, plain = run.influence_with_prior(rows).weights, np.asarray(run.influence_on(rows).value)

    scores = [
        linear_datamodeling_score(each, judges.masks, judges.test["margin"], fitted_masks=run.outcomes.masks)
        for each in (with_prior, plain)
    ]
    assert scores[0].low > scores[1].high


def test_what_cannot_be_is_refused(run, folders):
    plain = SIZE | {"num_models": 5, "keep": ["correct"]}
    without = memjax.fit("digits", run=folders / "without", **plain)
    other = memjax.fit("digits", run=folders / "other", num_models=24, score="margin", label_noise=0.2, **SIZE)

    with pytest.raises(InputError, match="without kept no parameters; train in another --run with --keep"):
        without.influence_with_prior(ROWS)
    with pytest.raises(InputError, match="other has other examples; give a run of the same"):
        run.influence_on(ROWS, prior=other)
    with pytest.raises(InputError, match="prior is 'gradient'; expected 'gradients' or the result of another run"):
        run.influence_on(ROWS, prior="gradient")
