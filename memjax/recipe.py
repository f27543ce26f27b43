"""From a request to the training of one model."""

from typing import TYPE_CHECKING

from memjax.config import RunConfig
from memjax.types import Dataset, SubsetDesign

if TYPE_CHECKING:
    from memjax.training import Training


def make_single(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> "Training":
    """The training of one model, `training(key, mask, examples)`, for a request.

    Raises:
      InputError: the model, the optimiser or the augmentation does not fit.
    """
    from memjax.metrics import metrics_named
    from memjax.models import in_precision, make_model
    from memjax.training import Probe, make_augment, make_optimizer, make_train, num_batches

    spec = config.train
    model = in_precision(make_model(config.model, dataset.input_shape, dataset.num_classes), spec.precision)
    augment = make_augment(spec, dataset.input_shape)
    optimizer = make_optimizer(spec, spec.epochs * num_batches(design.max_size, spec.batch_size))
    keep = metrics_named(tuple(sorted(config.keep)))
    recorded = metrics_named(tuple(sorted(config.record)))
    probe = Probe(recorded, config.recorded_epochs, dataset.num_train, config.record_own)
    return make_train(
        model, optimizer, keep, design.max_size, spec.epochs, spec.batch_size, augment, spec.label_smoothing, probe
    )
