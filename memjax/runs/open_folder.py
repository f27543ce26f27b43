"""A run folder, opened for a request: made if it is new, and compared with the request if it is not."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from memjax.machine import environment
from memjax import store
from memjax.config.run_config import RunConfig
from memjax.data import content_hash, load_dataset
from memjax.errors import InputError
from memjax.runs.build_training import make_single
from memjax.runs.pack_size import chosen_pack_size
from memjax.config.specs import DataSpec, ModelSpec, SubsetSpec, TrainSpec
from memjax.store import Plan
from memjax.subsets import make_design
from memjax.types import Dataset, SubsetDesign


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder opened for a request."""

    config: RunConfig
    folder: Path
    dataset: Dataset
    design: SubsetDesign
    plan: Plan

    def __repr__(self) -> str:
        models = f"{self.num_trained:,} of {self.plan.num_models:,} models"
        return f"Run({store.shown(self.folder)!r}: {models}; {self.dataset})"

    @property
    def missing(self) -> list[int]:
        """Blocks still to be trained."""
        finished = store.finished_blocks(self.folder)
        return [number for number in self.plan.blocks if number not in finished]

    @property
    def num_trained(self) -> int:
        """Models asked for that are already there."""
        return self.plan.num_trained(store.finished_blocks(self.folder))


def open_run(config: RunConfig) -> Run:
    """Makes the run folder, or opens it if it was made for the same settings.

    Raises:
      InputError: the folder was made for other settings (which are named) or is no run folder; bad data.
    """
    folder = config.folder()
    old = store.read_plan(folder)
    dataset = load_dataset(config.data)
    design = make_design(config.subset, dataset.num_train, config.seed)
    if design.num_models is not None and config.num_models > design.num_models:
        raise InputError(f"--num-models is {config.num_models}, but there are only {design.num_models} masks")
    data = _describe(config, dataset, design)
    if old is None:
        plan = _new_plan(config, dataset, design, data, folder)
        if store.new_plan(folder, plan):
            return Run(config, folder, dataset, design, plan)
        old = store.read_plan(folder)  # another process was first
        assert old is not None
    plan = _checked(old, config, data, folder)
    if plan != old:
        store.replace_plan(folder, plan)
    return Run(config, folder, dataset, design, plan)


def extend_run(run: Run, num_models: int) -> Run:
    """The same run with more models asked for.

    Raises:
      InputError: the design has not so many.
    """
    most = run.design.num_models
    if most is not None and num_models > most:
        raise InputError(f"{num_models} models are needed, but there are only {most} masks")
    plan = replace(run.plan, num_models=max(run.plan.num_models, num_models))
    store.replace_plan(run.folder, plan)
    return replace(run, plan=plan)


def reopen_run(folder: Path) -> Run:
    """Opens an existing run folder with the settings of its plan.

    Raises:
      InputError: there is no run in the folder.
    """
    plan = store.read_plan(folder)
    if plan is None:
        raise InputError(f"{store.shown(folder)} holds no run: there is no plan.json in it")
    return open_run(config_of(plan, folder))


def config_of(plan: Plan, folder: Path) -> RunConfig:
    """The request that a plan answers.

    Raises:
      InputError: the plan has settings that this version does not know.
    """

    def tuples(section: dict[str, Any]) -> dict[str, Any]:
        return {key: tuple(value) if isinstance(value, list) else value for key, value in section.items()}

    settings, note = plan.config, store.as_noted(folder)
    try:
        recorded = settings.get("record", {"metrics": (), "epochs": ()})  # an older folder has recorded nothing
        return RunConfig(
            run=str(folder),
            num_models=plan.num_models,
            seed=settings["seed"],
            data=DataSpec(**tuples(settings["data"])),
            subset=SubsetSpec(**tuples(settings["subset"])),
            model=ModelSpec(**settings["model"]),
            train=TrainSpec(**tuples(settings["train"])),
            keep=tuple(settings["keep"]),
            score=next((name for name in settings["keep"] if note and name == note.score), "correct"),
            record=tuple(recorded["metrics"]),
            record_epochs=tuple(recorded["epochs"]),
            record_own=recorded.get("own", "after"),
        )
    except (KeyError, TypeError) as problem:
        raise InputError(f"{folder / 'plan.json'} was made by another version of memjax: {problem}") from None


def _describe(config: RunConfig, dataset: Dataset, design: SubsetDesign) -> dict[str, Any]:
    described = {
        "name": dataset.name,
        "sha256": content_hash(dataset),
        "num_train": dataset.num_train,
        "num_test": dataset.num_test,
        "input_shape": list(dataset.input_shape),
        "class_names": list(dataset.class_names),
    }
    if design.num_models is not None:  # drawn by the user: the file may change under its name
        masks = np.packbits(design.masks(np.arange(design.num_models)), axis=1)
        described["masks_sha256"] = hashlib.sha256(masks.tobytes()).hexdigest()
    return described


def _new_plan(config: RunConfig, dataset: Dataset, design: SubsetDesign, data: dict[str, Any], folder: Path) -> Plan:
    make_single(config, dataset, design)  # whatever is wrong with the request comes out before the folder is made
    blocks = store.finished_blocks(folder)  # there are some where a plan was lost
    pack_size = config.pack_size or _pack_size_of(folder, blocks) or chosen_pack_size(config, dataset, design)
    here = environment.here()
    plan = Plan(config.settings(), data, pack_size, config.num_models, here)
    if blocks and not any(_belongs(folder, number, plan) for number in blocks):
        where = store.shown(folder)
        raise InputError(f"{where} holds blocks of another run and has lost its plan.json; give another --run")
    return plan


def _pack_size_of(folder: Path, blocks: set[int]) -> int | None:
    for number in sorted(blocks):
        with suppress(OSError, store.BrokenSeal):
            return store.read_record(folder, number).models
    return None


def _belongs(folder: Path, number: int, plan: Plan) -> bool:
    try:
        return store.read_record(folder, number).plan == plan.fingerprint
    except (OSError, store.BrokenSeal):
        return False


def _checked(old: Plan, config: RunConfig, data: dict[str, Any], folder: Path) -> Plan:
    there = config_of(old, folder).settings()  # settings that are newer than the folder have their defaults there
    changed = store.differences(replace(old, config=there), config.settings(), data)
    if config.pack_size not in (None, old.pack_size):
        changed.append(f"pack_size: {old.pack_size} there, {config.pack_size} asked for")
    if changed:
        where, how = store.shown(folder), "; ".join(changed)
        raise InputError(f"{where} was made for another run; give another --run. It differs in {how}")
    return replace(old, num_models=max(old.num_models, config.num_models))
