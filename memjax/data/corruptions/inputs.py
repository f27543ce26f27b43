"""Inputs that say less than they did, on purpose: Gaussian noise in their place or on top, pixels in another order."""

import numpy as np

from memjax.data.corruptions.rows import Part, as_floats, chosen_rows, gaussian, inputs_of, with_inputs
from memjax.errors import InputError
from memjax.prng import host_permutation
from memjax.types import Dataset


def random_inputs(dataset: Dataset, rate: float, seed: int, moments: str = "global", part: Part = "train") -> Dataset:
    """Puts Gaussian noise in the place of exactly round(rate * examples) inputs; all inputs become float32.

    Args:
      moments: whose mean and variance the noise has, over the training inputs as they came in: global, those of all
        values; or pixel, those of each pixel, so that what is constant stays so.  The paper does not say which.

    Raises:
      InputError: the rate is no fraction, or `moments` is something else.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 2: randX.
    """
    if moments not in ("global", "pixel"):
        raise InputError(f"random-inputs: {moments!r} is neither global nor pixel")
    rows = chosen_rows(dataset, part, rate, seed, "random inputs")
    axis = None if moments == "global" else 0
    mean, spread = (take(inputs_of(dataset, "train"), axis=axis, dtype=np.float64) for take in (np.mean, np.std))
    inputs = np.empty((len(rows), *dataset.input_shape), np.float32)
    for place, row in enumerate(rows):
        noise = gaussian(seed, f"random inputs, {part}", int(row), inputs[place].size)
        inputs[place] = mean + spread * noise.reshape(dataset.input_shape)
    return with_inputs(as_floats(dataset), part, rows, inputs)


def noisy_inputs(dataset: Dataset, rate: float, seed: int, deviation: float = 1.0, part: Part = "train") -> Dataset:
    """Adds Gaussian noise, drawn once, to exactly round(rate * examples) inputs; all inputs become float32.

    (`TrainSpec.input_noise` is the other kind, drawn anew at each step.)

    Args:
      deviation: of the noise, in units of the standard deviation of all values of the training inputs.

    Raises:
      InputError: the rate is no fraction, or the deviation is not a number above 0.
    """
    if not 0 < deviation < np.inf:
        raise InputError(f"noisy-inputs: the deviation is {deviation}; give a number above 0")
    rows = chosen_rows(dataset, part, rate, seed, "noisy inputs")
    spread = deviation * np.std(inputs_of(dataset, "train"), dtype=np.float64)
    inputs = inputs_of(dataset, part)[rows].astype(np.float32)
    for place, row in enumerate(rows):
        noise = gaussian(seed, f"noisy inputs, {part}", int(row), inputs[place].size)
        inputs[place] += (spread * noise).reshape(dataset.input_shape).astype(np.float32)
    return with_inputs(as_floats(dataset), part, rows, inputs)


def shuffled_pixels(dataset: Dataset, rate: float, seed: int, orders: str = "one", part: Part = "train") -> Dataset:
    """Puts the pixels of exactly round(rate * examples) inputs into another order; colours stay together.

    Args:
      orders: one, for all of them, training and test, which leaves a fully connected network as good as before; or
        each its own, which leaves the values of an image and nothing of its shape.

    Raises:
      InputError: the rate is no fraction, or `orders` is something else.

    Reference:
      Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, 2017, arXiv 1611.03530, section 2:
      shuffled pixels (one) and random pixels (each).
    """
    if orders not in ("one", "each"):
        raise InputError(f"shuffled-pixels: {orders!r} is neither one nor each")
    rows = chosen_rows(dataset, part, rate, seed, "shuffled pixels")
    shape = dataset.input_shape
    pixels = int(np.prod(shape[:2])) if len(shape) == 3 else int(np.prod(shape))
    flat = inputs_of(dataset, part)[rows].reshape(len(rows), pixels, -1)
    if orders == "one":
        flat = flat[:, host_permutation(seed, "shuffled pixels", 0, pixels)]
    else:
        for place, row in enumerate(rows):
            flat[place] = flat[place, host_permutation(seed, f"shuffled pixels, {part}", int(row), pixels)]
    return with_inputs(dataset, part, rows, flat.reshape(len(rows), *shape))
