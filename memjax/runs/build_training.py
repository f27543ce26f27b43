"""Makes the training of one model for a request, and says in the plan what a network of the user's own computes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.data.targets import input_type, num_outputs, output_shape, targets_of
from memjax.errors import InputError, first_line
from memjax.machine import environment
from memjax.machine.debugging import pinned
from memjax.metrics import BUILT_IN, task_named
from memjax.runs.initial import arrays_to_begin_with, frozen_network, one_example
from memjax.store import Plan
from memjax.types import Dataset, Model, SubsetDesign

if TYPE_CHECKING:
    from memjax.training import Examples, Stream, StreamedTraining, Training

SHOWN = 4  # lines of a difference
FEATURES_MOST = 2**31  # bytes of features, beyond which each step computes them anew


def network(config: RunConfig, dataset: Dataset) -> Model:
    """The network that the settings name, for scaled inputs and the targets of these examples."""
    return frozen_network(config, dataset)[0]


def _on_features(config: RunConfig, dataset: Dataset) -> Any:
    """`models.frozen.on_features`, where all models share the features, and steps do not change the inputs."""
    from memjax.models.frozen import on_features

    model, shared = frozen_network(config, dataset)
    spec, count = config.train, dataset.num_train + dataset.num_test
    if not shared or config.data.stream or spec.input_noise or spec.crop or spec.flip:
        return None
    found = on_features(model, one_example(dataset))
    return found and (found if 4 * count * found.width <= FEATURES_MOST else None)


def make_single(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> "Training | StreamedTraining":
    """The training of one model for a request."""
    from memjax import training
    from memjax.models import check_counting, is_built_in

    spec, stream = config.train, config.data.stream
    task = task_named(dataset.task, code=True)
    if spec.label_smoothing and task.targets != "classes":
        raise InputError(f"--label-smoothing is for classes; {dataset.name} has {dataset.kinds}: leave it out")
    if dataset.tokens and spec.input_noise:
        raise InputError(f"--input-noise is for numbers; {dataset.name} has {dataset.kinds}: leave it out")
    model, parts = network(config, dataset), _on_features(config, dataset)
    if stream:
        training.check_reader()
    if stream and not is_built_in(config.model):
        check_counting(config.model.model, model, dataset.input_shape)
    begin = arrays_to_begin_with(config, dataset, model)
    model = parts.model if parts else model
    augment = training.make_augment(spec, dataset.input_shape)
    num_steps = spec.epochs * training.num_batches(dataset.num_train if stream else design.max_size, spec.batch_size)
    optimizer = training.make_optimizer(spec, num_steps)
    keep = task.functions(sorted(config.kept_metrics))
    if stream:
        largest = training.largest_input(dataset.train_inputs.dtype)
        return training.StreamedTraining(
            model, optimizer, keep, num_steps, largest, augment, spec.label_smoothing, task=task, initial=begin
        )
    recorded, like = task.functions(sorted(config.record)), _like(dataset)
    probe = training.Probe(recorded, config.recorded_epochs, dataset.num_train, config.record_own, like)
    return training.make_train(
        model, optimizer, keep, design.max_size, spec.epochs, spec.batch_size, augment, spec.label_smoothing, probe,
        task, begin,
    )  # fmt: skip


def _like(dataset: Dataset) -> tuple[Any, Any]:
    """Shapes and types of the outputs of a network and of the target, for one example."""
    import jax

    target = targets_of(dataset)[0][:1]
    outputs = jax.ShapeDtypeStruct((1, *output_shape(dataset)), np.float32)
    return outputs, jax.ShapeDtypeStruct(target.shape, target.dtype)


def make_examples(config: RunConfig, dataset: Dataset) -> "Examples | Stream":
    """The examples as `make_single`'s training takes them: arrays for the devices, or a stream."""
    from memjax.training import examples_of, stream_of, with_features

    if config.data.stream:
        return stream_of(dataset, config.seed, config.train.batch_size)
    examples, parts = examples_of(dataset, config.train.scaling), _on_features(config, dataset)
    return with_features(examples, parts.features) if parts else examples


