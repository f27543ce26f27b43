import numpy as np

from experiments.common.subpopulations import clusters


def test_clusters_stay_within_classes():
    rng = np.random.default_rng(0)
    inputs = np.concatenate([rng.normal(0, 0.1, (20, 2)), rng.normal(5, 0.1, (20, 2)), rng.normal(0, 0.1, (10, 2))])
    labels = np.repeat([0, 1], [40, 10])

    found = clusters(inputs, labels)

    assert [len(np.unique(found[part])) for part in (np.s_[:20], np.s_[20:40], np.s_[40:])] == [1, 1, 1]
    assert len(np.unique(found)) == 3
