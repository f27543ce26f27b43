"""Corrupted inputs: replaced by Gaussian noise, with noise added, or with their pixels in another order."""

import numpy as np

from memjax.data.corruptions.rows import Part, as_floats, chosen_rows, gaussian, values_of, with_values
from memjax.errors import InputError
from memjax.prng import host_permutation
from memjax.types import Dataset


def random_inputs(dataset: Dataset, rate: float, seed: int, moments: str = "global", part: Part = "train") -> Dataset:
    """Replaces exactly round(rate * examples) inputs by Gaussian noise; all inputs become float32.

    Args:
      moments: the noise has the mean and variance of the training inputs before the corruption.  global: of all
        values.  pixel: of each pixel, so that constant pixels stay constant.  The paper does not say which.

    Raises:
      InputError: the rate is not between 0 and 1, or `moments` is something else.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2: randX.
    """
    if moments not in ("global", "pixel"):
        raise InputError(f"random-inputs: {moments!r} is neither global nor pixel")
    rows = chosen_rows(dataset, part, rate, seed, "random inputs")
    floats = as_floats(dataset)
    train, axis = values_of(dataset, "train", "inputs"), None if moments == "global" else 0
    mean, spread = (take(train, axis=axis, dtype=np.float64) for take in (np.mean, np.std))
    inputs = np.empty((len(rows), *dataset.input_shape), floats.train_inputs.dtype)
    for place, row in enumerate(rows):
        inputs[place] = mean + spread * gaussian(seed, f"random inputs, {part}", int(row), dataset.input_shape)
    return with_values(floats, part, "inputs", rows, inputs)


def noisy_inputs(dataset: Dataset, rate: float, seed: int, deviation: float = 1.0, part: Part = "train") -> Dataset:
    """Adds Gaussian noise, drawn once, to exactly round(rate * examples) inputs; all inputs become float32.

    `TrainSpec.input_noise` is the other kind: drawn anew at each step.

    Args:
      deviation: standard deviation of the noise, in units of the standard deviation of all training input values.

    Raises:
      InputError: the rate is not between 0 and 1, or the deviation is not a number above 0.
    """
    if not 0 < deviation < np.inf:
        raise InputError(f"noisy-inputs: the deviation is {deviation}; give a number above 0")
    rows = chosen_rows(dataset, part, rate, seed, "noisy inputs")
    spread = deviation * np.std(values_of(dataset, "train", "inputs"), dtype=np.float64)
    floats = as_floats(dataset)
    inputs = values_of(floats, part, "inputs")[rows]
    for place, row in enumerate(rows):
        noise = gaussian(seed, f"noisy inputs, {part}", int(row), dataset.input_shape)
        inputs[place] += (spread * noise).astype(inputs.dtype)
    return with_values(floats, part, "inputs", rows, inputs)


def shuffled_pixels(dataset: Dataset, rate: float, seed: int, orders: str = "one", part: Part = "train") -> Dataset:
    """Permutes the pixels of exactly round(rate * examples) inputs; the colours of a pixel stay together.

    Args:
      orders: one: the same permutation for all training and test inputs, which makes no difference to a fully
        connected network.  each: a permutation of its own for each input, which keeps its values and not its shapes.

    Raises:
      InputError: the rate is not between 0 and 1, or `orders` is something else.

    Reference:
      Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017, arXiv 1611.03530, section 2:
      shuffled pixels (one) and random pixels (each).
    """
    if orders not in ("one", "each"):
        raise InputError(f"shuffled-pixels: {orders!r} is neither one nor each")
    rows = chosen_rows(dataset, part, rate, seed, "shuffled pixels")
    shape = dataset.input_shape
    pixels = int(np.prod(shape[:2])) if len(shape) == 3 else int(np.prod(shape))
    flat = values_of(dataset, part, "inputs")[rows].reshape(len(rows), pixels, -1)
    if orders == "one":
        flat = flat[:, host_permutation(seed, "shuffled pixels", 0, pixels)]
    else:
        for place, row in enumerate(rows):
            flat[place] = flat[place, host_permutation(seed, f"shuffled pixels, {part}", int(row), pixels)]
    return with_values(dataset, part, "inputs", rows, flat.reshape(len(rows), *shape))
