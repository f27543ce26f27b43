"""The bar that a run shows while it trains."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[tqdm]:
    """Models done, models a second and time left, on the error stream; nothing if all are done already.

    Where nobody watches (a log file), a line every 30 seconds.
    """
    watched = sys.stderr.isatty()
    layout = "training {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} models [{elapsed} < {remaining}, {rate_noinv_fmt}]"
    with tqdm(
        total=total,
        initial=done,
        unit=" models",
        bar_format=layout if watched else layout.replace("|{bar}|", "") + "\n",
        dynamic_ncols=watched,
        mininterval=0.1 if watched else 30,
        disable=done >= total,
    ) as bar:
        yield bar
