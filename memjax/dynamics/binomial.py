"""Whether examples differ in how often they are got wrong: against the binomial null of equally hard examples."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from memjax.dynamics.checks import AnyArray
from memjax.errors import InputError


class Dispersion(NamedTuple):
    """How far the rates of examples are spread, compared with equally hard ones.

    Attributes:
      ratio: variance of the rates over examples, over that of the null; 1 under the null, up to the number of models.
      stderr: its standard error over examples.
      null_stderr: of the ratio under the null, for independent examples, sqrt(2 / (n - 1)) or nearly.
      rates: (train,) share of the models that got the example wrong.
    """

    ratio: float
    stderr: float
    null_stderr: float
    rates: Float[np.ndarray, " train"]


def dispersion(wrong: Shaped[AnyArray, "..."], null_rate: float | None = None) -> Dispersion:
    """The spread of misclassification rates over examples, in units of the binomial variance.

        ratio = var_i(rate_i) / (p (1 - p) / models)

    Above 1: some examples are harder than others, whatever the initial weights and the order of batches.  Near 1:
    examples are alike, as they are for inputs that are noise.

    Args:
      wrong: whether model t, trained from weights and in an order of its own, got example i wrong.
      null_rate: p, the chance of an error under the null; by default the mean rate of these examples.  The paper takes
        that of random inputs for all data.

    Raises:
      InputError: fewer than two models or examples.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 1, compare sorted rates with binomial draws; the
      ratio, the index of dispersion of binomial counts, is how it is said here in one number.
    """
    wrong = np.asarray(wrong, bool)
    if wrong.ndim != 2 or min(wrong.shape) < 2:
        raise InputError(f"wrong has shape {wrong.shape}; expected (models, train), two or more of each")
    models, count = wrong.shape
    rates = wrong.mean(0)
    chance = float(rates.mean()) if null_rate is None else null_rate
    expected = chance * (1 - chance) / models
    if not expected > 0:
        return Dispersion(np.nan, np.nan, np.nan, rates)
    squares = np.square(rates - rates.mean()) * count / (count - 1)
    excess = (1 - 6 * chance * (1 - chance)) / (models * chance * (1 - chance))  # kurtosis of a binomial
    null = np.sqrt((2 + excess) / count)
    return Dispersion(
        float(squares.mean() / expected), float(squares.std(ddof=1) / np.sqrt(count) / expected), float(null), rates
    )


def binomial_null(num_models: int, chance: float, num_examples: int, seed: int) -> Float[np.ndarray, " examples"]:
    """Misclassification rates of equally hard examples: draws of Binomial(num_models, chance) / num_models, ascending.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, figure 1: 1,000 draws with 100 models.
    """
    return np.sort(np.random.default_rng(seed).binomial(num_models, chance, num_examples)) / num_models
