"""The user's own data: NumPy and JAX arrays, torch tensors and lists; frames and data sets of other libraries."""

from typing import Any

import numpy as np

from memjax.config.specs import TableSpec
from memjax.errors import InputError, refuse_masked


def as_inputs(which: str, inputs: Any) -> np.ndarray:
    """The inputs as a NumPy array (examples, *shape), floating-point numbers as float32 or float64.

    Torch tensors are detached and copied to the host.

    Raises:
      InputError: the inputs cannot be read as an array of numbers.
    """
    if hasattr(inputs, "detach") and hasattr(inputs, "cpu"):
        inputs = inputs.detach().cpu()
    refuse_masked(f"{which} inputs", inputs)
    try:
        array = np.asarray(inputs)
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise InputError(
            f"{which} inputs of type {type(inputs).__name__} cannot be read as numbers: {problem} Give an array"
        ) from None
    if array.dtype.kind not in "biuf":
        what = f"{array.dtype}" if array.ndim else f"a {type(inputs).__name__}"
        raise InputError(f"{which} inputs are {what}; expected numbers, one row per example")
    if array.dtype.kind == "f":
        return array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64, copy=False)
    return array


def is_frame(inputs: Any) -> bool:
    """Whether this is a table of pandas, polars or pyarrow."""
    library = type(inputs).__module__.partition(".")[0]
    return (library == "pandas" and hasattr(inputs, "columns")) or (
        library in ("polars", "pyarrow") and hasattr(inputs, "to_pandas")
    )


def as_frame(inputs: Any) -> Any:
    """The table as a pandas data frame."""
    if not is_frame(inputs):
        raise InputError(f"a {type(inputs).__name__} is given beside a table; give both as tables of the same columns")
    if hasattr(inputs, "to_pandas"):
        try:
            inputs = inputs.to_pandas()
        except ImportError as problem:
            raise InputError(f"the table needs pyarrow ({problem}); pip install 'memjax[tables]'") from None
    repeated = inputs.columns[inputs.columns.duplicated()]
    if len(repeated):
        raise InputError(f"the table names column {repeated[0]!r} twice; give each column its own name")
    return inputs


def ids_of(frame: Any) -> np.ndarray | None:
    """The index of a data frame, where it names each row and says more than its number."""
    counts = type(frame.index).__name__ == "RangeIndex" or frame.index.has_duplicates
    return None if counts else np.asarray(frame.index)


def is_collection(inputs: Any) -> bool:
    """Whether this hands out examples one by one: a `datasets.Dataset`, a torch Dataset or DataLoader."""
    return _is_hugging_face(inputs) or (
        not isinstance(inputs, np.ndarray | list | tuple | str)
        and not hasattr(inputs, "__array__") and not hasattr(inputs, "detach")
        and hasattr(inputs, "__len__") and (hasattr(inputs, "__getitem__") or hasattr(inputs, "__iter__"))
    )  # fmt: skip


def arrays_of(inputs: Any, table: TableSpec) -> tuple[Any, Any]:
    """Inputs and labels, these by their names if classes have some.

    Of a torch Dataset each item, of a DataLoader each batch, is a pair of inputs and labels.  Of a Hugging Face data
    set the labels are the column `target`, or the only column of classes; the inputs are the first column of images, or
    all other columns as a table.
    """
    if isinstance(inputs, dict):  # a DatasetDict too
        kind, call = type(inputs).__name__, "memjax.fit(data['train'], x_test=data['test'])"
        raise InputError(f"a {kind} of {', '.join(map(str, inputs))} is given; give its parts, as in {call}")
    if _is_hugging_face(inputs):
        return _hugging_face(inputs, table)
    batched = hasattr(inputs, "batch_size") and hasattr(inputs, "dataset")
    if batched and type(getattr(inputs, "sampler", None)).__name__ == "RandomSampler":
        raise InputError("the DataLoader shuffles, and its rows get other numbers each time; give shuffle=False")
    pairs = list(inputs) if batched or not hasattr(inputs, "__getitem__") else [inputs[at] for at in range(len(inputs))]
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        kind = type(inputs).__name__
        raise InputError(f"{kind} gives no pairs of inputs and labels; expected one (input, label) for each example")
    join = np.concatenate if batched else np.stack
    try:
        x, y = (join([np.asarray(value) for value in side]) for side in zip(*pairs, strict=True))
    except ValueError as problem:
        raise InputError(f"the inputs do not have one shape ({problem}); resize them in the transform") from None
    if batched and len(y) < len(inputs.dataset):
        raise InputError(
            f"the DataLoader gives {len(y)} of the {len(inputs.dataset)} examples of its data set; give drop_last=False"
        )
    names = tuple(getattr(getattr(inputs, "dataset", inputs), "classes", ()))
    if x.ndim == 4 and x.shape[1] in (1, 3) and x.shape[3] not in (1, 3):
        x = x.transpose(0, 2, 3, 1)  # torch has channels first
    return x, _named(y, names)


def _hugging_face(inputs: Any, table: TableSpec) -> tuple[Any, Any]:
    features = inputs.features
    classes = [name for name, kind in features.items() if hasattr(kind, "names")]
    images = [name for name, kind in features.items() if type(kind).__name__ == "Image"]
    target = table.target or (classes[0] if len(classes) == 1 else "")
    if target not in features:
        raise InputError(f"which column has the labels? Give target=COLUMN, one of: {', '.join(features)}")
    names, labels = tuple(getattr(features[target], "names", ())), np.asarray(inputs[target])
    left_out = {target, *table.drop, table.id, table.split}
    if names and (unlabelled := int((labels < 0).sum())):
        raise InputError(f"{unlabelled} of {len(labels)} labels of {target!r} are -1: no label; leave these rows out")
    if images:
        pixels = [np.asarray(image.convert("RGB")) for image in inputs[images[0]]]
        if len({image.shape for image in pixels}) > 1:
            raise InputError(f"the images of column {images[0]!r} differ in size; resize them with inputs.map first")
        return np.stack(pixels), _named(labels, names)
    frame = inputs.to_pandas()
    inputs = frame.drop(columns=[name for name in frame.columns if name in left_out])
    return inputs, _named(labels, names)


def _named(labels: np.ndarray, names: tuple[Any, ...]) -> Any:
    """Class numbers as names in the order of their classes; as they are where the names do not fit them."""
    import pandas

    fit = labels.dtype.kind in "iu" and labels.ndim == 1 and len(set(names)) == len(names) > labels.max(initial=-1)
    if not fit or labels.min(initial=0) < 0 or not all(isinstance(name, str) for name in names):
        return labels
    return pandas.Categorical.from_codes(labels, pandas.Index(names))


def _is_hugging_face(inputs: Any) -> bool:
    return type(inputs).__module__.partition(".")[0] == "datasets" and hasattr(inputs, "features")
