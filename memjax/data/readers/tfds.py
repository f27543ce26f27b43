"""Data sets prepared with TensorFlow Datasets.  Reading needs no TensorFlow and downloads nothing."""

import re
from typing import Any

import numpy as np

from memjax.data.build import Parts, Split, clean_names, make_dataset
from memjax.data.downloads.cache import data_dir
from memjax.data.readers.prepared_images import cannot_read, stored_split
from memjax.errors import InputError
from memjax.types import Dataset

_NAME = re.compile(r"\w+(/[\w.+-]+)?(:\d+\.\d+\.\d+)?", re.ASCII)


def load_prepared(name: str, test_split: str = "test", image_size: int | None = None, stream: bool = False) -> Dataset:
    """A prepared data set, NAME, NAME/CONFIG or NAME/CONFIG:VERSION, in the array_record format.

    Its supervised keys are the input and the label.  Other arguments are those of `DataSpec`.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"tfds:{name} is not a name of a data set; write tfds:NAME, tfds:NAME/CONFIG:VERSION at most")
    builder = _find(name)
    keys = input_key, label_key = _keys(builder.info, name, test_split)
    if image_size is None and not stream:
        train, test = (_read_split(builder, which, input_key, label_key, name) for which in ("train", test_split))
    else:
        shape = builder.info.features[input_key].shape
        if not image_size and (len(shape) != 3 or shape[0] is None or shape[0] != shape[1]):
            raise InputError(
                f"tfds:{name}: images are {shape}; give --image-size, for --stream needs squares of one size"
            )
        side = image_size or shape[0]
        train, test = (stored_split(builder, which, keys, side, name) for which in ("train", test_split))
    if not stream:
        train, test = (Split(inputs[:], labels) for inputs, labels in (train, test))
    names = clean_names(list(builder.info.features[label_key].names), f"tfds:{name}")
    return make_dataset(f"tfds:{name}", Parts(train, test, names))


def _find(name: str) -> Any:
    """A builder that only reads: it runs no code of the data set and cannot download."""
    from tensorflow_datasets.core import read_only_builder

    try:
        return read_only_builder.builder_from_files(name, data_dir=str(data_dir()))
    except Exception as error:  # not found, or metadata damaged in any way
        short = name.split("/")[0].split(":")[0]
        raise InputError(
            f"tfds:{name} is not prepared in {data_dir()}; where TensorFlow is installed, run: "
            f"tfds build {short} --file_format=array_record --data_dir={data_dir()}; or set TFDS_DATA_DIR"
        ) from error


def _keys(info: Any, name: str, test_split: str) -> tuple[str, str]:
    """The names of the input feature and the label feature."""
    keys = info.supervised_keys
    if not (isinstance(keys, tuple) and len(keys) == 2 and all(isinstance(key, str) for key in keys)):
        raise InputError(f"tfds:{name} does not say which features are input and label; use npz:FILE instead")
    if not hasattr(info.features[keys[1]], "names"):
        raise InputError(f"tfds:{name}: feature {keys[1]} is not a class label; only classification is supported")
    lacking = {"train", test_split} - set(info.splits)
    if lacking:
        raise InputError(f"tfds:{name} has splits {', '.join(info.splits)}; train and {test_split} are needed")
    return keys


def _read_split(builder: Any, which: str, input_key: str, label_key: str, name: str) -> Split:
    try:
        records = builder.as_data_source(split=which)
        inputs, labels = [], np.empty(len(records), np.int64)
        for row in range(len(records)):
            record = records[row]
            inputs.append(np.asarray(record[input_key]))
            labels[row] = record[label_key]
    except Exception as error:  # a format that needs TensorFlow, or damaged records
        raise cannot_read(name, which, error) from error
    shapes = {array.shape for array in inputs}
    if len(shapes) != 1:
        raise InputError(f"tfds:{name}: {which} has {len(shapes)} different input shapes; give --image-size")
    images = np.stack(inputs)
    grey = images.ndim == 4 and images.shape[3] == 1  # memjax has grey images as (height, width)
    return Split(images[..., 0] if grey else images, labels)
