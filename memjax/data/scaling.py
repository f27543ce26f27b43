"""How inputs are scaled, and whether float32, in which networks compute, then still tells the examples apart.

Most inputs go to the devices as they are stored, and a batch is scaled there in float32.  Numbers that float32 would
round away are scaled on the host, in float64 and some rows at a time: whole numbers beyond 2^24, and features that vary
little around a large mean, such as seconds since 1970.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Shaped

from memjax.disk_inputs import Inputs
from memjax.errors import InputError

EXACT = 2**24  # whole numbers up to this one are themselves in float32
RESOLVED = 1e-6  # a feature's deviation, in units of its mean, from which float32 resolves it
SMALLEST = 1e-30  # a deviation from which float32 holds its inverse and its square
ROWS = 1024  # converted at once: a float64 copy of all images would not fit where the images do
LOOKED_AT = 2**22  # numbers from which the different values of each feature are counted


class Scaling(NamedTuple):
    """What becomes of an input: (input - origin - mean) * scale."""

    origin: Any  # in the type of the inputs, subtracted from them without rounding; None where a device may scale them
    mean: Any  # mean, scale: for each feature of vectors, each channel of images, or for all
    scale: Any

    def __call__(self, inputs: Shaped[np.ndarray, "examples ..."]) -> Float32[np.ndarray, "examples ..."]:
        """The inputs as a network gets them."""
        found = np.empty(inputs.shape, np.float32)
        for start in range(0, len(inputs), ROWS):
            part = inputs[start : start + ROWS]
            part = part.astype(np.float32) if self.origin is None else _above(part, self.origin)
            found[start : start + ROWS] = (part - self.mean) * self.scale
        return found


def scaling_of(train: Shaped[np.ndarray, "train ..."], how: str, test: Shaped[np.ndarray, "test ..."]) -> Scaling:
    """The scaling by the training inputs, `standard` or `unit`; see `TrainSpec.scaling`."""
    whole = exact(train) and exact(test)
    if how == "unit":
        largest = max(float(train.max()), -float(train.min())) or 1.0
        if whole and largest > SMALLEST:
            return Scaling(None, np.float32(0), 1 / np.float32(largest))
        return Scaling(np.zeros((), train.dtype), 0, 1 / largest)
    axes = (0, 1, 2) if train.ndim > 2 else (0,)
    mean, spread = _moments(train, axes)
    mean, spread = np.asarray(mean, np.float32), np.asarray(spread, np.float32)
    varies = spread > np.maximum(RESOLVED * np.abs(mean), SMALLEST)  # constant inputs, up to rounding, are not scaled
    low = train.min(axes)
    if whole and bool((varies | (low == train.max(axes))).all()):
        return Scaling(None, mean, np.float32(1) / np.where(varies, spread, np.float32(1)))
    mean, spread = _moments(train, axes, low)
    return Scaling(low, mean, 1 / np.where(spread > 0, spread, 1))


def narrowed(train: Inputs, test: Inputs) -> tuple[Any, Any]:
    """Floating-point inputs in memory as float32, or as float64 where float32 would not resolve a training feature."""
    sides: list[tuple[Any, bool]] = [
        (inputs, isinstance(inputs, np.ndarray) and inputs.dtype.kind == "f") for inputs in (train, test)
    ]
    with np.errstate(all="ignore"):  # numbers beyond float32, infinity and NaN are refused later
        within = all((abs(inputs) <= np.finfo(np.float32).max).all() for inputs, floats in sides if floats)
        kind = np.float32 if within and (not sides[0][1] or _resolved(sides[0][0])) else np.float64
        train, test = (inputs.astype(kind, copy=False) if floats else inputs for inputs, floats in sides)
    return train, test


def check_spread(train: Inputs, how: str, names: Sequence[str] = (), stream: bool = False) -> None:
    """Refuses a feature most of whose different values become the same number once it is scaled in float32.

    Some thousand numbers of each feature are read.  A stream divides by the largest number of its type.
    """
    if train.dtype.kind == "b" or train.dtype.itemsize <= 2:
        return
    rows = min(len(train), max(16, min(4096, LOOKED_AT // math.prod(train.shape[1:]))))
    some = train[np.linspace(0, len(train) - 1, rows).astype(np.int64)]
    scaled = some.astype(np.float32) if stream else scaling_of(train[:], how, train[:0])(some)
    ordered = (np.sort(values.reshape(rows, -1), axis=0) for values in (some, scaled))
    before, after = (1 + (np.diff(values, axis=0) != 0).sum(0) for values in ordered)  # different values of features
    lost = np.flatnonzero(2 * after <= before)
    if not lost.size:
        return
    column, place = some.reshape(rows, -1)[:, lost[0]], np.unravel_index(lost[0], train.shape[1:])
    name = repr(names[lost[0]]) if names else ", ".join(map(str, place))
    advice = "clip the values far from the rest, or leave their rows out"
    if how == "unit":
        advice = "subtract the feature's mean in float64 and divide by its deviation" + (
            "" if stream else ", or give --scaling standard"
        )
    elif train.ndim > 2:
        advice = "give the inputs as vectors, x.reshape(len(x), -1), so that each feature is scaled on its own"
    raise InputError(
        f"feature {name} of the training inputs goes from {column.min():.17g} to {column.max():.17g}, and float32, in "
        f"which networks compute, keeps {after[lost[0]]} of its {before[lost[0]]} different values; {advice}"
    )


def exact(inputs: np.ndarray) -> bool:
    """Whether each input is itself in float32."""
    if inputs.dtype.kind not in "iu" or inputs.dtype.itemsize <= 2 or not inputs.size:
        return inputs.dtype.itemsize <= 4 or inputs.dtype.kind != "f"
    return int(inputs.min()) >= -EXACT and int(inputs.max()) <= EXACT


def _resolved(inputs: np.ndarray) -> bool:
    """Whether float32 resolves each feature at each place."""
    if inputs.dtype.itemsize <= 4:
        return True
    mean, spread = _moments(inputs, (0,))
    return not bool(((spread <= np.maximum(RESOLVED * np.abs(mean), SMALLEST)) & (inputs.min(0) < inputs.max(0))).any())


def _moments(inputs: np.ndarray, axes: tuple[int, ...], origin: Any = None) -> tuple[Any, Any]:
    """Mean and standard deviation, above an origin if there is one, in float64."""

    def parts():
        for start in range(0, len(inputs), ROWS):
            part = inputs[start : start + ROWS]
            yield part if origin is None else _above(part, origin)

    count = math.prod(inputs.shape[axis] for axis in axes)
    mean = sum(part.sum(axes, dtype=np.float64) for part in parts()) / count
    return mean, np.sqrt(sum(np.square(part - mean).sum(axes) for part in parts()) / count)


def _above(inputs: np.ndarray, origin: Any) -> np.ndarray:
    """inputs - origin in float64.  Of whole numbers the difference itself is exact, however large they are."""
    if inputs.dtype.kind == "f":
        return inputs.astype(np.float64) - origin
    wide, start = inputs.astype(np.uint64), np.asarray(origin).astype(np.uint64)  # modulo 2^64
    return np.where(inputs >= origin, (wide - start).astype(np.float64), -(start - wide).astype(np.float64))
