"""The trained parameters that the models of a run begin with, and which of its parameters are trained."""

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from memjax.config.run_config import RunConfig
from memjax.config.specs import ModelSpec
from memjax.data.targets import input_type, num_outputs
from memjax.errors import InputError
from memjax.types import Dataset, Model
from memjax.untrusted import user_path

FILE = "init.npz"  # the copy in the run folder
SHOWN = 4  # names of arrays in a message


class Initial(NamedTuple):
    """Arrays by name, each with an axis of models in front, of length 1 if all models share them."""

    arrays: dict[str, np.ndarray]
    fresh: tuple[str, ...]  # parameters of the last layer that are drawn, since the file has others or none

    @property
    def count(self) -> int:
        """For how many models there are parameters; 1 if all share them."""
        return len(next(iter(self.arrays.values())))

    def most(self, config: RunConfig, masks: int | None) -> int | None:
        """The most models of a run, of which a subset design has so many masks, or InputError; None without a limit."""
        if self.count == 1:
            return masks
        if config.num_models > self.count:
            raise InputError(
                f"--num-models is {config.num_models}, and --init holds parameters of {self.count} models; give fewer, "
                "or parameters without an axis of models, with which all models then begin"
            )
        return min(self.count, masks or self.count)

    @property
    def sha256(self) -> str:
        """A checksum of names, shapes and values."""
        digest = hashlib.sha256()
        for name in sorted(self.arrays):
            digest.update(f"/{name} {self.arrays[name].shape}/".encode() + self.arrays[name].tobytes())
        return digest.hexdigest()


def initial(config: RunConfig, dataset: Dataset) -> Initial | None:
    """What models begin with, by the names of the network, float32; None if they draw all.

    Raises:
      InputError: names or shapes are not those of the network, or a number is not finite.
    """
    if not config.model.init:
        return None
    try:
        stamp = user_path(config.model.init).stat().st_mtime_ns
    except (OSError, ValueError):
        stamp = 0
    return _read(
        config.model, dataset.input_shape, num_outputs(dataset), input_type(dataset), dataset.column_sizes, stamp
    )


@lru_cache(maxsize=2)  # a run asks several times before it begins
def _read(
    spec: ModelSpec, input_shape: tuple[int, ...], outputs: int, kind: Any, columns: tuple[int, ...], stamp: int
) -> Initial:
    import jax

    from memjax.exchange.weights import read_weights
    from memjax.models import make_model
    from memjax.models.frozen import arrays_by_name, last_layer, plain

    model = make_model(spec, input_shape, outputs, kind, columns)
    params, state = map(arrays_by_name, jax.eval_shape(model.init, jax.random.key(0)))
    is_float = jax.numpy.issubdtype  # the state also has random keys and counters, which are drawn
    known = {name: each.shape for name, each in (params | state).items() if is_float(each.dtype, np.floating)}
    given = {plain(name, params | state): array for name, array in read_weights(spec.init).items()}
    given = {name: array for name, array in given.items() if name in known or name not in state}
    try:
        last = last_layer(model, jax.ShapeDtypeStruct(input_shape, kind))
    except InputError:  # it is not known, and must be there
        last = ()
    body = [name for name in known if name in given and name not in last] or [name for name in known if name in given]
    single = any(given[name].ndim == len(known[name]) for name in body)
    if single:
        given = {name: array[None] for name, array in given.items()}
    fresh = [name for name in last if name not in given or given[name].shape[1:] != known[name]]
    fresh = last if fresh else ()  # a kernel goes with its bias
    count = given[body[0]].shape[:1] if body else (1,)
    wanted = {name: (*count, *shape)[single:] for name, shape in known.items()}
    found = {name: array.shape[single:] for name, array in given.items()}
    problems = [
        f"{name} is {found.get(name, 'nothing')} there, {wanted.get(name, 'nothing')} in the network"
        for name in sorted((known.keys() | given.keys()) - {*fresh}) if wanted.get(name) != found.get(name)
    ]  # fmt: skip
    if problems or not body:
        more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise InputError(
            f"--init {spec.init} does not hold the parameters of {spec.model}: "
            f"{'; '.join(problems[:SHOWN]) or 'no name is the same'}{more}. Give the file of such a network"
        )
    arrays = {name: given[name] for name in known if name not in fresh}
    for name, array in arrays.items():
        if not jax.numpy.issubdtype(array.dtype, np.floating) or not np.isfinite(array.astype(np.float32)).all():
            raise InputError(f"--init {spec.init}: {name} is {array.dtype}, or not finite; expected finite floats")
    return Initial({name: array.astype(np.float32) for name, array in arrays.items()}, fresh)


def frozen_network(config: RunConfig, dataset: Dataset) -> tuple[Model, bool]:
    """The network for scaled inputs, with what is not trained frozen, and whether all models share all of that."""
    import jax

    from memjax.models import in_precision, make_model
    from memjax.models.frozen import arrays_by_name, drawn, freeze, to_train

    kind, columns = input_type(dataset), dataset.column_sizes
    model = make_model(config.model, dataset.input_shape, num_outputs(dataset), kind, columns)
    precise = in_precision(model, config.train.precision)
    if config.train.train == ("all",):
        return precise, False
    trained = to_train(model, one_example(dataset), config.train.train)
    names = arrays_by_name(jax.eval_shape(model.init, jax.random.key(0))[0])
    if len(trained) == len(names):
        return precise, False
    if config.model.dropout:
        raise InputError(
            f"--dropout {config.model.dropout:g}: a network with frozen parameters computes as in evaluation, where "
            "nothing is dropped; leave --dropout out, or --train"
        )
    given = initial(config, dataset)
    if not given or given.count > 1 or not names.keys() - {*trained} <= given.arrays.keys():
        return freeze(precise, trained), False
    with jax.ensure_compile_time_eval():
        fixed = drawn(model, jax.random.key(0), {name: array[0] for name, array in given.arrays.items()})
    return freeze(precise, trained, fixed), True


def one_example(dataset: Dataset) -> Any:
    """Shape and type of an input, as networks get it."""
    import jax

    return jax.ShapeDtypeStruct(dataset.input_shape, input_type(dataset))


def arrays_to_begin_with(config: RunConfig, dataset: Dataset, model: Model) -> dict[str, np.ndarray]:
    """Of the initial arrays those that a network has for itself; others are part of its program."""
    import jax

    from memjax.models.frozen import arrays_by_name, plain

    if not (given := initial(config, dataset)):
        return {}
    parts = jax.eval_shape(model.init, jax.random.key(0))
    own = {plain(name, given.arrays) for part in parts for name in arrays_by_name(part)}
    return {name: array for name, array in given.arrays.items() if name in own}
