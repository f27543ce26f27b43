"""Loss-sensitivity: how strongly the loss after training depends on each training input."""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key

from memjax import prng
from memjax.dynamics.split import AnyArray
from memjax.errors import InputError
from memjax.types import Model

Inputs = Float[AnyArray, "train ..."]
Labels = Int[AnyArray, " train"]


class Unrolled(NamedTuple):
    """A training short enough to be differentiated as a whole.

    Attributes:
      model: the network; what is not trained by gradient is left as it begins.
      optimizer: any optax optimiser; plain SGD in the paper.
      steps: after how many steps the loss is taken, ascending, from 1.
      batch_size: examples per step, drawn in random order pass by pass; 0 takes all of them at each step.  Not said in
        the paper.
      through: "training" follows an input through the steps it was trained in and no further, since the paper asks
        for the sensitivity to a previously used training input; "both" also counts the loss of the input itself
        changing under the final weights.
    """

    model: Model
    optimizer: optax.GradientTransformation
    steps: tuple[int, ...]
    batch_size: int = 0
    through: Literal["training", "both"] = "training"

    def losses(self, key: Key[Array, ""], inputs: Inputs, labels: Labels) -> Float[Array, "steps train"]:
        """The loss of every training example after so many steps, as a function that jax can differentiate."""
        if list(self.steps) != sorted(set(self.steps)) or not self.steps or self.steps[0] < 1:
            raise InputError(f"steps is {self.steps}; give numbers from 1, each larger than the one before")
        inputs, labels = jnp.asarray(inputs), jnp.asarray(labels)
        params, model_state = self.model.init(jax.random.fold_in(key, prng.INIT))
        seen = inputs if self.through == "both" else jax.lax.stop_gradient(inputs)
        batches = self._batches(jax.random.fold_in(key, prng.ORDER), len(labels))

        def losses_of(params, inputs, labels):
            logits = self.model.apply(params, model_state, inputs, None, False)[0]
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels)

        def step(state, batch):
            params, optimizer_state = state
            gradient = jax.grad(lambda params: losses_of(params, inputs[batch], labels[batch]).mean())(params)
            update, optimizer_state = self.optimizer.update(gradient, optimizer_state, params)
            return (optax.apply_updates(params, update), optimizer_state), None

        state, found = (params, self.optimizer.init(params)), []
        for first, last in zip((0, *self.steps), self.steps, strict=False):
            state, _ = jax.lax.scan(jax.checkpoint(step), state, batches[first:last])  # kept: the state of each step
            found.append(losses_of(state[0], seen, labels))
        return jnp.stack(found)

    def _batches(self, key: Key[Array, ""], count: int) -> Int[Array, "steps batch"]:
        if not self.batch_size:
            return jnp.broadcast_to(jnp.arange(count), (self.steps[-1], count))
        size = min(self.batch_size, count)
        passes = -(-self.steps[-1] * size // count)
        orders = [jax.random.permutation(jax.random.fold_in(key, number), count) for number in range(passes)]
        return jnp.concatenate(orders)[: self.steps[-1] * size].reshape(self.steps[-1], size)


@partial(jax.jit, static_argnames=("training", "order"))
def loss_sensitivity(
    training: Unrolled, key: Key[Array, ""], inputs: Inputs, labels: Labels, order: float = 1.0
) -> Float[Array, "steps train"]:
    """g: the norm of the gradient of the mean loss after t steps by each training input, at each of `training.steps`.

        g[t, x] = || d L_t / d x ||,  L_t = mean over the training examples of the loss after t steps

    The gradient goes back through all t steps.  Its mean over t is the paper's g of an example; `gini` says how few
    examples have most of it.  High: the loss after training depends on this input.  At least 0.

    Args:
      training: how the network is trained; memory grows with steps x parameters, not with examples x steps.
      key: of initial weights and order of batches.
      inputs: float, as the network takes them.
      order: of the norm, 1, 2 or infinity.

    Reference:
      Arpit et al. 2017, arXiv 1706.05394, section 3.2; reverse differentiation of training after Maclaurin et al.,
      Gradient-based Hyperparameter Optimization through Reversible Learning, 2015, arXiv 1502.03492.
    """

    def totals(inputs):
        return training.losses(key, inputs, labels).mean(-1)

    return _gradients(totals, inputs, lambda slope: jnp.linalg.norm(slope.reshape(len(slope), -1), order, axis=-1))


@partial(jax.jit, static_argnames=("training", "num_classes"))
def class_sensitivity(
    training: Unrolled, key: Key[Array, ""], inputs: Inputs, labels: Labels, num_classes: int
) -> Float[Array, "classes classes"]:
    """How strongly the loss of class i depends on inputs of class j: the mean over `training.steps` and those inputs.

        g[i, j] = mean over x of class j and t of || d L_t(y = i) / d x ||_1

    where L_t(y = i) is the part of the mean loss that examples of class i have in it.  Arguments, errors and source as
    for `loss_sensitivity`.  NaN where a class has no example.
    """
    member = jax.nn.one_hot(labels, num_classes)

    def totals(inputs):
        return (training.losses(key, inputs, labels) @ member / len(labels)).ravel()

    slopes = _gradients(totals, inputs, lambda slope: jnp.abs(slope.reshape(len(slope), -1)).sum(-1))
    by_class = slopes.reshape(len(training.steps), num_classes, -1).mean(0)
    return by_class @ member / member.sum(0)


def _gradients(
    totals: Callable[[Array], Array], inputs: Inputs, reduce: Callable[[Array], Array]
) -> Float[Array, "outputs train"]:
    """One backward pass for each output in turn: all at once would need all their gradients in memory."""
    values, pull = jax.vjp(totals, jnp.asarray(inputs))
    return jax.lax.map(lambda weights: reduce(pull(weights)[0]), jnp.eye(len(values), dtype=values.dtype))
