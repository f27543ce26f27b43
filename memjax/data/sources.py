"""From what the user wrote to the reader that understands it."""

from memjax.data.cache import load_cached
from memjax.data.catalog import CATALOG
from memjax.data.digits import load_digits
from memjax.data.idx import load_idx
from memjax.data.npz import load_npz
from memjax.data.tfds import load_prepared
from memjax.errors import InputError, one_of
from memjax.types import Dataset

_WITH_PLACE = {"idx": (load_idx, "FOLDER"), "npz": (load_npz, "FILE"), "tfds": (load_prepared, "NAME")}


def read_source(source: str) -> Dataset:
    """All examples of a source, e.g. "digits", "idx:FOLDER" or "cifar10".

    Raises:
      InputError: the source is not known, is not there or is damaged.
    """
    kind, _, place = source.partition(":")
    if kind in _WITH_PLACE:
        load, what = _WITH_PLACE[kind]
        if not place:
            raise InputError(f"data set {source!r} does not say where; write {kind}:{what}")
        return load(place)
    if source == "digits":
        return load_digits()
    if source in CATALOG:
        return load_cached(source)
    choices = ["digits", *CATALOG, *(f"{prefix}:{what}" for prefix, (_, what) in _WITH_PLACE.items())]
    raise one_of("data set", source, choices)
