"""Kernels of gradients: inner products of examples in the mean over networks, made one network at a time."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradients import MEMORY, Network, Output, per_example_gradients
from memjax.metrics import loss
from memjax.types import ArrayLike, Tree


class GradientKernels(NamedTuple):
    """Inner products of gradients, in the mean over networks.

    Attributes:
      train: of training examples with each other, both of log odds.
      test: of training examples with test examples, whose gradients are those of an output.
      wrong: 1 - p for the probability p of the label of each training example.
    """

    train: Float[np.ndarray, "train train"]
    test: Float[np.ndarray, "train test"]
    wrong: Float[np.ndarray, " train"]

    def effects(self, penalty: float = 1.0, weights: ArrayLike | None = None) -> Float[np.ndarray, "train test"]:
        """The effect of each training example on each output in weighted regression on the gradients.

            effect[i, j] = w_i  phi_i . (Phi' diag(w) Phi + penalty mean eigenvalue I)^-1 phi_j

        With w_i = 1 - p this is the influence function of logistic regression, if w is both slope and curvature of a
        loss.  Networks that trained on an example have nearly p = 1, so that few examples would have all weight: the
        square root of 1 - p predicts better, and so does a root of 1 - p of models that did not train on it.

        Sign: above 0 where training on i raises output j.  Range: any number.

        Args:
          penalty: above 0.
          weights: (train,), w_i, 0 or more; only their ratios count.  Default: the root of `wrong`.

        Reference:
          After Koh and Liang, 2017, arXiv 1703.04730, and Park et al., TRAK, 2023, arXiv 2303.14186, equation 17.
        """
        weights = np.sqrt(self.wrong) if weights is None else np.asarray(weights, np.float64)
        if weights.shape != self.wrong.shape or not ((weights >= 0) & (weights < np.inf)).all():
            raise InputError(f"weights has shape {weights.shape}; expected {len(self.wrong)} numbers of 0 or more")
        if not 0 < penalty < np.inf:
            raise InputError(f"penalty is {penalty}; expected a number above 0")
        root = np.sqrt(weights / max(weights.max(), np.finfo(np.float32).tiny))[:, None]
        square = root * self.train * root.T
        square[np.diag_indices_from(square)] += penalty * max(np.trace(square) / len(square), np.finfo(float).tiny)
        return (root * np.linalg.solve(square, root * self.test)).astype(np.float32)


def gradient_kernels(
    network: Network, params: Tree, state: Tree, train_inputs: ArrayLike, train_labels: ArrayLike,
    test_inputs: ArrayLike, test_labels: ArrayLike, output: str | Output = "log_odds", *, dims: int | None = None,
    seed: int = 0, memory: int = MEMORY,
) -> GradientKernels:  # fmt: skip
    """Kernels of the gradients of log odds of training examples, and of an output of test examples.

    Args:
      network, params, state, dims, seed, memory: as of `per_example_gradients`; more networks are better, and those
        that trained on everything are best.  The gradients of one network are in host memory at a time.
      output: of test examples.
    """
    sides = (train_inputs, train_labels, "log_odds"), (test_inputs, test_labels, output)
    num_models, labels = len(jax.tree.leaves(params)[0]), jnp.asarray(train_labels)
    losses = jax.jit(lambda params, state: loss(network(params, state, jnp.asarray(train_inputs)), labels))
    parts = []
    for number in range(num_models):
        one, its_state = jax.tree.map(lambda leaf, number=number: leaf[number : number + 1], (params, state))
        train, test = (
            per_example_gradients(network, one, its_state, *side, dims=dims, seed=seed, memory=memory)[0]
            for side in sides
        )
        wrong = -np.expm1(-np.asarray(losses(*jax.tree.map(lambda leaf: leaf[0], (one, its_state)))))
        part = GradientKernels(train @ train.T, train @ test.T, wrong)
        parts = [part if not parts else GradientKernels(*map(np.add, parts[0], part))]
    found = GradientKernels(*(each / num_models for each in parts[0]))
    if not all(np.isfinite(each).all() for each in found):
        raise InputError("gradients hold values that are not finite; leave out models that diverged")
    return found


def mean_of(kernels: Sequence[GradientKernels]) -> GradientKernels:
    """The mean of kernels of as many networks each."""
    return GradientKernels(*(reduce(np.add, parts) / len(kernels) for parts in zip(*kernels, strict=True)))
