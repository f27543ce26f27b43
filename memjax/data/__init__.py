"""Loads the examples: reads, selects, corrupts and checks them."""

from memjax.config.specs import DataSpec
from memjax.data.check import check as _check
from memjax.data.corruptions.inputs import noisy_inputs, random_inputs, shuffled_pixels
from memjax.data.corruptions.labels import flip_labels, pair_labels, random_labels
from memjax.data.corruptions.parse import corrupt
from memjax.data.hash import content_hash
from memjax.data.select import select as _select
from memjax.data.select import take_rows
from memjax.data.sources import read_source as _read_source
from memjax.types import Dataset

__all__ = [
    "content_hash",
    "corrupt",
    "flip_labels",
    "load_dataset",
    "noisy_inputs",
    "pair_labels",
    "random_inputs",
    "random_labels",
    "shuffled_pixels",
    "take_rows",
]


def load_dataset(spec: DataSpec, source: Dataset | None = None) -> Dataset:
    """The examples that `spec` asks for, after selection, label noise, corruptions and checks.

    Args:
      source: the examples before selection; by default the data set that `spec` names.

    Raises:
      InputError: the source is unknown, missing or damaged, a corruption is unknown, or the examples cannot be used.
    """
    dataset = _select(_read_source(spec) if source is None else source, spec)
    dataset = flip_labels(dataset, spec.label_noise, spec.data_seed)
    dataset = corrupt(dataset, spec.corrupt, spec.data_seed, spec.corrupt_test)
    _check(dataset)
    return dataset
