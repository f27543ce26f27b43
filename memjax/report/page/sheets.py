"""Sheets: PNG files of many small images, so that a page of 70,000 examples has a few hundred files."""

import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from memjax.disk_inputs import Inputs
from memjax.report.page.images import Painter

SHEET_SIDE = 512  # pixels; a browser decodes small sheets quickly


class Layout(NamedTuple):
    """A sheet has `rows` rows of `columns` images; each image has `width` by `height` pixels."""

    width: int
    height: int
    columns: int
    rows: int

    @property
    def capacity(self) -> int:
        """Images in a full sheet."""
        return self.columns * self.rows


def layout_of(painter: Painter) -> Layout:
    """The layout for a data set: all its examples have one size."""
    width, height = painter.size
    return Layout(width, height, max(1, SHEET_SIDE // max(1, width)), max(1, SHEET_SIDE // max(1, height)))


def draw_sheets(painter: Painter, inputs: Inputs, order: Int[np.ndarray, " shown"]) -> Iterator[bytes]:
    """PNG files of the examples in this order; the last file has only as many rows as needed."""
    from PIL import Image

    layout = layout_of(painter)
    for start in range(0, len(order), layout.capacity):
        tiles = painter.tiles(inputs[order[start : start + layout.capacity]])
        rows = -(-len(tiles) // layout.columns)
        sheet = np.zeros((rows * layout.columns, *tiles.shape[1:]), np.uint8)
        sheet[: len(tiles)] = tiles
        colours = sheet.shape[3:]
        grid = sheet.reshape(rows, layout.columns, layout.height, layout.width, *colours).swapaxes(1, 2)
        stream = io.BytesIO()
        pixels = grid.reshape(rows * layout.height, layout.columns * layout.width, *colours)
        Image.fromarray(pixels).save(stream, format="PNG", compress_level=6)
        yield stream.getvalue()
