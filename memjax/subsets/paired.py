"""Models in pairs: the second sees exactly what the first does not."""

import numpy as np
from jaxtyping import Bool, Int

from memjax.types import SubsetDesign


def complementary(half: SubsetDesign) -> SubsetDesign:
    """Models 2k and 2k + 1 see subset k of `half` and its complement, so that every example is in exactly half."""

    def masks(model_ids: Int[np.ndarray, " models"]) -> Bool[np.ndarray, "models train"]:
        return half.masks(model_ids // 2) ^ (model_ids % 2 == 1)[:, None]

    size = max(half.max_size, half.num_train - half.max_size)
    return SubsetDesign("halves in complementary pairs", half.num_train, size, 0.5, None, masks)
