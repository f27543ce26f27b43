"""Whether examples differ in how often they are got wrong: against the binomial null of equally hard examples."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.types import ArrayLike


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


def dispersion(wrong: ArrayLike, null_rate: float | None = None) -> Dispersion:
    """The spread of misclassification rates over examples, in units of the binomial variance.

        ratio = var_i(rate_i) / (mean over models t of p_t (1 - p_t) / models)

    where p_t is the share of these examples that model t got wrong: models of unequal quality make no examples differ.
    (train - 1) times the ratio is Cochran's Q.
    Above 1: some examples are harder than others, whatever the initial weights and the order of batches.  Near 1:
    examples are alike, as they are for inputs that are noise.

    Args:
      wrong: whether model t, trained from weights and in an order of its own, got example i wrong.
      null_rate: the chance of an error under the null, for every model, in place of p_t.  The paper takes that of
        random inputs for all data.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, section 3.1 and figure 1, compare sorted rates with binomial draws; the
      ratio, the index of dispersion of binomial counts, is how it is said here in one number.  Cochran, The Comparison
      of Percentages in Matched Samples, Biometrika 37, 1950.
    """
    wrong = np.asarray(wrong)
    if wrong.ndim != 2 or min(wrong.shape) < 2:
        raise InputError(f"wrong has shape {wrong.shape}; expected (models, train), two or more of each")
    if not ((wrong == 0) | (wrong == 1)).all():
        raise InputError("wrong holds values other than 0 and 1; expected whether a model got an example wrong")
    models, count = wrong.shape
    rates = wrong.mean(0, dtype=np.float64)
    chance = wrong.mean(1, dtype=np.float64) if null_rate is None else np.full(models, null_rate)
    each = chance * (1 - chance) * (count / (count - 1) if null_rate is None else 1)  # p_t is estimated
    expected = each.sum() / models**2
    if not expected > 0:
        return Dispersion(np.nan, np.nan, np.nan, rates)
    squares = np.square(rates - rates.mean()) * count / (count - 1)
    excess = (each * (1 - 6 * each)).sum() / each.sum() ** 2  # kurtosis of a sum of Bernoulli draws
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