@pinned()
def network_of(config: RunConfig, dataset: Dataset) -> dict[str, Any]:
    """Name, type and shape of all arrays, and checksums of the programs; empty where network and task are built in.

    Other versions and devices write the same program in other operations: the checksums are stored by these.
    """
    from memjax.models import is_built_in
    from memjax.models.checked import check_own

    found: dict[str, Any] = {"tree": [], "programs": {}}
    if not is_built_in(config.model) and ":" in config.model.model:
        found = check_own(config.model, dataset.input_shape, num_outputs(dataset), input_type(dataset))
    if dataset.task not in ("", *BUILT_IN):
        found["programs"] |= _checked_task(dataset)
    if not found["programs"]:
        return {}
    versions = environment.versions()
    names = (*(f"{name} {versions[name]}" for name in ("memjax", "jax", "flax")), environment.device_kind())
    return found | {"programs": {", ".join(names): found["programs"]}}


def _checked_task(dataset: Dataset) -> dict[str, str]:
    """Checksums of what the loss and the scores of one's own task compute.

    Raises:
      InputError: one of them fails, or returns something else than a number for each example.
    """
    import jax

    from memjax.models.checked import checksum, trace

    task, batch, found = task_named(dataset.task, code=True), 3, {}
    functions = {"loss": task.loss} | {f"score {name}": row.function for name, row in task.table.items()}
    like = [jax.ShapeDtypeStruct((batch, *part.shape[1:]), part.dtype) for part in _like(dataset)]
    for name, function in functions.items():
        try:
            found[name] = trace(function, *like)
        except InputError:
            raise
        except Exception as problem:  # of the user's code
            words = f"of outputs {like[0].shape} and targets {like[1].shape} fails; correct it: {first_line(problem)}"
            raise InputError(f"--task {dataset.task}: its {name} {words}") from problem
        made, row = found[name].result, task.table.get(name.removeprefix("score "))
        shape, wanted = getattr(made, "shape", None), bool if row and row.bits == 1 else np.floating
        if shape is None or shape[: 1 if row and row.per_class else None] != (batch,):
            raise InputError(
                f"--task {dataset.task}: its {name} has shape {shape} for {batch} examples; expected ({batch},)"
            )
        if not np.issubdtype(made.dtype, wanted):
            raise InputError(f"--task {dataset.task}: its {name} is {made.dtype}; expected {wanted.__name__}")
    return {f"task {name}": checksum(program) for name, program in found.items()}


def is_importable(config: RunConfig) -> bool:
    """Whether the code of the network is there; a finished folder can be read without it."""
    from memjax.models import is_built_in
    from memjax.models.user import find

    try:
        task_named(config.data.task, code=True)
        return is_built_in(config.model) or bool(find(config.model.model))
    except InputError:
        return False


def with_network(plan: Plan, config: RunConfig, dataset: Dataset, folder: Path) -> tuple[Plan, str]:
    """The plan with the checksums of the network as it is now, and what could not be compared with them, in words."""
    now = network_of(config, dataset)
    if not now:
        return plan, ""
    tree, known = plan.network.get("tree", now["tree"]), plan.network.get("programs", {})
    programs = now["programs"] | known
    changed = _changed_lines(tree, now["tree"]) or [
        f"the program of {name}"
        for where, found in now["programs"].items()
        for name in found
        if programs[where].get(name) != found[name]
    ]
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise InputError(
            f"{store.shown(folder)} was made with another network of the name {config.model.model}. It differs in "
            f"{'; '.join(changed[:SHOWN])}{more}. Restore its code to go on with this folder, or give another --run"
        )
    if programs == known:
        return plan, ""
    compared = "only names and shapes of its arrays were compared" if plan.network else "nothing was compared"
    words = f"plan.json has no checksum of {config.model.model} for these versions and device: {compared}"
    return replace(plan, network={"tree": tree, "programs": programs}), words


def _changed_lines(before: list[str], now: list[str]) -> list[str]:
    """Arrays that are there on one side only, or have another type or shape.

    >>> _changed_lines(["a f32[2]", "b f32[3]"], ["a f32[4]", "b f32[3]"])
    ['a: f32[2] in the folder, f32[4] now']
    """
    old, new = (dict(line.rsplit(" ", 1) for line in lines) for lines in (before, now))
    return [
        f"{name}: {old.get(name, 'nothing')} in the folder, {new.get(name, 'nothing')} now"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
