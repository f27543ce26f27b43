"""Networks of the user: by the name of a factory function or class, or as an object given in Python."""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any

import flax.linen
from flax import nnx

from memjax.errors import InputError, first_line
from memjax.models.from_flax import from_linen, from_nnx
from memjax.types import Model

GIVEN = "given:"
_given: dict[str, Any] = {}


def model_words(model: Any) -> str:
    """The text of ModelSpec.model for a factory or a `memjax.Model`: `package.module:factory` if it can be imported.

    An object that cannot be imported (a class from a notebook, a `memjax.Model`) is `given:NAME`, which only this
    process can use.
    """
    if isinstance(model, str):
        return model
    module, name = getattr(model, "__module__", None), getattr(model, "__qualname__", type(model).__name__)
    if module not in (None, "__main__") and getattr(sys.modules.get(module), name, None) is model:
        return f"{module}:{name}"
    name = name.rpartition(".")[2].strip("<>")
    _given[name] = model
    return GIVEN + name


def user_model(name: str, input_shape: tuple[int, ...], num_classes: int, input_type: Any = "float32") -> Model:
    """The model that `package.module:factory` returns.

    The factory is called as `factory(input_shape, num_classes)` and returns a Linen module or a `memjax.Model`.  If it
    has an argument `rngs`, like an NNX class, it is called as `factory(input_shape, num_classes, rngs=rngs)` and
    returns an NNX module.
    """
    factory = find(name)
    if isinstance(factory, Model):
        return factory

    def make(kinds: Any, **rngs: nnx.Rngs) -> Any:
        made = factory(input_shape, num_classes, **rngs)
        if not isinstance(made, kinds):
            came = type(made).__name__
            raise InputError(f"--model {name} returned a {came}; expected a Flax module or a memjax.Model")
        return made

    with in_words(name, "when it is made"):
        if _takes_rngs(name, factory):
            return from_nnx(lambda rngs: make(nnx.Module, rngs=rngs))
        made = make((Model, flax.linen.Module, nnx.Module))
    if isinstance(made, nnx.Module):
        raise InputError(f"--model {name}: an NNX module needs its own seed; give {name} an argument rngs")
    return made if isinstance(made, Model) else from_linen(made, input_shape, input_type)


@contextmanager
def in_words(name: str, when: str) -> Iterator[None]:
    """Turns an error in the code of a network into one line, which names the place in that code."""
    try:
        yield
    except InputError:
        raise
    except Exception as problem:
        library = ("<frozen", str(Path(__file__).parents[1]))
        frames = [
            frame for frame in extract_tb(problem.__traceback__)
            if "site-packages" not in frame.filename and not frame.filename.startswith(library)
        ]  # fmt: skip
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        raise InputError(f"--model {name} fails {when}; correct it: {first_line(problem)}{where}") from problem


def _takes_rngs(name: str, factory: Callable) -> bool:
    if inspect.isclass(factory) and issubclass(factory, nnx.Module):
        return True  # its metaclass hides its signature
    try:
        signature = inspect.signature(factory)
        signature.bind_partial((), 0)
    except (TypeError, ValueError) as problem:
        raise InputError(f"--model {name} must be callable as factory(input_shape, num_classes): {problem}") from None
    return "rngs" in signature.parameters


def find(name: str) -> Any:
    """The factory of this name, or what was given in this process."""
    if name.startswith(GIVEN):
        given = name.removeprefix(GIVEN)
        if given not in _given:
            raise InputError(
                f"the network {given} was given to memjax.fit in Python and cannot be imported; give it again with "
                "memjax.fit(..., model=...), or put it into a module"
            )
        return _given[given]
    module_name, _, factory_name = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # `python -m` has it, the command `memjax` does not
    with in_words(name, "when it is imported"):
        try:
            module = importlib.import_module(module_name)
        except ImportError as problem:
            raise InputError(
                f"--model {name}: module {module_name} cannot be imported; check the name: {problem}"
            ) from problem
    if not callable(factory := getattr(module, factory_name, None)):
        raise InputError(f"--model {name}: {module_name} has no callable {factory_name!r}; check the name")
    return factory
