"""What the user says of the subsets."""

from dataclasses import dataclass
from typing import Literal

from memjax.errors import InputError

Design = Literal[
    "fixed-size", "bernoulli", "balanced", "complementary", "leave-one-out", "leave-group-out", "masks-file"
]


@dataclass(frozen=True)
class SubsetSpec:
    """Who is left out."""

    design: Design = "fixed-size"
    """fixed-size: the paper's.  bernoulli: each example on its own.  balanced: each example in equally many models.
    complementary: models in pairs, the second sees what the first does not.  leave-one-out, leave-group-out: model t
    misses example, or group, t.  masks-file: as given."""
    subset_fraction: float = 0.7
    """Fraction of the training examples that a model sees; for fixed-size, bernoulli and balanced."""
    num_groups: int = 10
    """Groups of leave-group-out, drawn at random once a run."""
    masks_file: str = ""
    """For masks-file: a .npy file, (models x train), true where the model trains on the example."""

    def __post_init__(self):
        if not 0 < self.subset_fraction < 1:
            raise InputError(
                f"--subset-fraction is {self.subset_fraction}; give a number between 0 and 1, both left out: "
                "an example must be in some models and out of others"
            )
        if (self.design == "masks-file") != bool(self.masks_file):
            raise InputError("--design masks-file and --masks-file FILE go together; give both or neither")
        if self.num_groups < 2:
            raise InputError(f"--num-groups is {self.num_groups}; give 2 or more")
