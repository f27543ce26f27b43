"""Prediction depth: the first layer from which a k-NN vote agrees with the network's prediction."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from memjax.dynamics.split import AnyArray
from memjax.errors import InputError
from memjax.models import layers_of
from memjax.types import ArrayLike, Model, Tree


def prediction_depth(
    support: Sequence[Shaped[AnyArray, "support ..."]], labels: Int[AnyArray, " support"],
    queries: Sequence[Shaped[AnyArray, "queries ..."]], predictions: Int[AnyArray, " queries"], k: int = 30,
    own: Int[AnyArray, "..."] | None = None, at_once: int = 64,
) -> Float[np.ndarray, " queries"]:  # fmt: skip
    """The first layer from which the k-nearest-neighbour votes of all layers agree with the network's prediction.

        depth[q] = min { l : vote of the k nearest of layer m = prediction[q] for all m >= l }

    From 0, where the neighbours of the input already agree, to the number of layers - 1.  High: an example that the
    network finds difficult.  NaN where the vote of the last layer disagrees with the network.

    Args:
      support: one embedding per layer, from the inputs to the outputs, of the examples that the network trained on.
      labels: the labels of these examples, as the network was trained on them.
      queries: embeddings of the examples whose depth is wanted, from the same layers.
      predictions: the network's predictions for the queries.
      k: neighbours that vote, by Euclidean distance.  Of equally near ones those that come first in `support`; of
        classes with equally many votes the one with the smallest number.
      own: for each query its row in `support`, which does not vote; -1 where it is not in `support`.
      at_once: queries whose distances to all of `support` are in memory at the same time.

    Reference:
      Baldock, Maennel and Neyshabur, Deep Learning Through the Lens of Example Difficulty, 2021, arXiv 2106.09647; the
      order of equally near examples and of equal votes is ours.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    own = np.full(len(predictions), -1) if own is None else np.asarray(own)
    layers = _checked(support, labels, queries, predictions, own)
    most = len(labels) - bool((own >= 0).any())
    if not 1 <= k <= most:
        raise InputError(f"k is {k}; give a number from 1 to {most}, the neighbours that there are")
    classes = int(max(labels.max(), predictions.max(initial=0))) + 1
    votes = np.stack([_vote(*pair, labels, own, k, classes, at_once) for pair in layers])
    wrong = votes != predictions
    last_wrong = len(votes) - np.argmax(wrong[::-1], axis=0)  # layers up to the last that disagrees
    depth = np.where(wrong.any(0), last_wrong, 0)
    return np.where(depth < len(votes), depth, np.nan)


def model_depths(
    model: Model, params: Tree, model_state: Tree, inputs: Float[AnyArray, "train ..."],
    labels: Int[AnyArray, " train"], mask: Bool[AnyArray, " train"], k: int = 30, at_once: int = 64,
) -> Float[np.ndarray, " train"]:  # fmt: skip
    """The prediction depth of every training example in one network, whose neighbours are those that it trained on.

    An example that the network trained on does not vote on itself.  Layers are the inputs, what the network marks with
    `memjax.models.mark` (built-in networks mark each hidden block) and the softmax outputs.  Stacked over models, the
    depths go into `over_models`, which separates models that saw an example from models that did not.

    Args:
      model, params, model_state: a trained network, for example of `Training.start` and `.advance`.
      inputs: scaled as the network expects them.
      labels: as the network was trained on.
      mask: the examples that it trained on.
    """
    mask = np.asarray(mask, bool)
    if mask.shape != np.shape(labels):
        raise InputError(f"mask has shape {mask.shape}, labels {np.shape(labels)}; expected one entry per example")
    layers = [np.asarray(layer) for layer in _embeddings(model, params, model_state, jnp.asarray(inputs), at_once)]
    own = np.where(mask, np.cumsum(mask) - 1, -1)
    support = [layer[mask] for layer in layers]
    return prediction_depth(support, np.asarray(labels)[mask], layers, layers[-1].argmax(-1), k, own, at_once)


@partial(jax.jit, static_argnames=("model", "at_once"))
def _embeddings(
    model: Model, params: Tree, model_state: Tree, inputs: Float[Array, "train ..."], at_once: int
) -> list[Float[Array, "train features"]]:
    def single(one: Array) -> list[Array]:
        return [layer[0].ravel().astype(jnp.float32) for layer in layers_of(model, params, model_state, one[None])]

    return jax.lax.map(single, inputs, batch_size=at_once)


@partial(jax.jit, static_argnames=("k", "classes", "at_once"))
def _vote(
    support: Float[AnyArray, "support features"], queries: Float[AnyArray, "queries features"],
    labels: Int[AnyArray, " support"], own: Int[AnyArray, " queries"], k: int, classes: int, at_once: int,
) -> Int[Array, " queries"]:  # fmt: skip
    """The class of most of the k nearest.  Distances are sums of squared differences, 0 for equal embeddings."""
    support, labels = jnp.asarray(support), jnp.asarray(labels)

    def one(query: tuple[Array, Array]) -> Array:
        distance = jnp.square(support - query[0]).sum(-1)
        distance = jnp.where(jnp.arange(len(support)) == query[1], jnp.inf, distance)
        nearest = jax.lax.top_k(-distance, k)[1]
        return jax.nn.one_hot(labels[nearest], classes).sum(0).argmax()

    return jax.lax.map(one, (jnp.asarray(queries), jnp.asarray(own)), batch_size=at_once)


def _checked(
    support: Sequence[ArrayLike], labels: np.ndarray, queries: Sequence[ArrayLike], predictions: np.ndarray,
    own: np.ndarray,
) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Each layer's embeddings of support and queries, flat."""
    if len(support) != len(queries) or not len(support):
        raise InputError(f"support has {len(support)} layers, queries {len(queries)}; expected the same, at least one")
    pairs = []
    for number, pair in enumerate(zip(support, queries, strict=True)):
        known, asked = (np.asarray(layer, np.float32).reshape(len(layer), -1) for layer in pair)
        if (len(known), len(asked)) != (len(labels), len(predictions)) or known.shape[1] != asked.shape[1]:
            raise InputError(
                f"layer {number} has shapes {known.shape} and {asked.shape}; expected {len(labels)} and "
                f"{len(predictions)} examples, of equally many features"
            )
        if not (np.isfinite(known).all() and np.isfinite(asked).all()):
            raise InputError(f"layer {number} holds values that are not finite numbers; leave out models that diverged")
        pairs.append((known, asked))
    if own.shape != predictions.shape:
        raise InputError(f"own has shape {own.shape}; expected one entry per query, {predictions.shape}")
    return pairs
