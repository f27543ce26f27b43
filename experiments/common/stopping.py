"""What is chosen on some cases and judged on others, so that chance is not mistaken for a choice."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from memjax import dynamics


class Stopped(NamedTuple):
    """Early stopping of each network, (models,); means over both ways of the halves.

    Attributes:
      gain: held-out accuracy at the chosen epoch minus that at the last one, on the half that did not choose.
      accuracy: held-out accuracy at the chosen epoch, on the half that did not choose.
      epochs: (2, models) the chosen place among the epochs, by either half.
    """

    gain: np.ndarray
    accuracy: np.ndarray
    epochs: np.ndarray

    def at(self, curves: np.ndarray) -> np.ndarray:
        """What curves, (models, epochs), say at the chosen epochs; (models,)."""
        return np.mean([np.take_along_axis(curves, places[:, None], 1)[:, 0] for places in self.epochs], axis=0)


def stopped_early(correct: np.ndarray, masks: np.ndarray, rows: np.ndarray, seed: int) -> Stopped:
    """Stops each network at its best epoch by one half of its held-out examples, and judges it by the other half.

    The best of several epochs is better than the last one on the examples that choose it even where accuracy does not
    change but by chance.  On other examples it is not.

    Args:
      correct: (models, epochs, train).
      masks: (models, train) what each network trained on.
      rows: (train,) the examples that count, such as those with a clean label.
    """
    half = np.random.default_rng(seed).permutation(len(rows)) % 2 == 0
    curves = [dynamics.over_examples(correct, masks, rows & side).outside for side in (half, ~half)]
    places = np.stack([curve.argmax(1) for curve in curves])
    at, last = [], []
    for chosen, judge in zip(places, curves[::-1], strict=True):
        at.append(np.take_along_axis(judge, chosen[:, None], 1)[:, 0])
        last.append(judge[:, -1])
    return Stopped(np.mean(at, axis=0) - np.mean(last, axis=0), np.mean(at, axis=0), places)


def judged(options: dict[str, np.ndarray], choose: Callable[[dict[str, float]], list[str]]) -> list[np.ndarray]:
    """The values of the options that the other half of the networks chooses.

    Args:
      options: values of each network under each option, (networks,).
      choose: mean value by option -> the chosen options, in order.

    Returns:
      For each chosen option the values, (networks,): those of the even networks under what the odd ones chose, and
      those of the odd networks under what the even ones chose.
    """
    even = np.arange(len(next(iter(options.values())))) % 2 == 0
    found: list[np.ndarray] = []
    for half in (even, ~even):
        chosen = choose({name: float(np.mean(values[half])) for name, values in options.items()})
        found = found or [np.full(len(even), np.nan) for _ in chosen]
        for values, name in zip(found, chosen, strict=True):
            values[~half] = options[name][~half]
    return found
