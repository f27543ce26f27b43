"""What the user says of the training."""

from dataclasses import dataclass
from typing import Literal

from memjax.errors import InputError


@dataclass(frozen=True)
class TrainSpec:
    """The training of one model.  The defaults fit every label of digits and of Fashion-MNIST subsamples, wrong ones
    included: memorization means little while held-in examples are still wrong."""

    epochs: int = 50
    """Passes over the model's own subset."""
    batch_size: int = 64
    """Examples a step."""
    optimizer: str = "adam"
    """The name of an optax optimiser that takes a learning rate: adam, sgd, adamw, lion, ..."""
    optimizer_options: tuple[str, ...] = ()
    """Further arguments of the optimiser as name=number, e.g. momentum=0.9 weight_decay=1e-4."""
    learning_rate: float = 0.01
    """The largest learning rate of the schedule."""
    schedule: Literal["constant", "cosine", "linear"] = "cosine"
    """How the learning rate goes down to 0 (or does not) after the warm-up."""
    warmup: float = 0.1
    """Fraction of all steps in which the learning rate rises from 0."""

    def __post_init__(self):
        if self.epochs < 1:
            raise InputError(f"--epochs is {self.epochs}; give 1 or more")
        if self.batch_size < 1:
            raise InputError(f"--batch-size is {self.batch_size}; give 1 or more")
        if not 0 < self.learning_rate < float("inf"):
            raise InputError(f"--learning-rate is {self.learning_rate}; give a number above 0")
        if not 0 <= self.warmup < 1:
            raise InputError(f"--warmup is {self.warmup}; give a fraction from 0 up to, not including, 1")
