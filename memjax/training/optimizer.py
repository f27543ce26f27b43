"""From a spec to an optax optimiser and its learning rate."""

import inspect

import jax
import optax

from memjax.config.specs import TrainSpec
from memjax.errors import InputError
from memjax.types import Tree


def make_optimizer(spec: TrainSpec, num_steps: int) -> optax.GradientTransformation:
    """The optimiser of a spec, its learning rate scheduled over `num_steps` steps.

    Raises:
      InputError: optax has no such optimiser, or the optimiser has no such option.
    """
    make = getattr(optax, spec.optimizer, None)
    if not inspect.isfunction(make) or "learning_rate" not in (known := inspect.signature(make).parameters):
        raise InputError(
            f"--optimizer {spec.optimizer!r} is no optax optimiser with a learning rate; try adam, sgd or adamw"
        )
    options = dict(_option(text) for text in spec.options)
    if unknown := set(options) - set(known):
        raise InputError(
            f"--optimizer {spec.optimizer} has no option {', '.join(sorted(unknown))}; it has {', '.join(known)}"
        )
    if not spec.weight_decay:
        return make(learning_rate(spec, num_steps), **options)
    if "weight_decay" not in known:
        decay = optax.add_decayed_weights(spec.weight_decay, _with_more_than_one_axis)
        return optax.chain(decay, make(learning_rate(spec, num_steps), **options))
    if "weight_decay" in options:
        raise InputError("weight_decay is given twice, by --weight-decay and by --optimizer-options; leave one out")
    return make(
        learning_rate(spec, num_steps), weight_decay=spec.weight_decay, mask=_with_more_than_one_axis, **options
    )


def _with_more_than_one_axis(params: Tree) -> Tree:
    """Marks matrices and kernels: biases and scales have no weight decay."""
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def learning_rate(spec: TrainSpec, num_steps: int) -> optax.Schedule:
    """Step number -> learning rate: a linear rise, then constant, in steps, or to 0 as a line or half a cosine."""
    rise = round(spec.warmup * num_steps)
    factor, drop_epochs = spec.drops
    drop_steps = drop_epochs * (num_steps // spec.epochs)
    fall = {
        "constant": optax.schedules.constant_schedule(spec.learning_rate),
        "linear": optax.schedules.linear_schedule(spec.learning_rate, 0, num_steps - rise),
        "cosine": optax.schedules.cosine_decay_schedule(spec.learning_rate, num_steps - rise),
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
