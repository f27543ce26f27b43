"""One model's training, then many at once."""

from memjax.training.augment import make_augment
from memjax.training.batches import num_batches
from memjax.training.many import Pack, replicate, train_many, training_program
from memjax.training.optimizer import make_optimizer
from memjax.training.packing import Trial, choose_pack_size, guess_pack_size, is_out_of_memory
from memjax.training.single import Examples, examples_of, make_train

__all__ = [
    "Examples",
    "Pack",
    "Trial",
    "choose_pack_size",
    "examples_of",
    "guess_pack_size",
    "is_out_of_memory",
    "make_augment",
    "make_optimizer",
    "make_train",
    "num_batches",
    "replicate",
    "train_many",
    "training_program",
]
