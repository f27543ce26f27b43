"""A training that is stopped after any epoch and resumed from its checkpoint gives the same bits."""

import shutil
from functools import cache

import jax
import numpy as np
import optax
import pytest

from memjax import subsets
from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.metrics import CLASSIFICATION
from memjax.models import make_model
from memjax.training import Probe, checkpoints, checkpoints_in, examples_of, forget, make_train, train_many
from tests.conftest import make_dataset

DATA = make_dataset()
DESIGN = subsets.fixed_size(0, 60, 42)
EPOCHS, PACK, PLAN = 2, 3, "0123456789abcdef" * 4
PROBE = Probe(CLASSIFICATION.functions(("correct", "loss")), (0, 1, 2), 60)


def train(blocks=range(3), model="tests.models.zoo:Noisy", **options):
    network = make_model(ModelSpec(model), DATA.input_shape, DATA.num_classes)
    single = make_train(
        network, optax.adam(0.02), CLASSIFICATION.functions(("logits",)), DESIGN.max_size, EPOCHS, 8, probe=PROBE
    )
    packs = train_many(single, 5, DESIGN.masks, examples_of(DATA), blocks, PACK, **options)
    return {pack.number: everything(pack.output) for pack in packs}


def everything(output):
    """All numbers of a pack's models, what was recorded on the way included, in a row.

    Probabilities of every class are left out: they depend on the masks as well as on the models.
    """
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(output._replace(classes=None))])


def stops_at(count):
    """What answers True from the count-th question on."""
    asked = iter(range(10**6))
    return lambda: next(asked) >= count


@cache
def whole(num_devices):
    """Never stopped.  On one device the compiler takes another path than on several: the last bits may differ."""
    return train(devices=jax.local_devices()[:num_devices])


@pytest.mark.ci
@pytest.mark.parametrize("num_devices", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_stopped_after_every_epoch_it_ends_with_the_same_bits(tmp_path, num_devices):
    """A checkpoint has batch statistics, dropout, the moments of the optimiser and what was recorded."""
    said, found, runs = [], {}, 0
    devices = jax.local_devices()[:num_devices]
    num_blocks = num_devices + 1
    while len(found) < num_blocks:
        checkpoints = checkpoints_in(tmp_path / "midway", PLAN, 1e9, said.append)
        left = [number for number in range(num_blocks) if number not in found]
        found |= train(left, checkpoints=checkpoints, stop=stops_at(1), devices=devices)
        for number in found:
            forget(tmp_path / "midway", PLAN, number)
        runs += 1
        assert runs < 20

    assert runs == (EPOCHS + 1) * 2
    assert said == []
    for number, numbers in found.items():
        np.testing.assert_array_equal(numbers, whole(num_devices)[number])
    assert not (tmp_path / "midway").exists()


@pytest.mark.ci
def test_epochs_before_the_checkpoint_are_not_trained_again(tmp_path):
    """The checkpoint is what it goes on from: one put in its place is taken for it."""
    checkpoints = checkpoints_in(tmp_path, PLAN, 1e9, print)
    assert train([1], checkpoints=checkpoints, stop=stops_at(EPOCHS), devices=jax.local_devices()[:1]) == {}
    (done,) = tmp_path.iterdir()
    assert done.name.startswith(f"0123456789abcdef-000001-{EPOCHS:05d}-")
    done.rename(tmp_path / done.name.replace("-000001-", "-000000-"))

    other = train([0], checkpoints=checkpoints, devices=jax.local_devices()[:1])

    np.testing.assert_array_equal(other[0], whole(1)[1])


def test_a_checkpoint_of_another_plan_is_ignored(tmp_path):
    assert train([0], checkpoints=checkpoints_in(tmp_path, "f" * 64, 1e9, print), stop=stops_at(2)) == {}

    found = train([0], checkpoints=checkpoints_in(tmp_path, PLAN, 1e9, print))

    np.testing.assert_array_equal(found[0], whole(2)[0])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_checkpoint_is_passed_over_in_words(tmp_path):
    """Whatever file of it is changed or gone, the models come out right."""
    said = []
    checkpoints = checkpoints_in(tmp_path / "a", PLAN, 1e9, said.append)
    one = {"devices": jax.local_devices()[:1]}
    assert train([0], checkpoints=checkpoints, stop=stops_at(2), **one) == {}
    files = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file() and path.stat().st_size)
    contents = {path: path.read_bytes() for path in files}
    assert len(files) > 3
    for path in files:
        data = contents[path]
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert checkpoints.load(0, None) is None
        path.unlink()
        assert checkpoints.load(0, None) is None
        path.write_bytes(data)
    assert len(said) == 2 * len(files)
    assert all("is damaged and is not used" in words for words in said)
    files[0].unlink()

    np.testing.assert_array_equal(train([0], checkpoints=checkpoints, **one)[0], whole(1)[0])


def test_the_older_checkpoint_goes_when_the_newer_is_there(tmp_path):
    checkpoints = checkpoints_in(tmp_path, PLAN, 0.0, print)
    there = []

    def stop():
        there.append([path.name.split("-")[2] for path in tmp_path.iterdir()])
        return False

    train([0], checkpoints=checkpoints, stop=stop, devices=jax.local_devices()[:1])

    assert there[0] == []
    assert there[-1] == [f"{EPOCHS:05d}"]
    assert all(len(names) <= 1 for names in there)


def test_a_block_committed_by_another_while_this_one_lays_it_down(tmp_path, monkeypatch):
    """The other clears away what there is of it, half-written files included."""
    write = checkpoints._write

    def interrupted(path, tree):
        write(path, tree)
        forget(tmp_path, PLAN, 0)
        raise FileNotFoundError(path)

    monkeypatch.setattr(checkpoints, "_write", interrupted)
    checkpoints_in(tmp_path, PLAN, 1e9, print).save(0, 1, {"a": np.zeros(3)})
    assert not tmp_path.exists() or not list(tmp_path.iterdir())


def test_a_checkpoint_that_another_removes_while_this_one_reads_it(tmp_path, monkeypatch):
    """The other worker has saved a newer one, or committed the block."""
    said, there = [], checkpoints_in(tmp_path, PLAN, 1e9, lambda text: said.append(text))
    there.save(0, 1, {"a": np.zeros(3)})
    assert there.load(0, {"a": np.zeros(3)})[0] == 1

    def removed(path, like):
        shutil.rmtree(path)
        raise FileNotFoundError(path)

    monkeypatch.setattr(checkpoints, "_restore", removed)
    assert there.load(0, {"a": np.zeros(3)}) is None
    assert said == []


def test_a_process_that_was_one_of_several_and_is_not_connected_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(InputError, match="process 0 of 2 and not connected"):
        checkpoints_in(tmp_path, PLAN, 1e9, print)
