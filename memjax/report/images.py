"""From pixel arrays to images in the page.

Every image is encoded anew from numbers, so nothing of a file somebody else wrote reaches the reader's browser.
"""

import base64
import io
from typing import NamedTuple

import numpy as np

LARGEST_SIDE = 160  # pixels; larger images are reduced
STRIP_HEIGHT = 24


class Picture(NamedTuple):
    """An image as the page shows it.

    Attributes:
      uri: a PNG as a data URI.
      width, height: in pixels.
      kind: "pixels" (few, shown as squares), "photo", or "strip" (a vector, one grey cell a feature).
    """

    uri: str
    width: int
    height: int
    kind: str


class Painter:
    """Draws examples of one data set, all on the same scale."""

    def __init__(self, inputs: np.ndarray):
        shape = inputs.shape[1:]
        self.is_image = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
        self.low, self.high = _scale(inputs, self.is_image)

    def __call__(self, example: np.ndarray) -> Picture:
        """One example, (height, width), (height, width, 1 or 3) or anything else as a strip of its numbers."""
        from PIL import Image

        pixels = self._to_bytes(example)
        if not self.is_image:
            image = _strip(pixels.reshape(-1))
            return Picture(_png_uri(image), image.width, image.height, "strip")
        image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        kind = "pixels" if max(image.size) <= 64 else "photo"
        return Picture(_png_uri(image), image.width, image.height, kind)

    def _to_bytes(self, example: np.ndarray) -> np.ndarray:
        spread = np.where(self.high > self.low, self.high - self.low, 1.0)
        unit = (np.nan_to_num(example.astype(np.float64), posinf=0, neginf=0) - self.low) / spread
        return np.ascontiguousarray((unit.clip(0, 1) * 255).round().astype(np.uint8))


def _scale(inputs: np.ndarray, is_image: bool) -> tuple[np.ndarray, np.ndarray]:
    """What is drawn black and what white.  One scale for all of an image; one a feature where features may differ."""
    axis = None if is_image else 0
    if inputs.dtype == np.uint8 and is_image:
        # Most bytes are pixels as they are; a smaller maximum means another range, as 0 .. 16 of scikit-learn's digits.
        highest = inputs.max(initial=0)
        return np.asarray(0.0), np.asarray(255.0 if highest > 127 else float(highest))
    finite = np.isfinite(inputs)
    low = np.min(inputs, axis=axis, where=finite, initial=_highest(inputs.dtype))
    high = np.max(inputs, axis=axis, where=finite, initial=_lowest(inputs.dtype))
    some = finite.any(axis=axis)
    return np.where(some, low, 0).astype(np.float64), np.where(some, high, 0).astype(np.float64)


def _highest(dtype: np.dtype) -> float | int | bool:
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).max)
    return True if dtype.kind == "b" else np.inf


def _lowest(dtype: np.dtype) -> float | int | bool:
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min)
    return False if dtype.kind == "b" else -np.inf


def _strip(features: np.ndarray):
    """A vector of bytes as one row of grey cells; where there are too many for the page, neighbours are averaged."""
    from PIL import Image

    row = Image.fromarray(features[None, :])
    width = min(len(features), LARGEST_SIDE)
    return row.resize((width, 1), Image.Resampling.BOX).resize((width, STRIP_HEIGHT), Image.Resampling.NEAREST)


def _png_uri(image) -> str:
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
