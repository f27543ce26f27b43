"""The bar that a run shows while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[tqdm]:
    """Models done, models a second and time left, on the error stream; nothing if all are done already."""
    layout = "training {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} models [{elapsed} < {remaining}, {rate_fmt}]"
    with tqdm(
        total=total, initial=done, unit=" models", bar_format=layout, dynamic_ncols=True, disable=done >= total
    ) as bar:
        yield bar
