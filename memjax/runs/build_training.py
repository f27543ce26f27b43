"""Makes the training of one model for a request, and the examples in the form that the training takes."""

from typing import TYPE_CHECKING

from memjax.config.run_config import RunConfig
from memjax.types import Dataset, SubsetDesign

if TYPE_CHECKING:
    from memjax.training import Examples, Stream, StreamedTraining, Training


def make_single(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> "Training | StreamedTraining":
    """The training of one model for a request."""
    from memjax import training
    from memjax.metrics import metrics_named
    from memjax.models import check_counting, in_precision, is_built_in, make_model

    spec, stream = config.train, config.data.stream
    model = make_model(config.model, dataset.input_shape, dataset.num_classes)
    if stream:
        training.check_reader()
    if stream and not is_built_in(config.model):
        check_counting(config.model.model, model, dataset.input_shape)
    model = in_precision(model, spec.precision)
    augment = training.make_augment(spec, dataset.input_shape)
    num_steps = spec.epochs * training.num_batches(dataset.num_train if stream else design.max_size, spec.batch_size)
    optimizer = training.make_optimizer(spec, num_steps)
    keep = metrics_named(tuple(sorted(config.keep)))
    if stream:
        largest = training.largest_input(dataset.train_inputs.dtype)
        return training.make_streamed(model, optimizer, keep, num_steps, largest, augment, spec.label_smoothing)
    recorded = metrics_named(tuple(sorted(config.record)))
    probe = training.Probe(recorded, config.recorded_epochs, dataset.num_train, config.record_own)
    return training.make_train(
        model, optimizer, keep, design.max_size, spec.epochs, spec.batch_size, augment, spec.label_smoothing, probe
    )


def make_examples(config: RunConfig, dataset: Dataset) -> "Examples | Stream":
    """The examples as `make_single`'s training takes them: arrays for the devices, or a stream."""
    from memjax.training import examples_of, stream_of

    if config.data.stream:
        return stream_of(dataset, config.seed, config.train.batch_size)
    return examples_of(dataset, config.train.scaling)
