"""Makes the training of one model for a request, and says in the plan what a network of the user's own computes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.machine import environment
from memjax.machine.debugging import pinned
from memjax.store import Plan
from memjax.types import Dataset, SubsetDesign

if TYPE_CHECKING:
    from memjax.training import Examples, Stream, StreamedTraining, Training

SHOWN = 4  # lines of a difference


def make_single(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> "Training | StreamedTraining":
    """The training of one model for a request."""
    from memjax import training
    from memjax.metrics import metrics_named
    from memjax.models import check_counting, in_precision, is_built_in, make_model

    spec, stream = config.train, config.data.stream
    model = make_model(config.model, dataset.input_shape, dataset.num_classes)
    if stream:
        training.check_reader()
    if stream and not is_built_in(config.model):
        check_counting(config.model.model, model, dataset.input_shape)
    model = in_precision(model, spec.precision)
    augment = training.make_augment(spec, dataset.input_shape)
    num_steps = spec.epochs * training.num_batches(dataset.num_train if stream else design.max_size, spec.batch_size)
    optimizer = training.make_optimizer(spec, num_steps)
    keep = metrics_named(tuple(sorted(config.kept_metrics)))
    if stream:
        largest = training.largest_input(dataset.train_inputs.dtype)
        return training.StreamedTraining(model, optimizer, keep, num_steps, largest, augment, spec.label_smoothing)
    recorded = metrics_named(tuple(sorted(config.record)))
    probe = training.Probe(recorded, config.recorded_epochs, dataset.num_train, config.record_own)
    return training.make_train(
        model, optimizer, keep, design.max_size, spec.epochs, spec.batch_size, augment, spec.label_smoothing, probe
    )


def make_examples(config: RunConfig, dataset: Dataset) -> "Examples | Stream":
    """The examples as `make_single`'s training takes them: arrays for the devices, or a stream."""
    from memjax.training import examples_of, stream_of

    if config.data.stream:
        return stream_of(dataset, config.seed, config.train.batch_size)
    return examples_of(dataset, config.train.scaling)


@pinned()
def network_of(config: RunConfig, dataset: Dataset) -> dict[str, Any]:
    """Name, type and shape of all arrays, and checksums of the programs; empty for a built-in network.

    Other versions and devices write the same program in other operations: the checksums are stored by these.
    """
    from memjax.models import is_built_in
    from memjax.models.checked import check_own

    if is_built_in(config.model) or ":" not in config.model.model:
        return {}
    found, versions = check_own(config.model, dataset.input_shape, dataset.num_classes), environment.versions()
    names = (*(f"{name} {versions[name]}" for name in ("memjax", "jax", "flax")), environment.device_kind())
    return found | {"programs": {", ".join(names): found["programs"]}}


def is_importable(config: RunConfig) -> bool:
    """Whether the code of the network is there; a finished folder can be read without it."""
    from memjax.models import is_built_in
    from memjax.models.user import find

    try:
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
