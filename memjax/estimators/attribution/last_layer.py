"""What the last layer gets, as features of an example: their similarity, and the representer theorem."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from memjax.errors import InputError
from memjax.estimators.attribution.gradient_dot import as_gradients, mean_products, of_length_one
from memjax.estimators.attribution.gradients import Network
from memjax.types import ArrayLike, Tree

AT_ONCE = 512  # examples computed at a time


def last_layer_features(
    network: Network, params: Tree, state: Tree, inputs: ArrayLike
) -> Float[np.ndarray, "models examples width"]:
    """The inputs of the last, dense layer: its weights W in logits = features @ W + bias tell them by their gradient.

    Args:
      network, params, state, inputs: as of `per_example_gradients`, with a models axis.

    Raises:
      InputError: the network does not end with a dense layer, whose weights are one array (width, classes).
    """
    inputs = jnp.asarray(inputs)
    leaves, _ = jax.tree.flatten(params)
    one, its_state = jax.tree.map(lambda leaf: leaf[0], (params, state))
    classes = network(one, its_state, inputs[:1]).shape[-1]
    for place in reversed([place for place, leaf in enumerate(leaves) if leaf.shape[2:] == (classes,)]):
        if not _is_last(network, place, one, its_state, inputs[:2]):
            continue
        parts = [
            np.asarray(_features(network, place, params, state, inputs[start : start + AT_ONCE]))
            for start in range(0, len(inputs), AT_ONCE)
        ]
        return np.concatenate(parts, axis=1)
    raise InputError("the network does not end with a dense layer whose weights are one array (width, classes)")


def embedding_similarity(train_features: ArrayLike, test_features: ArrayLike) -> Float[np.ndarray, "train test"]:
    """The cosine of the features of a training and a test example, in the mean over models.

        score[i, j] = mean over models m of  h_i . h_j / (|h_i| |h_j|)

    Range [-1, 1]; 0 where features are 0.  It knows no labels: a near example of another class has a high score too.

    Args:
      train_features, test_features: (models, examples, width), of `last_layer_features`.

    Reference:
      Hanawa, Yokoi, Hara and Inui, Evaluation of Similarity-based Explanations, 2021, arXiv 2006.04528.
    """
    return mean_products(*map(of_length_one, as_gradients(train_features, test_features, "features")))


def representer(
    train_features: ArrayLike, train_probabilities: ArrayLike, train_labels: ArrayLike, test_features: ArrayLike,
    test_labels: ArrayLike, *, penalty: float,
) -> Float[np.ndarray, "train test"]:  # fmt: skip
    """The part of each test example's logit that each training example gives, by the representer theorem.

        score[i, j] = mean over models m of  ([y_i = y_j] - p_i[y_j]) / (2 penalty train)  h_i . h_j

    where p_i are the probabilities of all classes and h the features.  Where the last layer minimises mean loss +
    penalty ``|W|^2`` the scores of a test example add up to its logit (without bias); elsewhere they are a
    direction.  Sign: above 0 where training on i raises the logit of j's label.  Range: any number.

    Args:
      train_features, test_features: (models, examples, width), of `last_layer_features`.
      train_probabilities: (models, train, classes), of all classes.
      train_labels, test_labels: class numbers.
      penalty: above 0.

    Reference:
      Yeh, Kim, Yen and Ravikumar, Representer Point Selection for Explaining Deep Neural Networks, 2018,
      arXiv 1811.09720, theorem 3.1.
    """
    train, test = as_gradients(train_features, test_features, "features")
    probabilities, mine, other = (np.asarray(each) for each in (train_probabilities, train_labels, test_labels))
    if probabilities.shape[:2] != train.shape[:2] or (len(mine), len(other)) != (train.shape[1], test.shape[1]):
        raise InputError(
            f"probabilities {probabilities.shape} and {len(mine)} and {len(other)} labels do not fit features of shape "
            f"{train.shape} and {test.shape}; expected (models, train, classes) and a label an example"
        )
    if not 0 < penalty < np.inf:
        raise InputError(f"penalty is {penalty}; expected a number above 0")
    errors = (mine[:, None] == other) - probabilities[:, :, other]
    products = np.einsum("mik,mjk->mij", train, test)
    return ((errors * products).mean(0) / (2 * penalty * len(mine))).astype(np.float32)


def _by_weights(network: Network, place: int, params: Tree, state: Tree, x: Array) -> Float[Array, "width classes all"]:
    """The derivatives of all logits of one input by the array of weights at a place."""
    leaves, shape = jax.tree.flatten(params)

    def logits(weights: Array) -> Array:
        return network(jax.tree.unflatten(shape, [*leaves[:place], weights, *leaves[place + 1 :]]), state, x[None])[0]

    return jnp.moveaxis(jax.jacrev(logits)(leaves[place]), 0, -1)


def _is_last(network: Network, place: int, params: Tree, state: Tree, inputs: Array) -> bool:
    """Whether a logit depends on its own column of the weights only, and all in the same way."""
    found = jax.vmap(partial(_by_weights, network, place, params, state))(inputs)
    return bool(jnp.allclose(found, found[:, :, :1, :1] * jnp.eye(found.shape[-1]), atol=1e-6)) and bool(found.any())


@partial(jax.jit, static_argnums=(0, 1))
def _features(network: Network, place: int, params: Tree, state: Tree, inputs: Array) -> Array:
    def of_one(params, state, x):
        return _by_weights(network, place, params, state, x)[:, 0, 0]

    return jax.vmap(jax.vmap(of_one, (None, None, 0)), (0, 0, None))(params, state, inputs)
