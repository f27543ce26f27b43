"""Examples: where they come from, which are taken, and whether they can be used."""

from memjax.data.check import check as _check
from memjax.data.hash import content_hash
from memjax.data.noise import flip_labels as _flip_labels
from memjax.data.select import select as _select
from memjax.data.select import take_rows
from memjax.data.sources import read_source as _read_source
from memjax.specs import DataSpec
from memjax.types import Dataset

__all__ = ["content_hash", "load_dataset", "take_rows"]


def load_dataset(spec: DataSpec) -> Dataset:
    """The examples that `spec` asks for: read, then selected, then mislabelled, then checked.

    Raises:
      InputError: the source is not known, not there or damaged; or what is left cannot be used.
    """
    dataset = _select(_read_source(spec.dataset), spec)
    dataset = _flip_labels(dataset, spec.label_noise, spec.data_seed)
    _check(dataset)
    return dataset
