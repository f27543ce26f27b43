"""What is chosen on some cases and judged on others, so that chance is not mistaken for a choice."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from memjax import dynamics


class Stopped(NamedTuple):
    """What early stopping does to the networks that judge it; means over both ways of the halves of the examples.

    Attributes:
      gain: (models / 2,) held-out accuracy at the chosen epoch minus that at the last one.
      accuracy: (models / 2,) held-out accuracy at the chosen epoch.
      epochs: (2,) the chosen place among the epochs, by either half of the examples.
    """

    gain: np.ndarray
    accuracy: np.ndarray
    epochs: np.ndarray

    def at(self, curves: np.ndarray) -> np.ndarray:
        """What curves of all networks, (models, epochs), say at these epochs of those that judge; (models / 2,)."""
        return curves[1::2, self.epochs].mean(1)


def stopped_early(correct: np.ndarray, masks: np.ndarray, rows: np.ndarray, seed: int) -> Stopped:
    """Stops networks at the epoch that is best for other networks and other held-out examples.

    Every other network chooses on one half of the examples, and the networks between are judged on the other half.

    The best of several epochs is better than the last one on the examples that choose it, and in the networks that
    choose it, even where accuracy does not change but at random: networks waver from epoch to epoch on all examples.
    In other networks and on other examples it is not.

    Args:
      correct: (models, epochs, train).
      masks: (models, train) what each network trained on.
      rows: (train,) the examples that count, such as those with a clean label.
    """
    half = np.random.default_rng(seed).permutation(len(rows)) % 2 == 0
    curves = [dynamics.over_examples(correct, masks, rows & side).outside for side in (half, ~half)]
    places = np.array([curve[::2].mean(0).argmax() for curve in curves])
    judges = [curve[1::2] for curve in curves[::-1]]
    accuracy = np.mean([judge[:, place] for judge, place in zip(judges, places, strict=True)], axis=0)
    return Stopped(accuracy - np.mean([judge[:, -1] for judge in judges], axis=0), accuracy, places)


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
