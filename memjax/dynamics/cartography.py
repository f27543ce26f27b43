"""Dataset cartography: confidence, variability and correctness over training.

Easy to learn: high confidence, low variability.  Hard to learn: low and low.  Ambiguous: high variability.

Reference:
  Swayamdipta et al., Dataset Cartography, 2020, arXiv 2009.10795, section 2.
"""

import numpy as np
from jaxtyping import Float

from memjax.dynamics.checks import as_bits, as_numbers
from memjax.types import ArrayLike


def confidence(probability: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The mean probability of the given label over the records, in [0, 1].

    Raises:
      InputError: no curves, or values that are not finite.
    """
    return as_numbers("probability", probability).mean(-2)


def variability(probability: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The standard deviation of that probability over the records, with their number as divisor; in [0, 1 / 2].

    Raises:
      InputError: no curves, or values that are not finite.
    """
    return as_numbers("probability", probability).std(-2)


def correctness(correct: ArrayLike) -> Float[np.ndarray, "*models train"]:
    """The share of the records at which the example is right, in [0, 1].

    Raises:
      InputError: no curves, or values other than 0 and 1.
    """
    return as_bits("correct", correct).mean(-2)
