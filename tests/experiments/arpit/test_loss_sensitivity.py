import numpy as np
import pytest

from experiments.arpit.loss_sensitivity import over_steps, scaled_down
from memjax.data import Parts, Split, make_dataset


def test_the_mean_over_steps_has_every_number_of_them():
    """From 0 to 10 steps the mean is 1, from 10 to 100 it is 2."""
    sensitivity = np.array([[[0.0], [2.0], [2.0]]])

    np.testing.assert_allclose(over_steps(sensitivity, (0, 10, 100)), [[0.1 * 1 + 0.9 * 2]])


@pytest.mark.parametrize("kind", ["real", "random inputs"])
def test_inputs_at_half_the_size_have_the_scale_of_those_at_full_size(kind):
    class Some:
        data_seed = 0

        def loaded(self, kind, per_class, data_seed):
            rng = np.random.default_rng(0)
            smooth = np.repeat(np.repeat(rng.integers(0, 256, (50, 14, 14, 1)), 2, 1), 2, 2)
            inputs = smooth if kind == "real" else rng.integers(0, 256, (50, 28, 28, 1))
            labels = np.arange(50) % 10
            half = Split(inputs.astype(np.uint8), labels)
            return make_dataset("made", Parts(half, half, tuple("abcdefghij")))

    inputs, _ = scaled_down(Some(), kind, 0, 5)

    assert inputs.shape == (50, 14 * 14)
    assert inputs.std() == pytest.approx(1, rel=1e-5)
