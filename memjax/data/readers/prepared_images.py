"""Images of a data set prepared with TensorFlow Datasets.  They stay in array_record files until they are needed."""

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from memjax.data.build import Split
from memjax.disk_inputs import Stored
from memjax.errors import InputError
from memjax.store import write_atomically
from memjax.untrusted import cache_folder, read_npy

AT_ONCE = 1024  # records read at once for their labels


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
