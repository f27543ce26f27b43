"""Makes the optax optimiser and the learning rate of a spec."""

import inspect
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from memjax.config.specs import TrainSpec
from memjax.errors import InputError, first_line
from memjax.types import Tree


def make_optimizer(spec: TrainSpec, num_steps: int) -> optax.GradientTransformation:
    """The optimiser of a spec, its learning rate scheduled over `num_steps` steps.

    Raises:
      InputError: optax has no such optimiser, the optimiser has no such option, or it cannot work with gradients and a
        learning rate that changes.
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
    return optimizer


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
