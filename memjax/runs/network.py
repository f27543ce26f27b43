"""What a network of the user's own computes, in the plan of a run: its code may change under its name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from memjax import store
from memjax.config.run_config import RunConfig
from memjax.errors import InputError
from memjax.machine import environment
from memjax.machine.debugging import pinned
from memjax.store import Plan
from memjax.types import Dataset

SHOWN = 4  # lines of a difference


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
