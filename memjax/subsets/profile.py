"""Subsets of nine sizes, for scores as a function of how much was seen."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.prng import host_bits
from memjax.types import SubsetDesign

TENTHS = 9


def profile(seed: int, num_train: int) -> SubsetDesign:
    """Model t sees one tenth of the examples, or two, ... or nine, in turn: 10 % for t = 0, 20 % for t = 1, and so on.

    Every model takes as many steps as the largest subset asks for, so that small ones are seen more often.

    Reference:
      Jiang et al., Characterizing Structural Regularities of Labeled Data in Overparameterized Models, 2021,
      arXiv 2002.03206, section 3.
    """
    sizes = np.maximum(1, np.arange(1, TENTHS + 1) * num_train // (TENTHS + 1))

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        chosen = np.zeros((len(model_ids), num_train), bool)
        for row, model_id in zip(chosen, model_ids, strict=True):
            bits = host_bits(seed, "profile", int(model_id), num_train)
            row[np.argsort(bits, kind="stable")[: sizes[int(model_id) % TENTHS]]] = True
        return chosen

    return SubsetDesign(
        "10 % to 90 % of the examples, in turn", num_train, int(sizes[-1]), float(sizes.mean() / num_train), None, masks
    )
