"""Tasks: what a network is trained for."""

import jax
import numpy as np
import optax
import pytest
from scipy import stats

from memjax import Task, metrics, training
from memjax.errors import InputError
from memjax.types import Dataset, Model


def digits_like(num_train: int = 20, num_test: int = 6) -> Dataset:
    rng = np.random.default_rng(0)
    sizes = num_train, num_test
    inputs = [rng.normal(size=(size, 3)).astype(np.float32) for size in sizes]
    labels = [np.arange(size, dtype=np.int32) % 3 for size in sizes]
    rows = [np.arange(size) for size in sizes]
    return Dataset(
        "made", inputs[0], labels[0], inputs[1], labels[1], rows[0], rows[1], ("a", "b", "c"), np.zeros(num_train, bool)
    )


def linear(num_outputs: int) -> Model:
    def init(key):
        return {"weights": jax.random.normal(key, (3, num_outputs))}, {}

    return Model(init, lambda params, state, inputs, key, train: (inputs @ params["weights"], state))


def trained(task: Task, dataset: Dataset, keep: tuple[str, ...], num_outputs: int) -> dict:
    """What is stored of one model."""
    single = training.make_train(
        linear(num_outputs), optax.adam(0.1), task.functions(keep), 10, num_epochs=3, batch_size=4, task=task
    )
    mask = jax.numpy.arange(dataset.num_train) % 2 == 0
    output = jax.jit(single)(jax.random.key(1), mask, training.examples_of(dataset))
    return jax.tree.map(np.asarray, {"train": output.train, "test": output.test, "classes": output.classes})


def test_classification_as_a_task_of_ones_own_gives_the_bytes_of_the_built_in_one():
    own = Task(
        loss=optax.softmax_cross_entropy_with_integer_labels,
        scores=[metrics.METRICS["correct"], metrics.METRICS["log_odds"]],
        targets="classes",
        expected=jax.nn.softmax,
    )

    found = [trained(task, digits_like(), ("correct", "log_odds"), 3) for task in (metrics.CLASSIFICATION, own)]

    assert jax.tree.structure(found[0]) == jax.tree.structure(found[1])
    for built_in, others in zip(*map(jax.tree.leaves, found), strict=True):
        assert built_in.tobytes() == others.tobytes()


LOGITS = np.random.default_rng(1).normal(size=(6, 1)).astype(np.float32)


def scores_of(name: str, outputs, targets) -> dict[str, np.ndarray]:
    task = metrics.task_named(name)
    return {each: np.asarray(row.function(outputs, targets)) for each, row in task.table.items()}


def test_binary_is_the_classification_of_two_classes_by_one_logit():
    labels = np.array([0, 1, 0, 1, 0, 1])
    p = 1 / (1 + np.exp(-LOGITS[:, 0].astype(np.float64)))
    given = np.where(labels == 1, p, 1 - p)

    found = scores_of("binary", LOGITS, labels)

    np.testing.assert_array_equal(found["correct"], given > 0.5)
    np.testing.assert_allclose(found["probability"], given, rtol=1e-5)
    np.testing.assert_allclose(found["log_odds"], np.log(given / (1 - given)), rtol=1e-4)
    np.testing.assert_allclose(metrics.task_named("binary").loss(LOGITS, labels), -np.log(given), rtol=1e-5)
    np.testing.assert_allclose(metrics.task_named("binary").expected(LOGITS), np.stack([1 - p, p], 1), rtol=1e-5)


def test_scores_of_regression_by_hand():
    found = scores_of("regression", np.array([[1.0], [0.0]]), np.array([3.0, 0.5]))

    np.testing.assert_allclose(found["minus_squared_error"], [-4, -0.25])
    np.testing.assert_allclose(found["log_likelihood"], stats.norm.logpdf([3.0, 0.5], [1, 0], 1), rtol=1e-6)
    two = scores_of("regression", np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]]))
    np.testing.assert_allclose(two["squared_error"], [(4 + 0) / 2])


def test_log_likelihoods_of_counts_and_labels_are_those_of_scipy():
    outputs, counts = np.array([[0.3], [-1.2], [2.0]]), np.array([0.0, 1.0, 9.0])
    labels, logits = np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]), np.array([[2.0, -1.0, -0.5], [1.0, -3.0, 4.0]])
    p = 1 / (1 + np.exp(-logits))

    poisson, several = scores_of("counts", outputs, counts), scores_of("multi_label", logits, labels)

    expected = stats.poisson.logpmf(counts, np.exp(outputs[:, 0]))
    np.testing.assert_allclose(poisson["log_likelihood"], expected, rtol=1e-5)
    np.testing.assert_allclose(several["log_likelihood"], stats.bernoulli.logpmf(labels, p).mean(1), rtol=1e-5)
    np.testing.assert_array_equal(several["right_labels"], [[1, 1, 0], [0, 1, 1]])
    np.testing.assert_allclose(several["label_accuracy"], [2 / 3, 2 / 3])
    assert several["exact_match"].tolist() == [False, False]


@pytest.mark.parametrize("name", metrics.BUILT_IN)
def test_range_and_orientation_of_each_score_of_each_task(name):
    """A better prediction: the loss falls along its gradient, so each score that says so rises."""
    rng = np.random.default_rng(2)
    kind = metrics.task_named(name).targets
    targets = rng.integers(0, 2, 50 if kind == "classes" else (50, 3))
    targets = targets.astype(np.float32) if kind == "numbers" else targets
    shape = {"classification": (2,), "binary": (1,), "tokens": (3, 2)}.get(name, (3,))
    outputs = jax.numpy.asarray(rng.normal(size=(50, *shape)) * 2, jax.numpy.float32)
    task = metrics.task_named(name)

    step = jax.grad(lambda outputs: task.loss(outputs, targets).sum())(outputs)
    for row in task.table.values():
        before, after = (np.asarray(row.function(each, targets), float) for each in (outputs, outputs - 1e-2 * step))
        assert row.range[0] <= before.min()
        assert before.max() <= row.range[1]
        if not row.per_class and row.name != "error_norm":  # whose gradient is another
            assert ((after - before) * (1 if row.higher_is_better else -1)).min() >= -1e-5


def test_a_task_without_a_score_and_a_score_of_a_known_name_with_another_range_are_refused():
    with pytest.raises(InputError, match="needs a score"):
        Task(loss=np.subtract, scores={})
    with pytest.raises(InputError, match="correct from -inf to inf; memjax has one of this name from 0 to 1"):
        metrics.task_words(Task(loss=np.subtract, scores={"correct": np.subtract}))
    with pytest.raises(InputError, match="did you mean regression"):
        metrics.task_named("regresion")
    with pytest.raises(InputError, match="is a module; expected"):
        metrics.task_named("memjax:metrics")
