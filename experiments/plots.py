"""What the figures of experiments are put together from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.claim import Interval


def panels(
    rows: int, columns: int, width: float = 4.2, height: float = 3.4, heights: Sequence[float] = ()
) -> tuple[Any, Any]:
    """A figure and its axes, (rows, columns), of `height` each or of the heights of the rows."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        rows, columns, figsize=(width * columns, sum(heights) or height * rows), layout="constrained", squeeze=False,
        height_ratios=heights or None,
    )  # fmt: skip
    return figure, axes


def band(axis: Any, x: Sequence[float], intervals: Sequence[Interval], label: str, color: str) -> None:
    """A line of values with its 95 % intervals shaded."""
    low, high = [item.low for item in intervals], [item.high for item in intervals]
    axis.plot(x, [item.value for item in intervals], marker="o", markersize=3, label=label, color=color)
    axis.fill_between(x, low, high, alpha=0.2, color=color, linewidth=0)


def image_row(axis: Any, images: np.ndarray, titles: Sequence[str], heading: str = "") -> None:
    """Images side by side on one axis, a title over each and a heading at the left."""
    axis.set_axis_off()
    count = max(1, len(images))
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        inset = axis.inset_axes((place / count, 0.0, 0.94 / count, 0.78))
        inset.imshow(as_picture(image), cmap="gray_r" if image.ndim == 2 else None, interpolation="nearest")
        inset.set_axis_off()
        inset.set_title(title, fontsize=6, pad=2)
    if heading:
        axis.text(-0.01, 0.4, heading, rotation=90, ha="right", va="center", fontsize=8, transform=axis.transAxes)


def as_picture(image: np.ndarray) -> np.ndarray:
    """From 0 to 1; a vector as one row."""
    picture = np.atleast_2d(np.asarray(image, np.float32).squeeze())
    return (picture - picture.min()) / max(float(np.ptp(picture)), 1e-9)
