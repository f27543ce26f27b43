"""Influence from retrained models with kernels of gradients as a prior: fewer models for the same precision."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from memjax.errors import InputError
from memjax.estimators.attribution.gradients import MEMORY, Network, Output, per_example_gradients
from memjax.estimators.checks import as_masks_and_scores
from memjax.estimators.linear.datamodels import datamodels, folds_of
from memjax.estimators.linear.lasso import as_masks_and_outputs, as_positive, lasso
from memjax.estimators.memorization import influence, sides
from memjax.metrics import loss
from memjax.types import ArrayLike, Estimate, Tree

PENALTIES = tuple(float(penalty) for penalty in np.geomspace(0.03, 30, 7))
POWERS = (0.25, 0.5, 1.0)  # of 1 - p, to choose weights from
SHARES = (0.0, -0.5, -1.0)  # powers of the penalty factors, to choose from
NONE = -1  # the number of no fold
LEAST = 1e-9  # 1 - p of an example that all models get right
Models = Float[np.ndarray, "models test"]
Pairs = Float[np.ndarray, "train test"]


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


class WithPrior(NamedTuple):
    """Influence from gradients and retrained models together.

    Attributes:
      weights: of linear models of the outputs: the prior plus what the lasso finds beyond it.  They predict best.
      bias: the expected output of a model trained on no example.
      prior: the part of the weights that comes from gradients.
      estimate: influence with standard errors, from models that its control was not fitted to: unbiased whatever the
        prior is worth, and noisier than `weights`.
      penalty: of the kernel, as chosen on held-out models; in units of its mean eigenvalue.
      scale: the change of outputs for one unit of the gradients' effect; 0 where they predict nothing.
      held_out_r2: share of the variance of outputs over held-out models that the prior alone predicts.
      power: of the factors by which effects are multiplied, as chosen on held-out models; 0: by none.
    """

    weights: Pairs
    bias: Float[np.ndarray, " test"]
    prior: Pairs
    estimate: Estimate
    penalty: float
    scale: float
    held_out_r2: float
    power: float


def influence_with_prior(
    masks: ArrayLike, outputs: ArrayLike, kernels: GradientKernels | Sequence[GradientKernels], *,
    train_probabilities: ArrayLike | None = None, factors: ArrayLike | None = None, folds: int = 4,
    penalties: tuple[float, ...] = PENALTIES,
) -> WithPrior:  # fmt: skip
    """Influence as a linear model of outputs that starts from what gradients predict.

        weights = scale * kernels.effects(penalty, weights) * factors^power + lasso weights of what these leave

    Penalty, weights, power and scale, one for all pairs, are those that predict held-out models best: model t is held
    out in fold t mod `folds`; weights are powers of `kernels.wrong`, and of 1 - p of models that did not train on an
    example.  A power of 0, -1/2 or -1 says how much more the gradients of near neighbours of one class are worth: in
    small classes nearly all, of ten large ones no more than others.
    The lasso is `datamodels`; its weights are 0 if it predicts held-out models no better than the prior alone.

    The estimate takes the weights as a control variate: those fitted without the models of a fold are subtracted from
    the outputs of its models, influence is estimated from the remainders, and the control's own influence is added
    again.  Of the control, only penalty and powers are chosen with the models of the fold.

    Sign: above 0 where training on i raises output j.  Range: any number, in units of the outputs.

    Args:
      masks: (models, train), whether model t was trained on example i.
      outputs: (models, test), of the kind whose gradients the kernels have, or any that rises with it.
      kernels: see `gradient_kernels`; of other networks, which must not have been trained on the subsets that judge.
        Or of some of these models: one for each fold (`folds_of`), of networks in it.
      train_probabilities: (models, train), p of the given labels.  Give it where it is known: the weights are better.
      factors: (train, test), see `prior_factors`.  Give them where they are known: small classes need them.
      penalties: to choose from, above 0.

    Reference:
      After Park et al., TRAK, 2023, arXiv 2303.14186, and Ilyas et al., Datamodels, 2022, arXiv 2202.00622.
    """
    masks, outputs = as_masks_and_outputs(masks, outputs)
    parts = [kernels] if isinstance(kernels, GradientKernels) else list(kernels)
    if len(parts) not in (1, folds):
        raise InputError(f"there are kernels of {len(parts)} folds; expected {folds}, or those of other networks")
    shape = masks.shape[1], outputs.shape[1]
    for part in parts:
        if part.test.shape != shape or part.train.shape != shape[:1] * 2:
            raise InputError(
                f"the kernels are of {part.test.shape[0]} training and {part.test.shape[1]} test examples; expected "
                f"those of masks and outputs, {shape[0]} and {shape[1]}"
            )
    path = as_positive("penalties", np.array(penalties), (len(penalties),)).tolist()
    factors = as_positive("factors", 1.0 if factors is None else factors, shape)
    shares = [factors**power for power in SHARES]
    fold_of, centred = folds_of(masks, folds), masks - masks.mean(0, dtype=np.float32)
    right = None if train_probabilities is None else np.asarray(as_masks_and_scores(masks, train_probabilities)[1])

    def known(fold: int) -> tuple[GradientKernels, list[np.ndarray]]:
        """The kernel and the weights to choose from, without the networks and models of a fold."""
        used = fold_of != fold
        kernel = mean_of([part for number, part in enumerate(parts) if len(parts) == 1 or number != fold])
        wrong = [kernel.wrong, *([] if right is None else [_held_out_wrong(masks[used], right[used])])]
        return kernel, [np.maximum(each, LEAST) ** power for each in wrong for power in POWERS]

    kernel, weights = known(NONE)
    errors = np.array([[[_held_out_error(centred @ (effect * share), outputs, fold_of) for share in shares]
                        for effect in (kernel.effects(penalty, each) for penalty in path)]
                       for each in weights])  # fmt: skip
    place, number, best = (int(axis) for axis in np.unravel_index(errors.argmin(), errors.shape))
    penalty, share = path[number], shares[best]

    def prior_without(fold: int) -> tuple[float, Pairs]:
        kernel, weights = known(fold)
        effect, used = kernel.effects(penalty, weights[place]) * share, fold_of != fold
        scale = max(0.0, _slope(centred[used] @ effect, outputs[used]))
        return scale, np.float32(scale) * effect

    scale, prior = prior_without(NONE)
    left = outputs - masks @ prior
    found = datamodels(masks, left, factors=factors, folds=folds)
    gain = np.nansum(found.held_out_r2 * left.var(0))
    if gain <= 0:  # the lasso predicts held-out models no better than the prior alone
        found = found._replace(weights=np.zeros_like(prior), bias=left.mean(0))
    priors = [prior_without(fold)[1] for fold in range(folds)]
    estimate = _with_control(masks, outputs, priors, found.penalty if gain > 0 else None, factors, fold_of)
    alone = np.square(outputs - outputs.mean(0)).sum()
    return WithPrior(
        prior + found.weights, found.bias, prior, estimate, penalty, scale,
        float(1 - errors.min() / alone) if alone else float("nan"), SHARES[best],
    )  # fmt: skip


def _held_out_wrong(masks: Bool[np.ndarray, "models train"], probabilities: ArrayLike) -> Float[np.ndarray, " train"]:
    """1 - p of the label in the mean over models that did not train on an example; its mean where there are none."""
    known = np.clip(1 - np.asarray(sides(masks, probabilities)[1].mean), 0, 1)
    return np.where(np.isnan(known), np.nanmean(known) if np.isfinite(known).any() else 1, known)


def _slope(predicted: Models, outputs: Models) -> float:
    """The least-squares factor from what is predicted to the outputs, each about its mean."""
    predicted = predicted - predicted.mean(0)
    power = float(np.square(predicted).sum())
    return float((predicted * (outputs - outputs.mean(0))).sum()) / power if power else 0.0


def _held_out_error(predicted: Models, outputs: Models, fold_of: Int[np.ndarray, " models"]) -> float:
    """The sum of squares over held-out models, the scale fitted to all others."""
    total = 0.0
    for fold in np.unique(fold_of):
        used = fold_of != fold
        scale = max(0.0, _slope(predicted[used], outputs[used]))
        left = outputs - scale * predicted
        total += float(np.square(left[~used] - left[used].mean(0)).sum())
    return total


def _with_control(
    masks: Bool[np.ndarray, "models train"], outputs: Models, priors: list[Pairs],
    penalty: Float[np.ndarray, " test"] | None, factors: ArrayLike, fold_of: Int[np.ndarray, " models"],
) -> Estimate:  # fmt: skip
    """Influence of what weights fitted to the other folds leave of each fold's outputs, plus that of the weights."""
    share, inside = masks.mean(0)[:, None], masks.sum(0)[:, None]
    left, added = np.empty_like(outputs), np.zeros_like(priors[0])
    for fold, prior in enumerate(priors):
        own = fold_of == fold
        start = outputs[~own] - masks[~own] @ prior
        weights, bias = prior, start.mean(0)
        if penalty is not None:
            known = np.where(np.isfinite(penalty), penalty, 1)
            fitted = lasso(masks[~own], start, known, factors=factors, tolerance=1e-3)
            weights, bias = prior + fitted.weights, fitted.bias
        left[own] = outputs[own] - bias - masks[own] @ weights
        with np.errstate(invalid="ignore", divide="ignore"):  # always in or always out: undefined
            part = masks[own].sum(0)[:, None]
            added += weights * (part / inside * (1 - share) + (own.sum() - part) / (len(masks) - inside) * share)
        if np.ptp(masks.sum(1)) == 0:  # of subsets of one size, training on i takes the place of another example
            added -= own.mean() * (weights.sum(0) - weights) / (len(weights) - 1)
    estimate = influence(masks, left)
    return Estimate(np.asarray(estimate.value) + added, *map(np.asarray, estimate[1:]))
