"""One model's training, then many at once."""

from memjax.training.augment import make_augment
from memjax.training.batches import num_batches
from memjax.training.many import Pack, train_many
from memjax.training.optimizer import make_optimizer
from memjax.training.packing import guess_pack_size
from memjax.training.single import Examples, examples_of, make_train

__all__ = [
    "Examples",
    "Pack",
    "examples_of",
    "guess_pack_size",
    "make_augment",
    "make_optimizer",
    "make_train",
    "num_batches",
    "train_many",
]
