"""Turns arrays of examples into images, and many small images into sheets, of which a large page has a few hundred.

Every image is encoded anew from numbers, so no byte of an untrusted image file reaches the reader's browser.
"""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Int

from memjax.disk_inputs import Inputs, Stored

LARGEST_SIDE = 160  # pixels; larger images are reduced
READ_FOR_SCALE = 256  # of inputs on disk, how many are read for their range
COARSE = 64  # pixels up to which an image is shown as squares
SHEET_SIDE = 512  # pixels; a browser decodes small sheets quickly


class Painter:
    """Draws images of one data set, all on the same scale.  Of other arrays it only makes tiles, which can be compared.

    `size` is the width and height of a tile in pixels; `kind` is "pixels" (few, shown as squares), "photo", or
    "vector" for other arrays.  A sheet has `rows` rows of `columns` tiles.
    """

    def __init__(self, inputs: Inputs):
        shape = inputs.shape[1:]
        self.is_image = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
        self.low, self.high = _scale(inputs, self.is_image)
        if self.is_image:
            ratio = min(1.0, LARGEST_SIDE / max(1, *shape[:2]))
            self.size = max(1, round(shape[1] * ratio)), max(1, round(shape[0] * ratio))
            self.kind = "pixels" if max(self.size) <= COARSE else "photo"
        else:
            self.size, self.kind = (min(int(np.prod(shape)), LARGEST_SIDE), 1), "vector"
        self.columns, self.rows = (max(1, SHEET_SIDE // max(1, side)) for side in self.size)

    def png(self, example: np.ndarray) -> bytes:
        """The PNG file of one example: (height, width) or (height, width, 1 or 3)."""
        return _png(self.tiles(example[None])[0], optimize=True)

    def tiles(self, examples: np.ndarray) -> np.ndarray:
        """Examples as bytes of shape (examples, height, width) or (examples, height, width, 3), all of `size`."""
        from PIL import Image

        pixels = self._to_bytes(examples)
        if not self.is_image:
            pixels = pixels.reshape(len(pixels), 1, -1)
        elif pixels.ndim == 4 and pixels.shape[3] == 1:
            pixels = pixels[..., 0]
        width, height = self.size
        if pixels.shape[1:3] == (height, width):
            return pixels
        how = Image.Resampling.BICUBIC if self.is_image else Image.Resampling.BOX  # neighbouring features: their mean
        return np.stack([np.asarray(Image.fromarray(one).resize(self.size, how)) for one in pixels])

    def _to_bytes(self, examples: np.ndarray) -> np.ndarray:
        if examples.dtype == np.uint8 and self.is_image and self.high == 255:
            return np.ascontiguousarray(examples)
        spread = np.where(self.high > self.low, self.high - self.low, 1.0)
        unit = (np.nan_to_num(examples.astype(np.float64), posinf=0, neginf=0) - self.low) / spread
        return np.ascontiguousarray((unit.clip(0, 1) * 255).round().astype(np.uint8))


def _scale(inputs: Inputs, is_image: bool) -> tuple[np.ndarray, np.ndarray]:
    """The values that are drawn black and white: one pair for all images, or one for each feature of vectors.

    Of inputs on disk, only some are read.
    """
    if isinstance(inputs, Stored):
        inputs = inputs[:: max(1, len(inputs) // READ_FOR_SCALE)]
    axis = None if is_image else 0
    if inputs.dtype == np.uint8 and is_image:
        # Most bytes are pixels as they are; a smaller maximum means another range, as 0 .. 16 of scikit-learn's digits.
        highest = inputs.max(initial=0)
        return np.asarray(0.0), np.asarray(255.0 if highest > 127 else float(highest))
    if inputs.dtype.kind in "iub":
        return np.asarray(inputs.min(axis), np.float64), np.asarray(inputs.max(axis), np.float64)
    finite = np.isfinite(inputs)
    low = np.min(inputs, axis=axis, where=finite, initial=np.inf)
    high = np.max(inputs, axis=axis, where=finite, initial=-np.inf)
    some = finite.any(axis=axis)
    return np.where(some, low, 0).astype(np.float64), np.where(some, high, 0).astype(np.float64)


def draw_sheets(painter: Painter, inputs: Inputs, order: Int[np.ndarray, " shown"]) -> Iterator[bytes]:
    """PNG files of the examples in this order; the last file has only as many rows as needed."""
    (width, height), columns, capacity = painter.size, painter.columns, painter.columns * painter.rows
    for start in range(0, len(order), capacity):
        tiles = painter.tiles(inputs[order[start : start + capacity]])
        rows = -(-len(tiles) // columns)
        sheet = np.zeros((rows * columns, *tiles.shape[1:]), np.uint8)
        sheet[: len(tiles)] = tiles
        colours = sheet.shape[3:]
        grid = sheet.reshape(rows, columns, height, width, *colours).swapaxes(1, 2)
        yield _png(grid.reshape(rows * height, columns * width, *colours), compress_level=6)


def _png(pixels: np.ndarray, **options: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", **options)
    return stream.getvalue()
