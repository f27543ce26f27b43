"""Decodes image files to one size."""

import io

import numpy as np
from jaxtyping import UInt8


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
