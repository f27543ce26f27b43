"""How slowdowns are compared where networks do not converge in time."""

import numpy as np
from scipy.stats import binom

from experiments.arpit.time_to_convergence import LEVELS, compared, verdicts_of


def slowdown(rng, epochs: dict[str, tuple[float, ...]], spread: float = 0.25, last: int = 200):
    """The verdicts on the two narrow widths, of networks with these epochs on average by level, narrow to wide."""
    times = {kind: np.exp(spread * rng.normal(size=(6, 3))) * epochs[kind] for kind in LEVELS}
    wide = {kind: np.where(values < last, values, np.nan) for kind, values in times.items()}
    large = {kind: np.ones((6, 3)) for kind in LEVELS}
    return verdicts_of(wide, large, last, (16, 64, 256), (15, 30, 60), 1.0)[2:4]


def test_lower_bounds_leave_an_end_open():
    sure, never = np.array([[40.0, 4.0], [44.0, 5.0], [48.0, 4.0]]), np.full((3, 1), np.nan)

    def ends(noise, real):
        return [bool(np.isinf(end)) for end in compared(noise, real, 50)[1:3]]

    assert ends(sure, sure + 1) == [False, False]
    assert ends(np.hstack([never, sure[:, 1:]]), sure) == ends(sure, np.hstack([sure[:, :1], never])) == [False, True]
    assert ends(np.hstack([sure[:, :1], never]), sure) == ends(sure, np.hstack([never, sure[:, 1:]])) == [True, False]
    assert compared(np.full((3, 2), np.nan), sure, 50)[1:] == (-np.inf, np.inf, 0)


def test_networks_that_are_in_time_by_chance_do_not_make_noise_slower_or_faster():
    """Noise is slower by as much at each width, and chance decides whether it is in time at the narrowest."""
    rng, times = np.random.default_rng(0), 400
    epochs = {"real": (60, 55, 5), "inputs half random": (60, 55, 5), "random inputs": (180, 165, 15)}
    words = np.array([[verdict.word for verdict in slowdown(rng, epochs)] for _ in range(times)])

    most = binom.ppf(0.999, times, 0.025)
    assert ((words == "supported").sum(0) <= most).all()
    assert ((words == "not supported").sum(0) <= most).all()


def test_a_slowdown_is_found_unless_an_open_end_hides_it():
    rng = np.random.default_rng(0)
    epochs = {"real": (20, 10, 5), "inputs half random": (20, 10, 5), "random inputs": (900, 80, 10)}

    def words(**other):
        return [verdict.word for verdict in slowdown(rng, epochs | other, 0.02)]

    assert words() == ["supported", "supported"]  # the end hides how much slower noise is at the narrowest width
    assert words(real=(900, 10, 5)) == ["undecided", "supported"]  # and here, whether it is
