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
    change but at random.  On other examples it is not.

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
    """The values of the options that every other network chooses, in the networks between them.

    One way only: with both ways, both halves are high where both chose the same option, and the interval is too short.

    Args:
      options: values of each network under each option, (networks,).
      choose: mean value by option -> the chosen options, in order.

    Returns:
      For each chosen option the values in the networks that did not choose, (networks / 2,).
    """
    chosen = choose({name: float(np.mean(values[::2])) for name, values in options.items()})
    return [options[name][1::2] for name in chosen]
