"""The area under the margin."""

import numpy as np
from jaxtyping import Float, Shaped

from memjax.dynamics.checks import AnyArray, as_numbers


def area_under_margin(margin: Shaped[AnyArray, "..."]) -> Float[np.ndarray, "*models train"]:
    """AUM: the mean over the records of the logit of the given label minus the largest other.

    Low, or below 0: other examples pull towards another label, as they do where the given one is wrong.  The paper
    takes the margins in training batches (`--record-own met`); by default they are taken after each recorded epoch, in
    held-out models too.

    Raises:
      InputError: no curves, or values that are not finite.

    Reference:
      Pleiss et al., Identifying Mislabeled Data using the Area Under the Margin Ranking, 2020, arXiv 2001.10528,
      section 3.
    """
    return as_numbers("margin", margin).mean(-2)
