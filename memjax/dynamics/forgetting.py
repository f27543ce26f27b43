"""Forgetting: right at one record, wrong at the next."""

import numpy as np
from jaxtyping import Bool, Float, Shaped

from memjax.dynamics.checks import AnyArray, as_bits


def forgetting_events(correct: Shaped[AnyArray, "..."]) -> Float[np.ndarray, "*models train"]:
    """How often an example goes from right to wrong between one record and the next; infinity if it never was right.

        events[i] = number of e with correct[e, i] and not correct[e + 1, i]

    High: an example that conflicts with other examples.  The paper evaluates an example each time it is in a training
    batch (`--record-own met`); by default all examples are evaluated after the recorded epochs, held-out ones included.

    Raises:
      InputError: no curves, or values other than 0 and 1.

    Reference:
      Toneva et al. 2019, arXiv 1812.05159, section 3; those never learned count as forgotten infinitely often there.
    """
    right = as_bits("correct", correct)
    events = (right[..., :-1, :] & ~right[..., 1:, :]).sum(-2).astype(np.float64)
    return np.where(right.any(-2), events, np.inf)


def unforgettable(correct: Shaped[AnyArray, "..."]) -> Bool[np.ndarray, "*models train"]:
    """Whether an example, once right, stays right at all later records; False if it never was right.

    Arguments, errors and source as for `forgetting_events`.
    """
    return forgetting_events(correct) == 0
