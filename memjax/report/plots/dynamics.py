"""Figures of recorded dynamics, as functions of arrays; `memjax.report.plots` has them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from memjax.errors import InputError
from memjax.report.page.dynamics_figures import EPOCH_TICKS, root_ticks
from memjax.report.page.figures import MEMORIZED
from memjax.report.plots.artists import BLUE, GREY, ORANGE, note, single, vector

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_speed(learned: ArrayLike, mem: ArrayLike, *, threshold: float = MEMORIZED) -> "Figure":
    """Epochs until an example is learned against its memorization, on an axis of log(1 + epochs).

    Args:
      learned: (train,) epochs, such as tr_learned_in of dynamics.npz, or `dynamics.first_learned` over models.
      mem: (train,) memorization.  Where either is NaN the example is left out, and counted in a note.
      threshold: of memorization, marked by a line.

    Reference:
      The first learning event of Toneva et al., An Empirical Study of Example Forgetting during Deep Neural Network
      Learning, 2019, arXiv 1812.05159, section 3.
    """
    learned, mem = vector("learned", learned), vector("mem", mem)
    if len(learned) != len(mem):
        raise InputError(f"lengths {len(learned)} and {len(mem)} differ; expected one of each an example")
    known = np.isfinite(learned) & np.isfinite(mem)
    figure, axes = single(5.6, 3.8)
    opacity = float(np.clip(400 / max(1, known.sum()), 0.05, 0.7))
    axes.scatter(learned[known], mem[known], s=12, color=BLUE, alpha=opacity, linewidths=0)
    axes.axhline(threshold, color=ORANGE, linewidth=1, linestyle="--")
    if not known.all():
        note(axes, f"{int((~known).sum()):,} undefined")
    axes.set_xscale("function", functions=(lambda epochs: np.log1p(np.maximum(epochs, 0)), np.expm1))
    low, high = (learned[known].min(), learned[known].max()) if known.any() else (0.0, 1.0)
    ticks = [tick for tick in EPOCH_TICKS if low - 0.5 <= tick <= high + 0.5]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set(xlabel="epochs until learned", ylabel="memorization")
    return figure


def loss_trajectories(loss: ArrayLike, epochs: ArrayLike | None = None, *, shown: int = 10) -> "Figure":
    """The loss of the easiest and the hardest examples while models train, and the mean of all.

    Easiest and hardest are the lowest and highest means over the records.  Heights are square roots, so that small
    losses are told apart.

    Args:
      loss: (train, epochs), such as tr_loss_out of dynamics.npz; rows that are not finite are left out.
      epochs: after how many epochs each record was taken; by default 1, 2, 3, ...
      shown: examples at either end.

    Reference:
      Arpit et al., A Closer Look at Memorization in Deep Networks, 2017, arXiv 1706.05394, section 3.
    """
    values = np.asarray(loss, np.float64)
    if values.ndim != 2 or not values.size:
        raise InputError(f"loss has shape {values.shape}; expected (train, epochs)")
    places = np.arange(1, values.shape[1] + 1) if epochs is None else vector("epochs", epochs)
    if len(places) != values.shape[1]:
        raise InputError(f"there are {len(places)} epochs and {values.shape[1]} records of the loss; expected as many")
    values = values[np.isfinite(values).all(1)]
    if values.min(initial=0) < 0:
        raise InputError("loss is below 0; expected a loss, whose square root is drawn")
    order = np.argsort(values.mean(1), kind="stable")
    few = min(shown, len(order) // 2)
    figure, axes = single(5.6, 3.6)
    for name, rows, colour, style in (
        ("hardest", order[::-1][:few], ORANGE, "--"),
        ("easiest", order[:few], BLUE, "-"),
    ):
        for row in rows:
            axes.plot(places, values[row], color=colour, linewidth=1, linestyle=style, label=name)
            name = None
    if len(values):
        axes.plot(places, values.mean(0), color=GREY, linewidth=3, alpha=0.7, label="mean of all")
        axes.legend(frameon=False)
    axes.set_yscale("function", functions=(lambda height: np.sqrt(np.maximum(height, 0)), np.square))
    axes.set_yticks(root_ticks(max(1e-6, values.max(initial=0))))
    axes.set_xticks([place for place in axes.get_xticks() if place.is_integer() and places[0] <= place <= places[-1]])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="epochs", ylabel="loss", ylim=(0, None))
    return figure
