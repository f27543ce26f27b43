import numpy as np

from experiments.label_errors.methods import pruned


def test_pruning_takes_the_most_suspected():
    removed = pruned({"x": np.array([0.1, 0.9, 0.5, 0.2])}, (0.0, 0.5), np.random.default_rng(0), 1)

    assert [np.flatnonzero(marks).tolist() for marks in removed["x"]] == [[], [1, 2]]
    assert [int(marks.sum()) for marks in removed["at random"]] == [0, 2]
