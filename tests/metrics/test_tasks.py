"""Tasks: what a network is trained for."""

import jax
import numpy as np
import optax

from memjax import Task, metrics, training
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
