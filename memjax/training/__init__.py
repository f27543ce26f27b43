"""One model's training, then many at once."""

from memjax.training.batches import make_augment, num_batches
from memjax.training.checkpoints import Checkpoints, checkpoints_in, forget
from memjax.training.many import Lowered, Pack, bytes_of, compile_any, lower_any, replicate, train_many
from memjax.training.optimizer import make_optimizer
from memjax.training.packing import Trial, choose_pack_size, guess_pack_size, is_out_of_memory
from memjax.training.probes import NOTHING, Probe
from memjax.training.single import Examples, Training, examples_of, make_train, with_features
from memjax.training.stream import Stream, StreamedTraining, check_reader, largest_input, stream_of
