"""The trained networks of a run, as callables on inputs; read from the run folder when they are needed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from memjax import store
from memjax.data.scaling import Scaling, narrowed, scaling_of
from memjax.errors import InputError
from memjax.runs.build_training import network
from memjax.runs.open_folder import Run
from memjax.runs.parameters import as_tree, named, shapes_of
from memjax.types import Tree

AT_ONCE = 512  # examples that a batch of models is evaluated on at once


@dataclass(frozen=True, eq=False)
class Models:
    """The trained networks of a run that kept parameters: `models[i]` is the network of model number i.

    Attributes:
      run: the opened run folder.
      epoch: after which the parameters were stored; by default the last, see `at`.
      ids: (models,) numbers of the trained models that did not diverge, ascending.
      masks: (models, train) bool, True where the model trained on the example.
    """

    run: Run
    epoch: int
    ids: np.ndarray
    masks: np.ndarray

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs after which parameters were stored."""
        return self.run.config.parameter_epochs

    def at(self, epoch: int) -> "Models":
        """The same networks as they were after another epoch.

        Raises:
          InputError: parameters were not stored after this epoch.
        """
        if epoch not in self.epochs:
            raise InputError(f"parameters were stored after the epochs {', '.join(map(str, self.epochs))}, not {epoch}")
        return replace(self, epoch=epoch)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, number: Any) -> "Trained":
        """The network of a model, by its number."""
        if number not in self.ids:
            raise IndexError(f"there is no trained model number {number}; see .ids")
        return Trained(self, int(number))

    def __iter__(self) -> Iterator["Trained"]:
        return (self[number] for number in self.ids)

    def __repr__(self) -> str:
        return f"Models({len(self)} of {self.run.config.model.model}, after epoch {self.epoch})"

    def parameters(self, models: Any = None) -> tuple[Tree, Tree]:
        """(params, state) of some models, by default of all, with a models axis in front of each array.

        Raises:
          InputError: a model is not there, or its parameters were removed or are damaged.
        """
        import jax

        block_of, row = np.divmod(self._numbers(models), self.run.plan.pack_size)
        parts = [
            jax.tree.map(lambda leaf, rows=row[block_of == block]: leaf[rows], self._read(block))
            for block in np.unique(block_of).tolist()
        ]  # arrays of jax, since random keys cannot be NumPy's
        order = block_of.argsort(kind="stable").argsort()  # from the order of the blocks to that asked for
        return jax.tree.map(lambda *leaves: jax.numpy.concatenate(leaves)[order], *parts)

    def network(self, params: Tree, state: Tree, inputs: Any) -> Any:
        """Logits of one network on scaled inputs: what `memjax.estimators.attribution` differentiates."""
        return self._model.apply(params, state, inputs, None, False)[0]

    def scaled(self, inputs: Any) -> Shaped[np.ndarray, "examples ..."]:
        """Inputs as the networks get them: scaled by the training inputs, as in training.

        Raises:
          InputError: inputs of another shape.
        """
        inputs = np.asarray(inputs)
        if inputs.shape[1:] != self.run.dataset.input_shape:
            raise InputError(
                f"inputs have shape {inputs.shape}; expected (examples, "
                f"{', '.join(map(str, self.run.dataset.input_shape))}) as in training"
            )
        return self._scaling(inputs)

    def predict(self, inputs: Any, models: Any = None) -> Float[np.ndarray, "models examples ... classes"]:
        """Logits of some models, by default of all, on inputs; some models and examples are computed at a time."""
        import jax

        numbers, scaled, found = self._numbers(models), self.scaled(inputs), []
        batch = jax.jit(jax.vmap(self.network, (0, 0, None)))
        for start in range(0, len(numbers), self.run.plan.pack_size):
            params, state = self.parameters(numbers[start : start + self.run.plan.pack_size])
            parts = [batch(params, state, scaled[at : at + AT_ONCE]) for at in range(0, max(1, len(scaled)), AT_ONCE)]
            found.append(np.concatenate([np.asarray(part) for part in parts], axis=1))
        return np.concatenate(found)

    def remove(self) -> None:
        """Deletes the stored parameters of all models, which frees their space.  Nothing else needs them."""
        for number in self.run.finished:
            store.remove_parameters(self.run.folder, number)

    @cached_property
    def _model(self) -> Any:
        return network(self.run.config, self.run.dataset)

    @cached_property
    def _scaling(self) -> Any:
        from memjax.training import largest_input

        self.run.needs_inputs()
        config, dataset = self.run.config, self.run.dataset
        if config.data.stream:
            return Scaling(None, np.float32(0), np.float32(1 / largest_input(dataset.train_inputs.dtype)))
        if dataset.tokens:
            return lambda inputs: inputs.astype(np.int32)
        train, test = narrowed(dataset.train_inputs[:], dataset.test_inputs[:])
        found = scaling_of(train, config.train.scaling, test)
        return lambda inputs: found(inputs.astype(train.dtype, copy=False) if train.dtype.kind == "f" else inputs)

    def _numbers(self, models: Any) -> np.ndarray:
        numbers = self.ids if models is None else np.atleast_1d(np.asarray(models))
        if numbers.dtype.kind not in "iu" or not len(numbers) or not np.isin(numbers, self.ids).all():
            raise InputError(f"models is {models!r}; expected numbers of trained models that did not diverge, see .ids")
        return numbers

    def _read(self, block: int) -> Tree:
        try:
            arrays = store.read_parameters(self.run.folder, block)
        except store.CorruptBlock as problem:
            raise InputError(f"{problem}; memjax verify --repair trains it again") from None
        if arrays is None:
            raise InputError(f"the parameters of block {block} were removed; train again in another --run")
        return as_tree(arrays, self.epoch, shapes_of(self.run.config, self.run.dataset))


@dataclass(frozen=True, eq=False)
class Trained:
    """One trained network: call it on inputs for its logits, or take its `params` and `state`.

    Attributes:
      models: the networks of its run.
      number: of the model.
    """

    models: Models
    number: int

    def __call__(self, inputs: Shaped[Any, "examples ..."]) -> Float[np.ndarray, "examples ... classes"]:
        """Logits of the inputs, which are scaled as in training."""
        return self.models.predict(inputs, self.number)[0]

    @property
    def parameters(self) -> tuple[Tree, Tree]:
        """(params, state), the trees of arrays that the network was trained to."""
        import jax

        return jax.tree.map(lambda leaf: leaf[0], self.models.parameters(self.number))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of `parameters` by their place in the network; random keys as plain numbers."""
        from memjax.training.programs import without_key_types

        return {name: np.asarray(leaf) for name, leaf in named(without_key_types(self.parameters))}
