"""What a row of the table of estimators says, and calls of estimators with masks and scores of one shape."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from memjax import estimators
from memjax.types import Estimate
from tests import reference, reference_models

MODELS, EXAMPLES = 36, 8

# All four subsets of two examples, twice: 8 models.  By column, right inside and outside: 3/4 and 1/4, 4/4 and 1/4.
HAND_MASKS = np.array([[1, 1], [0, 0], [1, 0], [0, 1]] * 2, bool)
HAND_SCORES = np.array([[1, 1], [0, 0], [1, 0], [1, 1], [1, 1], [0, 1], [0, 0], [0, 1]], bool)

TESTS = (
    "hand", "probabilities", "order of models", "order of examples", "blocks", "jit", "always in or out", "constant",
    "few models", "coverage", "lengths", "masks", "not finite",
)  # fmt: skip


class Row(NamedTuple):
    """An estimator and what is true of it.

    Attributes:
      call: (masks, scores) -> arrays: a named tuple, a dict, or a single one.
      oracle: (masks, scores) -> the same, or some of it, by loops.
      hand: the main array of the world above, worked out by hand.
      truth: its expectation where each example is right with .8 by models that saw it and with .5 by others, all
        else being independent.
      in_blocks: (masks, scores, size) -> as `call`, from parts of so many models, or of so many targets at once.
      undefined: where the main array is NaN if example 0 was always in and example 1 always out.
      constant: the main array where all scores are 1.
      main: its name.
      least: models below which it refuses.
      tolerance: of the main array, absolute.
      but: generic tests that do not apply, and why.
    """

    call: Callable
    oracle: Callable
    hand: Any = None
    truth: np.ndarray | None = None
    in_blocks: Callable | None = None
    undefined: Any = np.s_[:2]
    constant: Any = 0.0
    main: str = "value"
    least: int = 1
    tolerance: float = 2e-6
    but: Mapping[str, str] = {}


HOST = {"jit": "checks values, which a jit does not have"}
NO_MERGE = "no merge: medians, ranks and the like are of all models at once"
WEIGHTS = {
    "always in or out": "a weight that no model tells anything of is 0: it is the penalty's say",
    "coverage": "no interval: weights are pulled towards 0",
}


def arrays(found):
    """What an estimator found, by name; what is not there (None) is left out."""
    fields = found._asdict() if hasattr(found, "_asdict") else found if isinstance(found, dict) else {"value": found}
    return {name: np.asarray(values) for name, values in fields.items() if values is not None}


def own(masks, scores):
    return np.diag(reference.mean_difference(masks, scores))


def mirrored(masks, scores):
    """The masks of the even models, each followed by its opposite."""
    half = np.repeat(masks[::2], 2, axis=0)
    half[1::2] ^= True
    return half, scores


def added(totals, masks, scores, size):
    starts = range(0, len(masks), size)
    return estimators.add_totals(*(totals(masks[s : s + size], scores[s : s + size]) for s in starts))


def by_parts(totals, **words):
    return lambda m, s, size: estimators.estimate_of(added(totals, m, s, size), **words)


def from_pairs(masks, scores, tile=(3, 5)):
    """Every pair that is defined, found in tiles."""
    mem = np.zeros(np.shape(masks)[-1])
    pairs = estimators.strong_pairs(masks, scores, mem, mem_threshold=-np.inf, infl_threshold=-np.inf, tile=tile)
    value, stderr = np.full((2, *mem.shape, np.shape(scores)[-1]), np.nan)
    value[pairs.tr_idx, pairs.tt_idx], stderr[pairs.tr_idx, pairs.tt_idx] = pairs.infl, pairs.infl_stderr
    num_in = np.asarray(masks).sum(0)[:, None]
    return Estimate(value, stderr, num_in, len(masks) - num_in)


def two_sides(sides):
    return {name: np.stack([getattr(side, name) for side in sides]) for name in ("count", "mean", "variance")} | {
        "stderr": np.sqrt(np.stack([side.variance for side in sides]))
    }


def influences(masks, scores):
    """Influence, its standard error and memorization."""
    found = estimators.influence(masks, scores)
    return np.asarray(found.value), np.asarray(found.stderr), np.asarray(estimators.memorization(masks, scores).value)


def selected(masks, scores, size=EXAMPLES):
    """Pairs as a matrix, found so many rows at a time."""
    infl, stderr, mem = influences(masks, scores)
    columns, value = np.arange(infl.shape[1]), np.full(infl.shape, np.nan)
    parts = [np.arange(len(infl))[start : start + size] for start in range(0, len(infl), size)]
    pairs = [estimators.select_pairs(infl[rows], stderr[rows], mem[rows], rows, columns) for rows in parts]
    joined = estimators.join_pairs(pairs)
    value[joined.tr_idx, joined.tt_idx] = joined.infl
    return value


def listed(masks, scores, size=EXAMPLES):
    infl, stderr, _ = influences(masks, scores)
    parts = [np.s_[start : start + size] for start in range(0, len(infl), size)]
    found = estimators.join_extremes([estimators.extremes(infl[part], stderr[part], 3) for part in parts])
    return {"helped_infl": found.helped_infl, "hurt_infl": found.hurt_infl}


def counted(masks, scores):
    return estimators.count_pairs(*np.nonzero(np.isfinite(selected(masks, scores))))


def as_logits(scores):
    """Of two classes, of which the given one has probability 1/4 or 3/4."""
    given = 0.25 + 0.5 * jnp.asarray(scores, jnp.float32)
    return jnp.log(jnp.stack([1 - given, given], -1))


def targets(masks):
    """Two models under attack, with scores that depend on no shadow model."""
    return np.repeat(np.float32([[0.3], [0.8]]), np.shape(masks)[1], axis=1)


def lira(variant, variance, hand, undefined):
    no_hand = {"hand": "of its prior there is no closed form: test_lira"} if hand is None else {}
    return Row(
        lambda m, s: estimators.lira(m, s, targets(m), variant, variance=variance),
        lambda m, s: reference_models.likelihood_ratio(m, s, targets(m), variant, variance),
        hand,
        undefined=undefined,
        tolerance=1e-3,
        but={"coverage": "a ratio, not an estimate of anything", "blocks": NO_MERGE} | no_hand,
    )


def outsiders(masks):
    """Log odds of three examples of a population under the shadow models, and under both targets."""
    shadow = np.linspace(-2, 2, 3) + np.linspace(-1, 1, len(masks))[:, None] ** 2
    return shadow.astype(np.float32), np.float32([[-1.5, 0.2, 1.1], [0.3, -0.4, 2.5]])


def rmia(gamma, offline, undefined):
    return Row(
        lambda m, s: estimators.rmia(m, s, targets(m), *outsiders(m), gamma, offline),
        lambda m, s: reference_models.dominated(m, s, targets(m), *outsiders(m), gamma, offline),
        undefined=undefined,
        but=HOST
        | {"hand": "test_rmia", "coverage": "a rank, not an estimate of anything", "blocks": NO_MERGE}
        | {"order of models": "the models of the population would have to move too"}
        | {"constant": "its rank depends on the population"},
    )


def of_every_pair(masks, scores):
    rows, columns = np.indices((np.shape(masks)[1], np.shape(scores)[1])).reshape(2, -1)
    return estimators.pair_p_values(masks, scores, rows, columns).reshape(np.shape(masks)[1], -1)


def linear(method, fit, unit, multiples):
    return Row(
        lambda m, s: {name: getattr(method(m, s), name) for name in ("weights", "bias")},
        lambda m, s: reference_models.linear_models(fit, unit, multiples, m, s),
        in_blocks=lambda m, s, size: {name: getattr(method(m, s, tile=size), name) for name in ("weights", "bias")},
        main="weights",
        least=4,
        tolerance=2e-3,
        but=HOST | WEIGHTS | {"hand": "its penalty is chosen on models held out; that of the lasso is given"}
        | {"order of models": "model t is held out in fold t mod 4"}
        | {"few models": "of a model a fold nothing can be told: many penalties are equally good"},
    )  # fmt: skip


def score_of(masks, scores):
    """The linear datamodeling score of knowing that each example depends on itself alone, without its bootstrap."""
    found = estimators.linear_datamodeling_score(np.eye(np.shape(masks)[1]), masks, scores, fitted_masks=None)
    return {"value": found.value, "each": found.each}


def in_two(masks, scores):
    order, half = np.random.default_rng(0).permutation(len(masks)), len(masks) // 2
    return reference.split_halves(masks, scores, (order[:half], order[half : 2 * half]))


def first_ones(value):
    """Rows of the smallest numbers first, NaN last; of equal ones the first."""
    return sorted(range(len(value)), key=lambda i: (np.isnan(value[i]), value[i] if value[i] == value[i] else 0, i))
