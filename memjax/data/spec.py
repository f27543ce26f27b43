"""What the user says of the data."""

from dataclasses import dataclass

from memjax.errors import InputError


@dataclass(frozen=True)
class DataSpec:
    """Which examples."""

    dataset: str = "digits"
    """digits; idx:FOLDER; npz:FILE; mnist, fashion_mnist, cifar10, cifar100, svhn_cropped; tfds:NAME."""
    classes: tuple[int, ...] = ()
    """Only these classes, renumbered from 0 in the order given.  Default: all."""
    per_class: int | None = None
    """At most so many training examples of each class, drawn at random.  Default: all."""
    test_per_class: int | None = None
    """At most so many test examples of each class, drawn at random.  Default: all."""
    label_noise: float = 0.0
    """Fraction of the training labels replaced by a random wrong one; the report tells which."""
    data_seed: int = 0
    """Decides which examples are drawn and which labels are changed."""

    def __post_init__(self):
        if not 0 <= self.label_noise < 1:
            raise InputError(f"--label-noise is {self.label_noise}; give a fraction from 0 up to, not including, 1")
        for option, value in (("--per-class", self.per_class), ("--test-per-class", self.test_per_class)):
            if value is not None and value < 1:
                raise InputError(f"{option} is {value}; give 1 or more")
        if len(set(self.classes)) != len(self.classes):
            raise InputError(f"--classes names a class twice: {' '.join(map(str, self.classes))}")
        if len(self.classes) == 1:
            raise InputError("--classes names one class; a classifier needs at least two")
