"""One model's training, then many at once."""

from memjax.training.augment import make_augment
from memjax.training.batches import num_batches
from memjax.training.checkpoints import checkpoints_in, forget
from memjax.training.many import Checkpoints, Pack, compile_training, replicate, train_many
from memjax.training.optimizer import make_optimizer
from memjax.training.packing import Trial, choose_pack_size, guess_pack_size, is_out_of_memory
from memjax.training.probes import NOTHING, Probe
from memjax.training.single import Examples, Training, examples_of, make_train

__all__ = [
    "NOTHING",
    "Checkpoints",
    "Examples",
    "Pack",
    "Probe",
    "Training",
    "Trial",
    "checkpoints_in",
    "choose_pack_size",
    "compile_training",
    "examples_of",
    "forget",
    "guess_pack_size",
    "is_out_of_memory",
    "make_augment",
    "make_optimizer",
    "make_train",
    "num_batches",
    "replicate",
    "train_many",
]
