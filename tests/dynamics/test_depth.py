"""Prediction depth: by hand, against loops in NumPy, and of digits whose labels are wrong."""

import jax
import numpy as np
import optax
import pytest

from memjax import dynamics
from memjax.config.specs import DataSpec, ModelSpec
from memjax.data import load_dataset
from memjax.errors import InputError
from memjax.models import layers_of, make_model
from memjax.training import examples_of, make_train


def column(*values):
    return np.array(values, np.float32)[:, None]


def test_by_hand():
    support = [column(0, 1, 10, 11), column(0, 1, 10, 11), column(0, 0, 1, 1)]
    labels = np.array([0, 0, 1, 1])
    queries = [column(0, 0, 11), column(1, 11, 11), column(1, 1, 1)]

    depth = dynamics.prediction_depth(support, labels, queries, np.array([1, 1, 1]), k=1)

    np.testing.assert_array_equal(depth, [2, 1, 0])


def test_undefined_where_the_last_probe_says_something_else():
    layers = [column(0, 1)] * 2

    depth = dynamics.prediction_depth(layers, np.array([0, 1]), layers, np.array([0, 0]), k=1)

    np.testing.assert_array_equal(depth, [0, np.nan])


def drawn(seed=0, support=50, queries=30):
    rng = np.random.default_rng(seed)
    sizes = (2, 2, 5, 5)
    known, asked = (
        [rng.normal(size=(count, size)).astype(np.float32) for size in sizes] for count in (support, queries)
    )
    own = np.where(rng.random(queries) < 0.5, rng.integers(0, support, queries), -1)
    for one, other in zip(known, asked, strict=True):
        other[own >= 0] = one[own[own >= 0]]
    return known, rng.integers(0, 3, support), asked, rng.integers(0, 3, queries), own


def by_loops(support, labels, queries, predictions, k, own):
    depths = []
    for query, prediction in enumerate(predictions):
        agrees = []
        for known, asked in zip(support, queries, strict=True):
            distance = ((known.astype(np.float64) - asked[query]) ** 2).sum(1)
            order = [row for row in np.argsort(distance, kind="stable") if row != own[query]]
            agrees.append(np.bincount(labels[order[:k]], minlength=3).argmax() == prediction)
        depth = len(agrees)
        while depth and agrees[depth - 1]:
            depth -= 1
        depths.append(depth if depth < len(agrees) else np.nan)
    return depths


@pytest.mark.parametrize(("k", "at_once"), [(1, 64), (5, 7), (30, 64)])
def test_as_loops_in_numpy(k, at_once):
    support, labels, queries, predictions, own = drawn()

    depth = dynamics.prediction_depth(support, labels, queries, predictions, k, own, at_once)

    np.testing.assert_array_equal(depth, by_loops(support, labels, queries, predictions, k, own))
    assert len(np.unique(depth[np.isfinite(depth)])) > 1


def test_neither_the_order_of_examples_nor_the_scale_of_a_layer_matters():
    support, labels, queries, predictions, own = drawn()
    order = np.random.default_rng(1).permutation(len(labels))
    place = np.argsort(order)
    moved = [layer[order] * scale for layer, scale in zip(support, (1, 8, 1, 0.25), strict=True)]
    asked = [layer * scale for layer, scale in zip(queries, (1, 8, 1, 0.25), strict=True)]

    depth = dynamics.prediction_depth(moved, labels[order], asked, predictions, 5, np.where(own < 0, -1, place[own]))

    np.testing.assert_array_equal(depth, dynamics.prediction_depth(support, labels, queries, predictions, 5, own))


def test_equally_near_neighbours_come_in_order_and_equal_votes_go_to_the_first_class():
    same, labels = [np.ones((4, 2))], np.array([2, 1, 0, 0])

    def depth_of(prediction, k):
        return dynamics.prediction_depth(same, labels, [np.ones((1, 2))], np.array([prediction]), k)[0]

    assert [depth_of(2, 1), depth_of(1, 2), depth_of(0, 3), depth_of(0, 4)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"k": 5}, "k is 5; give a number from 1 to 4"),
        ({"k": 4, "own": np.zeros(4, int)}, "k is 4; give a number from 1 to 3"),
        ({"k": 0}, "k is 0"),
        ({"queries": [np.zeros((4, 2))] * 2}, "support has 1 layers, queries 2"),
        ({"queries": [np.zeros((4, 3))]}, "equally many features"),
        ({"queries": [np.full((4, 2), np.nan)]}, "not finite"),
        ({"own": np.zeros(2, int)}, "own has shape"),
    ],
)
def test_what_does_not_fit_is_refused(changes, expected):
    layer, labels = [np.zeros((4, 2))], np.zeros(4, int)
    given = {"support": layer, "labels": labels, "queries": layer, "predictions": labels, "k": 1} | changes

    with pytest.raises(InputError, match=expected):
        dynamics.prediction_depth(**given)


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("linear", (6,), 2),
        ("mlp:8,4", (6,), 4),
        ("cnn:2,2", (8, 8), 4),
        pytest.param("resnet18:1", (8, 8), 11, marks=pytest.mark.slow),
        pytest.param("inception:0.02", (8, 8), 13, marks=pytest.mark.slow),
        pytest.param("densenet100:1", (8, 8), 5, marks=pytest.mark.slow),
        ("alexnet:0.02", (11, 11), 6),
    ],
)
def test_the_layers_of_the_built_in_networks(name, shape, expected):
    model = make_model(ModelSpec(name), shape, 3)

    def layers(inputs):
        return layers_of(model, *model.init(jax.random.key(0)), inputs)

    found = jax.eval_shape(layers, jax.ShapeDtypeStruct((5, *shape), np.float32))

    assert len(found) == expected
    assert (found[0].shape, found[-1].shape) == ((5, *shape), (5, 3))
    assert {len(layer.shape) >= 2 and layer.shape[0] for layer in found} == {5}


def test_wrong_labels_are_decided_on_later():
    """Of examples trained on: the inputs' neighbours still say the true class, the last layers the given one."""
    dataset = load_dataset(DataSpec(per_class=60, test_per_class=1, label_noise=0.1))
    model = make_model(ModelSpec("mlp:64,64"), dataset.input_shape, dataset.num_classes)
    training = make_train(model, optax.adam(0.003), {}, 540, 60, 64)
    mask, examples = np.arange(600) % 10 != 0, examples_of(dataset)
    key = jax.random.key(0)
    state = jax.jit(training.advance)(key, mask, training.start(key), examples, 0, 60)
    inputs = (examples.train_inputs - examples.mean) * examples.scale

    depth = dynamics.model_depths(model, state.params, state.model_state, inputs, dataset.train_labels, mask, k=10)
    wrong = dataset.corrupted
    known = mask & np.isfinite(depth)
    late, early = depth[known & wrong], depth[known & ~wrong]
    error = np.sqrt(late.var(ddof=1) / len(late) + early.var(ddof=1) / len(early))

    assert late.mean() - early.mean() > 4 * error
    assert dynamics.over_models(depth[None], mask[None]).num_in[mask].sum() == known.sum()
