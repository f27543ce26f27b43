"""A model is the same model alone, in a pack, on two devices, and through pmap or shard_map."""

import re

import jax
import numpy as np
import optax
import pytest

from memjax import prng, subsets
from memjax.config.specs import ModelSpec, TrainSpec
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.training import Training, examples_of, many, train_many
from memjax.training.batches import epoch_batches, members
from memjax.training.many import over_devices, replicate
from memjax.training.optimizer import make_optimizer
from memjax.training.programs import without_key_types
from tests.conftest import make_dataset

DATA = make_dataset()
DESIGN = subsets.fixed_size(0, 60, 42)
TRACES = []
EVERY_OPTIMIZER = (
    "adabelief", "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamaxw", "adamw", "adan", "amsgrad", "fromage",
    "lamb", "lars", "lion", "novograd", "optimistic_adam_v2", "optimistic_gradient_descent", "radam",
    "rmsprop", "sgd", "sign_sgd", "signum", "yogi",
)  # fmt: skip


class Traced(Training):
    """A training that notes each time jax traces it."""

    def advance(self, *arguments):
        TRACES.append(1)
        return super().advance(*arguments)


def make_single(epochs=10, model="mlp:16"):
    network = make_model(ModelSpec(model), DATA.input_shape, DATA.num_classes)
    keep = CLASSIFICATION.functions(("correct", "probability", "logits"))
    return Traced(network, optax.adam(0.02), keep, DESIGN.max_size, epochs, 8)


def train(num_blocks, pack_size, num_devices, model="mlp:16"):
    """All models of the first blocks, stacked."""
    packs = list(
        train_many(
            make_single(model=model), 5, DESIGN.masks, examples_of(DATA), range(num_blocks), pack_size,
            jax.local_devices()[:num_devices],
        )
    )  # fmt: skip
    assert [pack.number for pack in packs] == list(range(num_blocks))
    stacked = jax.tree.map(lambda *leaves: np.concatenate(leaves), *[pack.output for pack in packs])
    return np.concatenate([pack.model_ids for pack in packs]), np.concatenate([pack.masks for pack in packs]), stacked


def test_there_are_two_devices():
    assert len(jax.local_devices()) == 2


@pytest.mark.parametrize("model", ["mlp:16", pytest.param("tests.models.zoo:Noisy", marks=pytest.mark.slow)])
def test_alone_in_a_pack_of_eight_and_on_two_devices(model):
    ids, masks, together = train(1, 8, 1, model)
    ids_two, masks_two, two_devices = train(2, 4, 2, model)
    alone = jax.jit(make_single(model=model))

    assert ids.tolist() == ids_two.tolist() == list(range(8))
    np.testing.assert_array_equal(masks, DESIGN.masks(np.arange(8)))
    np.testing.assert_array_equal(masks, masks_two)
    for model_id in range(8):
        key = jax.random.fold_in(prng.run_key(5), np.uint32(model_id))
        single = alone(key, masks[model_id], examples_of(DATA))
        for name in ("logits", "probability"):
            for output in (together, two_devices):
                np.testing.assert_allclose(single.test[name], output.test[name][model_id], atol=2e-4)
                np.testing.assert_allclose(single.train[name], output.train[name][model_id], atol=2e-4)


def test_packs_of_one_model():
    ids, masks, together = train(1, 4, 1)
    ids_one, masks_one, one_by_one = train(4, 1, 2)

    np.testing.assert_array_equal(ids, ids_one)
    np.testing.assert_array_equal(masks, masks_one)
    for name in ("logits", "probability"):
        np.testing.assert_allclose(together.test[name], one_by_one.test[name], atol=2e-4)
        np.testing.assert_allclose(together.train[name], one_by_one.train[name], atol=2e-4)


@pytest.mark.parametrize(("pack_size", "batched"), [(1, False), (2, True)])
def test_products_of_a_pack_of_one_have_no_model_axis(pack_size, batched):
    """XLA computes those that have one several times as slowly on a CPU."""
    devices = jax.local_devices()
    program = many.lower_any(make_single(), 5, replicate(examples_of(DATA), devices), pack_size, devices)

    for part in (program.advance.as_text(), program.finish.as_text()):
        products = re.findall(r"stablehlo\.dot_general.*", part)
        assert products
        assert any(" batching_dims" in product for product in products) == batched


def counted(optimizer, counting):
    """Models of a pack after two epochs by `counting`, as a function of what `start` gives."""
    network = make_model(ModelSpec("mlp:4", dropout=0.5), DATA.input_shape, DATA.num_classes)
    single = Training(network, optimizer, {}, DESIGN.max_size, 2, 8)
    advance = counting(single.advance, (0, 0, 0, None, None, None))
    keys = jax.random.split(jax.random.key(0), 3)
    masks = jax.numpy.asarray(DESIGN.masks(np.arange(3)))
    return lambda state: advance(keys, masks, state, examples_of(DATA), 1, 2), single.start, keys


