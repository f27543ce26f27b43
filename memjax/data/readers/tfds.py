"""Data sets prepared with TensorFlow Datasets.  Reading needs no TensorFlow and downloads nothing."""

import hashlib
import io
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from memjax.data.build import Parts, Split, clean_names, make_dataset
from memjax.data.downloads import data_dir
from memjax.disk_inputs import Stored
from memjax.errors import InputError
from memjax.store import write_atomically
from memjax.types import Dataset
from memjax.untrusted import cache_folder, read_npy

_NAME = re.compile(r"\w+(/[\w.+-]+)?(:\d+\.\d+\.\d+)?", re.ASCII)
AT_ONCE = 1024  # records read at once for their labels


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


def stored_split(builder: Any, which: str, keys: tuple[str, str], side: int, name: str) -> Split:
    """The images of a split, squares decoded when they are needed, and its labels, for which all records are read once.

    `keys` are the names of the input feature and the label feature.
    """
    from tensorflow_datasets.core.decode import SkipDecoding

    input_key, label_key = keys
    info, feature = builder.info, builder.info.features[input_key]
    if getattr(feature, "encoding_format", None) is None and not hasattr(feature, "use_colormap"):
        raise InputError(f"tfds:{name}: feature {input_key} is no image; --stream and --image-size are for images")
    channels = feature.shape[-1]
    split = info.splits[which]
    identity = f"tfds {info.full_name} {which} {split.shard_lengths} {split.num_bytes}"
    try:
        records = builder.as_data_source(split=which, decoders={input_key: SkipDecoding()})
        age = (Path(builder.data_path) / "dataset_info.json").stat().st_mtime_ns  # of data prepared again, another time
        labels = _labels(records, label_key, f"{identity} {builder.data_path} {age}")
    except Exception as error:  # a format that needs TensorFlow, or damaged records
        raise cannot_read(name, which, error) from error

    def read(rows: np.ndarray) -> np.ndarray:
        try:
            images = [decoded(record[input_key], side, channels) for record in records.__getitems__(rows.tolist())]
        except Exception as error:
            raise cannot_read(name, which, error) from error
        return np.stack(images) if images else np.empty((0, *shape), np.uint8)

    shape = (side, side, channels) if channels > 1 else (side, side)
    return Split(Stored(read, np.arange(len(labels)), shape, np.dtype(np.uint8), f"{identity} {side}"), labels)


def decoded(data: bytes, size: int, channels: int) -> UInt8[np.ndarray, "size size *channels"]:
    """The largest square in the middle of a JPEG or PNG image, scaled to `size` pixels; grey if there is one channel.

    Raises:
      OSError: the bytes are no JPEG or PNG image.
    """
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        image.draft(mode, (size, size))  # decodes a JPEG at its smallest scale that is large enough
        square = ImageOps.fit(image.convert(mode), (size, size), Image.Resampling.BICUBIC)
    return np.asarray(square)


def cannot_read(name: str, which: str, error: Exception) -> InputError:
    """The error for a split that cannot be read."""
    reason = " ".join(str(error).split())[:200]
    return InputError(f"tfds:{name}: {which} cannot be read: {reason}; prepare it as array_record")


def _labels(records: Any, key: str, identity: str) -> np.ndarray:
    """The labels, stored in the user's cache, because reading those of ImageNet means reading 150 GB."""
    path = cache_folder("labels") / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.npy"
    with suppress(InputError):  # missing or damaged
        labels = read_npy(path)
        if labels.shape == (len(records),) and labels.dtype == np.int64:
            return labels
    labels = _read_labels(records, key)
    with suppress(OSError):  # without a cache that can be written, labels are read each time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda stream: np.save(stream, labels))
    return labels


def _read_labels(records: Any, key: str) -> np.ndarray:
    labels = np.empty(len(records), np.int64)
    for start in range(0, len(records), AT_ONCE):
        rows = range(start, min(start + AT_ONCE, len(records)))
        labels[rows.start : rows.stop] = [record[key] for record in records.__getitems__(list(rows))]
    return labels
