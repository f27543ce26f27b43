"""Batch normalisation and the examples that a model must not have seen."""

import jax
import numpy as np
import optax
import pytest

from memjax.config.specs import ModelSpec
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.training import examples_of, make_train
from tests.conftest import make_dataset


@pytest.mark.parametrize("model", ["cnn:4", pytest.param("alexnet:0.02", marks=pytest.mark.slow)])
def test_held_out_examples_leave_no_trace_in_batch_statistics(model):
    """With garbage in their place, inputs and labels, every answer about the others is the same to the last bit.

    What scales the inputs stays as it was: it is taken of all examples, before there is any training.
    """
    dataset = make_dataset(num_train=30, num_test=10, shape=(11, 11))
    mask = np.arange(30) % 3 != 0
    network = make_model(ModelSpec(model, norm="batch"), dataset.input_shape, dataset.num_classes)
    train = jax.jit(make_train(network, optax.adam(0.02), CLASSIFICATION.functions(("logits",)), int(mask.sum()), 3, 8))
    examples = examples_of(dataset)

    def logits(changed):
        inputs, labels = np.array(examples.train_inputs), np.array(examples.train_labels)
        inputs[changed], labels[changed] = 1e6, (labels[changed] + 1) % 3
        output = train(jax.random.key(3), mask, examples._replace(train_inputs=inputs, train_labels=labels))
        return np.asarray(output.train["logits"])[mask], np.asarray(output.test["logits"])

    clean, held_out, held_in = logits([]), logits(~mask), logits([1])

    np.testing.assert_array_equal(held_out[0], clean[0])
    np.testing.assert_array_equal(held_out[1], clean[1])
    assert (held_in[1] != clean[1]).any()  # the comparison can fail