def test_steps_that_are_counted_once_give_the_same_models():
    """From the second epoch, with a rate that falls, factors of Adam that depend on the step, and dropout."""
    rate = optax.schedules.cosine_decay_schedule(0.02, 12)
    after = []
    for counting in (jax.vmap, many._counting_once):
        go_on, start, keys = counted(optax.adam(rate), counting)
        state = jax.vmap(start)(keys)
        six = optax.tree.set(state.optimizer_state, count=np.full(3, 6, np.int32))
        state = state._replace(step=state.step + 6, optimizer_state=six)
        after.append(jax.jit(go_on)(state))

    assert after[1].step.tolist() == [12, 12, 12]
    assert jax.tree.map(np.shape, after[1]) == jax.tree.map(np.shape, after[0])
    for one, other in zip(*map(jax.tree.leaves, map(without_key_types, after)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("platform", "kind"), [("cpu", "tensor<3xf32>"), ("tpu", "tensor<f32>")])
def test_steps_are_counted_once_in_programs_for_tpus(platform, kind):
    """Adam's factors are powers, with the number of the step as exponent."""
    devices = jax.local_devices()
    text = many.lower_any(
        make_single(), 5, replicate(examples_of(DATA), devices), 3, devices, platform
    ).advance.as_text()

    assert set(re.findall(r"stablehlo\.power .*: (\S+)", text)) == {kind}


@pytest.mark.parametrize("name", EVERY_OPTIMIZER)
def test_the_steps_of_every_optimiser_are_counted_once(name):
    """jax refuses a counter that depends on the model."""
    go_on, start, keys = counted(make_optimizer(TrainSpec(optimizer=name, schedule="cosine"), 12), many._counting_once)
    state = jax.eval_shape(jax.vmap(start), keys)

    assert jax.eval_shape(go_on, state) == state


def test_probabilities_of_every_class_are_means_over_held_out_models():
    (pack,) = train_many(make_single(), 5, DESIGN.masks, examples_of(DATA), [0], 4, jax.local_devices()[:1])
    every = np.asarray(jax.nn.softmax(pack.output.train["logits"]))

    for example in range(DATA.num_train):
        out = ~pack.masks[:, example]
        expected = every[out, example].mean(0) if out.any() else np.full(every.shape[-1], np.nan)
        np.testing.assert_allclose(pack.output.classes[example], expected, rtol=1e-5)
    assert not pack.masks.all(0).all()


def test_the_order_of_batches_is_the_same_in_any_pack():
    masks = DESIGN.masks(np.arange(8))

    def order(model_id, mask):
        key = jax.random.fold_in(prng.run_key(5), model_id)
        rows, size = members(mask, DESIGN.max_size), mask.sum()
        return epoch_batches(jax.random.fold_in(jax.random.fold_in(key, prng.ORDER), 0), rows, size, 8)

    ids = np.arange(8, dtype=np.uint32)
    packed = np.asarray(jax.jit(jax.vmap(order))(ids, masks))
    alone = np.stack([jax.jit(order)(ids[i], masks[i]) for i in range(8)])
    on_devices = np.asarray(jax.pmap(jax.vmap(order))(ids.reshape(2, 4), masks.reshape(2, 4, -1)))

    np.testing.assert_array_equal(packed, alone)
    np.testing.assert_array_equal(packed, on_devices.reshape(packed.shape))


@pytest.mark.ci
def test_pmap_and_shard_map_are_one(monkeypatch):
    """That in the test, and that in memjax for where jax has several processes, of which this is taken for one."""
    devices = jax.local_devices()
    single = jax.vmap(make_single(), in_axes=(0, 0, None))
    keys = jax.vmap(lambda number: jax.random.fold_in(prng.run_key(5), number))(np.arange(8, dtype=np.uint32))
    masks = DESIGN.masks(np.arange(8))
    examples = replicate(examples_of(DATA), devices)
    mesh = jax.sharding.Mesh(np.array(devices), ("devices",))
    whole, parts = jax.P(), jax.P("devices")

    mapped = over_devices(single, devices)(keys.reshape(2, 4), masks.reshape(2, 4, -1), examples)
    sharded = jax.jit(
        jax.shard_map(single, mesh=mesh, in_specs=(parts, parts, whole), out_specs=parts, check_vma=False)
    )(keys, masks, examples)

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    of_several = over_devices(single, devices)(keys.reshape(2, 4), masks.reshape(2, 4, -1), examples)

    for one, two, other in zip(*map(jax.tree.leaves, (mapped, of_several, sharded)), strict=True):
        np.testing.assert_array_equal(np.asarray(one).reshape(other.shape), other)
        np.testing.assert_array_equal(one, two)


def test_one_trace_a_run_and_a_last_round_that_is_not_full():
    TRACES.clear()

    ids, _, output = train(5, 2, 2)  # rounds of 2, 2 and 1 blocks

    assert len(TRACES) == 1
    assert ids.tolist() == list(range(10))
    assert output.train["correct"].shape == (10, 60)


def test_blocks_out_of_order_are_the_same_blocks():
    _, _, all_blocks = train(4, 2, 2)
    packs = train_many(make_single(), 5, DESIGN.masks, examples_of(DATA), [3, 1], 2, jax.local_devices())

    for pack in packs:
        np.testing.assert_array_equal(
            pack.output.test["logits"], all_blocks.test["logits"][pack.number * 2 : pack.number * 2 + 2]
        )


def test_another_seed_is_another_model():
    first, second = (
        next(train_many(make_single(), seed, DESIGN.masks, examples_of(DATA), [0], 2)).output.test["logits"]
        for seed in (0, 1)
    )

    assert (first != second).any()
