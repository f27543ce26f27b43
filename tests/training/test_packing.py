"""Which pack size is taken, given what short trainings say; no training here."""

import math

import jax
import pytest

from memjax.config.specs import ModelSpec
from memjax.errors import InputError
from memjax.models import make_model
from memjax.training import Trial, choose_pack_size, guess_pack_size
from memjax.training.packing import LADDER

GIB = 2**30


def attempts(seconds=None, size_a_model=1, out_of_memory_from=10**9):
    """A machine on which a pack of `size` takes seconds[size] a model and size_a_model bytes times its models."""
    tried = []

    def attempt(size):
        tried.append(size)
        if size >= out_of_memory_from:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1234 bytes.")
        return Trial((seconds or {}).get(size, 1.0), size * size_a_model)

    return attempt, tried


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({4: 1.0, 8: 0.9, 12: 1.0, 16: 1.1}, 8),
        ({4: 0.5, 8: 0.9}, 4),
        ({4: 1.0, 8: 0.9, 16: 0.5}, 16),
        ({4: 0.95, 6: 0.89, 8: 0.9, 16: 0.95}, 8),  # as good as equal: the guess stands
    ],
)
def test_the_fastest_of_four(seconds, chosen):
    attempt, tried = attempts(seconds)

    assert choose_pack_size(attempt, 8, 100, GIB) == chosen
    assert len(tried) == len(set(tried)) == 4


def test_no_more_models_than_there_are():
    attempt, tried = attempts({8: 1.0, 16: 0.1})

    assert choose_pack_size(attempt, 8, 12, GIB) == 8
    assert max(tried) == 12


def test_the_guess_is_tried_as_it_is():
    attempt, tried = attempts()

    assert choose_pack_size(attempt, 5, 5, GIB) == 5
    assert tried[0] == 5


def test_a_size_that_fits():
    attempt, _ = attempts(size_a_model=GIB // 3)

    assert choose_pack_size(attempt, 16, 100, GIB) <= 3


def test_a_smaller_size_when_the_device_runs_out_of_memory():
    attempt, tried = attempts(out_of_memory_from=5)

    assert choose_pack_size(attempt, 16, 100, GIB) == 4
    assert len(tried) == len(set(tried))  # what did not fit is not tried again


def test_what_is_faster_but_does_not_fit_is_not_taken():
    attempt, _ = attempts({8: 1.0, 16: 0.1}, size_a_model=GIB // 10)

    assert choose_pack_size(attempt, 8, 100, GIB) == 8


def test_not_even_one_model_fits():
    attempt, _ = attempts(size_a_model=2 * GIB)

    with pytest.raises(InputError, match=r"one model does not fit in the 1\.0 GiB"):
        choose_pack_size(attempt, 4, 100, GIB)


def test_the_best_size_may_be_far_from_the_guess():
    """Each doubling up to 512 saves a fifth; three sizes around the guess would stop at 128."""
    attempt, tried = attempts({size: 0.8 ** min(math.log2(size), 18 - math.log2(size)) for size in LADDER})

    assert choose_pack_size(attempt, 64, 1024, GIB) in (256, 384, 512)
    assert len(tried) <= 4


def test_sizes_that_do_not_fit_are_left_for_smaller_ones():
    attempt, tried = attempts(size_a_model=GIB // 3)

    assert choose_pack_size(attempt, 64, 1024, GIB) in (1, 2, 3)
    assert len(tried) <= 4
    with pytest.raises(InputError, match="one model does not fit"):
        choose_pack_size(attempts(size_a_model=2 * GIB)[0], 64, 1024, GIB)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    def attempt(size):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        choose_pack_size(attempt, 4, 100, GIB)


@pytest.mark.parametrize(
    ("model", "platform", "guess"),
    [("mlp:128", "cpu", 8), ("mlp:8", "cpu", 16), ("mlp:4096,4096", "cpu", 1), ("mlp:4096,4096", "gpu", 64)],
)
def test_the_guess_fits_the_cache_of_a_core(model, platform, guess):
    network = make_model(ModelSpec(model), (64,), 10)

    assert guess_pack_size(network, 512, 2, platform) == guess


def test_the_guess_is_no_more_than_one_call_needs():
    assert guess_pack_size(make_model(ModelSpec("mlp:8"), (64,), 10), 6, 2, "cpu") == 3


def test_far_too_large_a_guess_is_halved_until_it_fits():
    """Models of which no more than three fit, where the search tries only four sizes near 512."""

    def attempt(size):
        return Trial(1 / size, GIB * size // 3)

    assert choose_pack_size(attempt, 512, 1024, GIB) in (2, 3)
