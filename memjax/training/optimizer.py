"""Makes the optax optimiser and the learning rate of a spec."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from memjax.config.specs import TrainSpec
from memjax.errors import InputError, first_line
from memjax.models.platform import traced_for
from memjax.types import Tree

ELEMENTWISE = ("adam", "adamw", "sgd")  # optimisers to which it is the same whether vectors are one
MANY = 16  # vectors: networks with normalisation have more, others a few, which stay as they are


def make_optimizer(spec: TrainSpec, num_steps: int) -> optax.GradientTransformation:
    """The optimiser of a spec, its learning rate scheduled over `num_steps` steps.

    InputError without such an optimiser or option, or if it needs more than gradients and a rate that changes.
    """
    make = getattr(optax, spec.optimizer, None)
    if not inspect.isfunction(make) or "learning_rate" not in (known := inspect.signature(make).parameters):
        raise InputError(
            f"--optimizer {spec.optimizer!r} is no optax optimiser with a learning rate; try adam, sgd or adamw"
        )
    options = dict(_option(text) for text in spec.options)
    if unknown := set(options) - set(known):
        raise InputError(
            f"--optimizer {spec.optimizer} has no option {', '.join(sorted(unknown))}; choose among {', '.join(known)}"
        )
    try:
        optimizer = make(learning_rate(spec, num_steps), **options, **_decay(spec, known, options))
        if spec.weight_decay and "weight_decay" not in known:
            optimizer = optax.chain(optax.add_decayed_weights(spec.weight_decay, _with_more_than_one_axis), optimizer)
        params = {"kernel": jnp.zeros((2, 3)), "bias": jnp.zeros(3)}  # some optimisers fail only in a step, as lbfgs
        jax.eval_shape(lambda params: optimizer.update(params, optimizer.init(params), params), params)
    except (TypeError, ValueError, AttributeError) as problem:
        given = f" with {' '.join(spec.options)}" if spec.options else ""
        raise InputError(
            f"--optimizer {spec.optimizer}{given} cannot be used: {first_line(problem)}. Expected an optimiser that "
            "takes gradients alone and a learning rate that changes with the step; try adam, sgd or adamw"
        ) from problem
    return _vectors_as_one(optimizer) if spec.optimizer in ELEMENTWISE else optimizer


def _vectors_as_one(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """The same optimiser, but on a TPU many vectors are one, since few numbers take a kernel as long as many."""

    def update(updates: Tree, state: Tree, params: Tree = None) -> tuple[Tree, Tree]:
        leaves, structure = jax.tree.flatten(updates)
        ends = np.cumsum([leaf.size for leaf in leaves if leaf.ndim == 1])
        if traced_for.value != "tpu" or len(ends) < MANY:
            return optimizer.update(updates, state, params)

        def join(tree: Tree) -> list[jax.Array]:
            parts = jax.tree.leaves(tree)
            vectors = jnp.concatenate([part for part in parts if part.ndim == 1])
            return [vectors, *(part for part in parts if part.ndim != 1)]

        def split(joined: list[jax.Array]) -> Tree:
            vectors, rest = iter(jnp.split(joined[0], ends[:-1])), iter(joined[1:])
            return structure.unflatten([next(vectors if leaf.ndim == 1 else rest) for leaf in leaves])

        given = _of_each(structure, join, (updates, state, params))
        return _of_each(jax.tree.structure(join(updates)), split, optimizer.update(*given))

    return optax.GradientTransformation(optimizer.init, update)


def _of_each(form: Any, function: Callable[[Tree], Tree], tree: Any) -> Any:
    """The tree with the function of each part of this form, such as that of the weights, in place of the part."""

    def has(part: Tree) -> bool:
        return jax.tree.structure(part) == form

    return jax.tree.map(lambda part: function(part) if has(part) else part, tree, is_leaf=has)


def _decay(spec: TrainSpec, known: Iterable[str], options: dict[str, Any]) -> dict[str, Any]:
    """The arguments for an optimiser's own weight decay, which leaves biases and scales out."""
    if not spec.weight_decay or "weight_decay" not in known:
        return {}
    if "weight_decay" in options:
        raise InputError("weight_decay is given twice, by --weight-decay and by --optimizer-options; leave one out")
    mask = next((name for name in ("mask", "weight_decay_mask") if name in known), None)
    if mask is None:
        raise InputError(
            f"--weight-decay leaves biases and scales out, which {spec.optimizer} cannot; give --optimizer-options "
            f"weight_decay={spec.weight_decay:g} instead, which decays every parameter"
        )
    return {"weight_decay": spec.weight_decay, mask: _with_more_than_one_axis}


def _with_more_than_one_axis(params: Tree) -> Tree:
    """Marks matrices and kernels: biases and scales have no weight decay."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def learning_rate(spec: TrainSpec, num_steps: int) -> optax.Schedule:
    """Step number -> learning rate: a linear rise, then constant, in steps, or to 0 as a line or half a cosine."""
    rise = round(spec.warmup * num_steps)
    left = max(1, num_steps - rise)  # a warm-up near 1 leaves no step
    factor, drop_epochs = spec.drops
    drop_steps = min(drop_epochs * (num_steps // spec.epochs), 2**31 - 1)  # the step number is an int32
    fall = {
        "constant": optax.schedules.constant_schedule(spec.learning_rate),
        "linear": optax.schedules.linear_schedule(spec.learning_rate, 0, left),
        "cosine": optax.schedules.cosine_decay_schedule(spec.learning_rate, left),
        "steps": lambda step: spec.learning_rate * factor ** ((step + rise) // drop_steps),
    }[spec.schedule]
    # The rise ends one step after the last one counted: otherwise the first step would have rate 0.
    return optax.schedules.join_schedules(
        [lambda step: spec.learning_rate * (step + 1) / (rise + 1), lambda step: fall(step)], [rise]
    )


def _option(text: str) -> tuple[str, float | bool]:
    name, _, value = text.partition("=")
    if value in ("true", "false"):
        return name, value == "true"
    try:
        return name, float(value)
    except ValueError:
        raise InputError(f"--optimizer-options {text!r}: expected name=number, as in momentum=0.9") from None
